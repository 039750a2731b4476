/**
 * What HTTP clients ask, as commands: the fields of bodies and queries (`docs/rest.md`). The rules of the
 * fields are those of the native protocol, and its readers judge them; here stands only what is different.
 * Everything throws a {@link Refusal}.
 *
 * @module
 */
import { type CheckedRequest, checkRequest } from "../../client/protocol/codec.ts";
import type { ClientProfile } from "../../client/protocol/messages.ts";
import type { Fields } from "../../client/protocol/requests.ts";
import { PROTOCOL_VERSION } from "../../client/protocol/version.ts";
import type { LockWish } from "../session/session.ts";
import { badRequest, Refusal } from "./rest_problem.ts";

/** How long a lock lives when its acquire does not say, in milliseconds. */
export const TTL_MS_DEFAULT = 30_000;

/** An acquire over HTTP. */
export interface RestAcquire {
  readonly wish: LockWish & { readonly ttlMs: number };
  readonly client?: ClientProfile | undefined;
  /** The session of another lock of the client, in which this one shall be. */
  readonly session?: string | undefined;
}

/** Fields of native requests that have another place here, or none. */
const NOT_IN_BODIES = ["id", "op", "lock", "yield"];

type Operation = CheckedRequest["op"];
type Checked<O extends Operation> = Extract<CheckedRequest, { readonly op: O }>;

/**
 * Reads fields as those of a native operation. `lock` is there for the reader alone: which lock is meant
 * stands in the path.
 *
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 *
 * const { mode, wait } = readRest("convert", { mode: "shared", wait: 50 }, { lock: 1 });
 * deepEqual([mode, wait], ["PR", 50]);
 * ```
 */
export function readRest<O extends Operation>(op: O, fields: Fields, own: Fields = {}): Checked<O> {
  for (const name of NOT_IN_BODIES) {
    if (Object.hasOwn(fields, name)) throw badRequest(`Cannot read field ${name}: no such field`);
  }
  const request = checkRequest({ ...fields, ...own, id: 1, op });
  if ("fault" in request) throw new Refusal({ code: request.code, message: request.message });
  return request as Checked<O>;
}

/** Reads the body of an acquire. */
export function readRestAcquire(
  { client, session, ...fields }: Fields,
  { waitMsMax }: { readonly waitMsMax: number },
): RestAcquire {
  const { names, mode, wait, owner, reason, labels, ttl = TTL_MS_DEFAULT, maxHold } = readRest(
    "acquire",
    fields,
  );
  const introduced = client === undefined
    ? undefined
    : readRest("hello", { client }, { version: PROTOCOL_VERSION }).client;
  if (session !== undefined && typeof session !== "string") {
    throw badRequest("Cannot read field session: it is not a text");
  }
  return {
    wish: {
      names,
      mode,
      waitMs: readRestWait(wait, waitMsMax),
      owner,
      reason,
      labels,
      ttlMs: ttl,
      maxHoldMs: maxHold,
    },
    client: introduced,
    session,
  };
}

/**
 * How long a request waits, in milliseconds: not at all unless it says so, and not for longer than the daemon
 * holds a request open.
 */
export function readRestWait(waitMs: number | undefined, waitMsMax: number): number {
  if (waitMs === undefined || waitMs <= waitMsMax) return waitMs ?? 0;
  const message = `Cannot wait for ${waitMs} ms: ${waitMsMax} are the most, which is httpWaitMsMax`;
  throw new Refusal({ code: "LIMIT", message });
}

/** The parameters of a query as fields: each once, and numbers where numbers are wanted. */
export function queryFields(query: URLSearchParams, numbers: readonly string[] = []): Fields {
  const fields: Record<string, unknown> = {};
  for (const [name, text] of query) {
    if (Object.hasOwn(fields, name)) {
      throw badRequest(`Cannot read parameter ${JSON.stringify(name)}: it comes twice`);
    }
    fields[name] = numbers.includes(name) && /^\d{1,16}$/.test(text) ? Number(text) : text;
  }
  return fields;
}
