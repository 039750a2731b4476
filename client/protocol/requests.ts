/**
 * Which requests about locks are good ones: the field rules of section 3 of `docs/protocol.md`. The server
 * judges what it received with them (`judgement.ts`), the client what its program asked for, so that both say
 * the same.
 *
 * @module
 */
import type { ErrorCode } from "./codes.ts";
import {
  FieldFault,
  type Fields,
  onlyFields,
  type Range,
  readBoolean,
  readInteger,
  readLabels,
  readMode,
  readName,
  readPrefix,
  readText,
  readValue,
  readWait,
  shown,
} from "./fields.ts";
import {
  LIFE_MS_MAX,
  LIFE_MS_MIN,
  LIST_NAMES_DEFAULT,
  LIST_NAMES_MAX,
  NAMES_PER_REQUEST_MAX,
  REQUEST_ID_MAX,
  WORD_BYTES_MAX,
} from "./limits.ts";
import type {
  BreakRequest,
  CancelRequest,
  ExplainRequest,
  Labels,
  Operation,
  ReleaseRequest,
  SetRequest,
  VerifyRequest,
  WhoRequest,
} from "./messages.ts";
import { DEFAULT_MODE, type Mode } from "./modes.ts";
import type { SessionRequest } from "./session_messages.ts";
import { type CheckedSessionRequest, readKick } from "./session_requests.ts";

export { type Fields, isFields, isWithin } from "./fields.ts";
export type { CheckedHello, CheckedSessions } from "./session_requests.ts";

/** An acquire that passed the checks: names and mode are filled in, and no alias. */
export interface CheckedAcquire {
  readonly id: number;
  readonly op: "acquire";
  readonly names: readonly string[];
  readonly mode: Mode;
  readonly wait?: number | undefined;
  readonly owner?: string | undefined;
  readonly reason?: string | undefined;
  readonly labels?: Labels | undefined;
  readonly ttl?: number | undefined;
  readonly maxHold?: number | undefined;
  readonly yield?: boolean | undefined;
}

/** A convert that passed the checks: the mode is no alias. */
export interface CheckedConvert {
  readonly id: number;
  readonly op: "convert";
  readonly lock: number;
  readonly mode: Mode;
  readonly wait?: number | undefined;
}

/** A renew that passed the checks. */
export interface CheckedRenew {
  readonly id: number;
  readonly op: "renew";
  readonly lock: number;
  readonly ttl?: number | undefined;
}

/** A list that passed the checks: prefix and limit are filled in. */
export interface CheckedList {
  readonly id: number;
  readonly op: "list";
  readonly prefix: string;
  readonly after?: string | undefined;
  readonly limit: number;
}

/** A watch that passed the checks: the prefix is filled in. */
export interface CheckedWatch {
  readonly id: number;
  readonly op: "watch";
  readonly prefix: string;
}

/** A request that passed the checks. */
export type CheckedRequest =
  | CheckedSessionRequest
  | CheckedAcquire
  | ReleaseRequest
  | CheckedConvert
  | CheckedRenew
  | VerifyRequest
  | SetRequest
  | CancelRequest
  | BreakRequest
  | WhoRequest
  | ExplainRequest
  | CheckedWatch
  | CheckedList;

/** Why a request is none. Tell it from a {@link CheckedRequest} by `"fault" in result`. */
export interface RequestFault {
  readonly fault: true;
  /** What to answer to: null when no id could be read. */
  readonly id: number | null;
  readonly code: ErrorCode;
  /** For people; names the field that is wrong. */
  readonly message: string;
}

/**
 * Judges what a program asked for, so that nothing is sent that the server would refuse. Requests that the
 * client makes up itself are let through: the server reads them all the same.
 *
 * ```ts
 * import { equal, ok } from "node:assert/strict";
 *
 * const request = checkWish({ id: 2, op: "acquire", name: "a", mode: "shared" });
 * equal("mode" in request && request.mode, "PR");
 * ok("fault" in checkWish({ id: 2, op: "acquire", name: "../a" }));
 * ```
 */
export function checkWish(
  fields: Fields & { readonly id: number; readonly op: Operation },
): CheckedRequest | RequestFault {
  const { id, op } = fields;
  const read = (WISH_READERS as Partial<Record<Operation, Reader>>)[op];
  return read === undefined ? fields as unknown as CheckedRequest : readWith(read, id, fields);
}

/** Reads a request; what is wrong with a field becomes a fault. */
export function readWith(read: Reader, id: number, fields: Fields): CheckedRequest | RequestFault {
  try {
    return read(id, fields);
  } catch (error) {
    if (error instanceof FieldFault) return badRequest(id, error.message);
    throw error;
  }
}

/** A fault of the code `BAD_REQUEST`. */
export function badRequest(id: number | null, message: string): RequestFault {
  return { fault: true, id, code: "BAD_REQUEST", message };
}

const IDS: Range = { min: 1, max: REQUEST_ID_MAX };
const LIVES: Range = { min: LIFE_MS_MIN, max: LIFE_MS_MAX };
const LIST_LIMITS: Range = { min: 1, max: LIST_NAMES_MAX };

const KNOWN = {
  acquire: new Set(
    ["id", "op", "name", "names", "mode", "wait", "owner", "reason", "labels", "ttl", "maxHold", "yield"],
  ),
  release: new Set(["id", "op", "lock"]),
  convert: new Set(["id", "op", "lock", "mode", "wait"]),
  renew: new Set(["id", "op", "lock", "ttl"]),
  verify: new Set(["id", "op", "lock"]),
  set: new Set(["id", "op", "lock", "value"]),
  cancel: new Set(["id", "op", "request"]),
  break: new Set(["id", "op", "name", "token", "reason"]),
  who: new Set(["id", "op", "name"]),
  explain: new Set(["id", "op", "name"]),
  watch: new Set(["id", "op", "prefix"]),
  list: new Set(["id", "op", "prefix", "after", "limit"]),
} as const satisfies Record<Exclude<Operation, SessionRequest["op"]>, ReadonlySet<string>>;

/** Throws FieldFaults. */
export type Reader = (id: number, fields: Fields) => CheckedRequest;

/** How each operation on locks is read. */
export const LOCK_READERS: { readonly [O in Exclude<Operation, SessionRequest["op"]>]: Reader } = {
  acquire: readAcquire,
  release(id, fields) {
    onlyFields(fields, KNOWN.release);
    return { id, op: "release", lock: readInteger("lock", fields.lock, IDS) };
  },
  convert(id, fields) {
    onlyFields(fields, KNOWN.convert);
    const { lock, mode, wait } = fields;
    return {
      id,
      op: "convert",
      lock: readInteger("lock", lock, IDS),
      mode: readMode(mode),
      wait: readWait(wait),
    };
  },
  renew(id, fields) {
    onlyFields(fields, KNOWN.renew);
    return { id, op: "renew", lock: readInteger("lock", fields.lock, IDS), ttl: readLife("ttl", fields.ttl) };
  },
  verify(id, fields) {
    onlyFields(fields, KNOWN.verify);
    return { id, op: "verify", lock: readInteger("lock", fields.lock, IDS) };
  },
  set(id, fields) {
    onlyFields(fields, KNOWN.set);
    return { id, op: "set", lock: readInteger("lock", fields.lock, IDS), value: readValue(fields.value) };
  },
  cancel(id, fields) {
    onlyFields(fields, KNOWN.cancel);
    return { id, op: "cancel", request: readInteger("request", fields.request, IDS) };
  },
  break(id, fields) {
    onlyFields(fields, KNOWN.break);
    const token = readInteger("token", fields.token, IDS);
    const reason = readText("reason", fields.reason);
    if (!reason) throw new FieldFault("reason", "a break needs one");
    return { id, op: "break", name: readName("name", fields.name), token, reason };
  },
  who(id, fields) {
    onlyFields(fields, KNOWN.who);
    return { id, op: "who", name: readName("name", fields.name) };
  },
  explain(id, fields) {
    onlyFields(fields, KNOWN.explain);
    return { id, op: "explain", name: readName("name", fields.name) };
  },
  watch(id, fields) {
    onlyFields(fields, KNOWN.watch);
    return { id, op: "watch", prefix: readPrefix("prefix", fields.prefix) ?? "" };
  },
  list(id, fields) {
    onlyFields(fields, KNOWN.list);
    const { limit = LIST_NAMES_DEFAULT } = fields;
    const prefix = readPrefix("prefix", fields.prefix) ?? "";
    const after = readPrefix("after", fields.after);
    return { id, op: "list", prefix, after, limit: readInteger("limit", limit, LIST_LIMITS) };
  },
};

const WISH_READERS = { ...LOCK_READERS, kick: readKick };

function readAcquire(id: number, fields: Fields): CheckedAcquire {
  onlyFields(fields, KNOWN.acquire);
  const { name, names, mode, wait, owner, reason, labels, ttl, maxHold } = fields;
  return {
    id,
    op: "acquire",
    names: names === undefined ? [readName("name", name)] : readNames(name, names),
    mode: readMode(mode, DEFAULT_MODE),
    wait: readWait(wait),
    owner: readOwner(owner),
    reason: readText("reason", reason),
    labels: readLabels(labels),
    ttl: readLife("ttl", ttl),
    maxHold: readLife("maxHold", maxHold),
    yield: readBoolean("yield", fields.yield),
  };
}

function readOwner(value: unknown): string | undefined {
  if (value === "") throw new FieldFault("owner", "it is empty");
  return readText("owner", value, WORD_BYTES_MAX);
}

function readNames(name: unknown, names: unknown): string[] {
  if (name !== undefined) throw new FieldFault("names", "there is a name too, and only one of both may be");
  if (!Array.isArray(names)) throw new FieldFault("names", `${shown(names)} is not an array`);
  if (names.length < 1 || names.length > NAMES_PER_REQUEST_MAX) {
    throw new FieldFault("names", `${names.length} are not from 1 to ${NAMES_PER_REQUEST_MAX}`);
  }
  const read = names.map((one) => readName("names", one));
  if (new Set(read).size < read.length) throw new FieldFault("names", "one of them is there twice");
  return read;
}

function readLife(field: string, value: unknown): number | undefined {
  return value === undefined ? undefined : readInteger(field, value, LIVES);
}
