/**
 * Which requests are good ones: the field rules of `docs/protocol.md` [P-8], [P-9], [P-14], [P-20], [P-21], [P-23], [P-28],
 * [P-31] and [P-41]. The server judges what it received with them, the client what its caller asked for, so that both say
 * the same.
 *
 * @module
 */
import type { ErrorCode } from "./codes.ts";
import { LIST_NAMES_DEFAULT, LIST_NAMES_MAX, REQUEST_ID_MAX, WAIT_MS_MAX } from "./limits.ts";
import type {
  AcquireRequest,
  CancelRequest,
  ClientProfile,
  HelloRequest,
  ListRequest,
  Operation,
  ReleaseRequest,
  WhoRequest,
} from "./messages.ts";
import { DEFAULT_MODE, type Mode, MODES, parseMode } from "./modes.ts";
import { lockNameFault, lockPrefixFault } from "./names.ts";
import { textFault } from "./text.ts";
import { PROTOCOL_VERSION } from "./version.ts";

/** An acquire that passed the checks: the mode is filled in, and no alias. */
export type CheckedAcquire = AcquireRequest & { readonly mode: Mode };

/** A list that passed the checks: prefix and limit are filled in. */
export type CheckedList = ListRequest & { readonly prefix: string; readonly limit: number };

/** A request that passed the checks: a {@link Request} whose defaults are filled in. */
export type CheckedRequest =
  | HelloRequest
  | CheckedAcquire
  | ReleaseRequest
  | CancelRequest
  | WhoRequest
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

/** The fields of a JSON object that was not judged yet. */
export type Fields = { readonly [name: string]: unknown };

/**
 * Judges the fields of a request and fills in its defaults. A field that is undefined counts as absent.
 *
 * ```ts
 * import { deepEqual, ok } from "node:assert/strict";
 *
 * deepEqual(checkRequest({ id: 2, op: "acquire", name: "a", mode: "shared" }), {
 *   id: 2,
 *   op: "acquire",
 *   name: "a",
 *   mode: "PR",
 * });
 * ok("fault" in checkRequest({ id: 2, op: "acquire", name: "../a" }));
 * ```
 */
export function checkRequest(fields: Fields): CheckedRequest | RequestFault {
  const { id, op } = fields;
  if (!isWithin(id, 1, REQUEST_ID_MAX)) {
    return badRequest(
      null,
      `Cannot read field id: ${shown(id)} is not an integer from 1 to ${REQUEST_ID_MAX}`,
    );
  }
  switch (op) {
    case "acquire":
      return checkAcquire(id, fields);
    case "release":
      return checkRelease(id, fields);
    case "cancel":
      return checkCancel(id, fields);
    case "hello":
      return checkHello(id, fields);
    case "who":
      return checkWho(id, fields);
    case "list":
      return checkList(id, fields);
    default:
      if (typeof op !== "string") return badRequest(id, `Cannot read field op: ${shown(op)} is not a text`);
      return { fault: true, id, code: "UNSUPPORTED", message: `Cannot do ${shown(op)}: no such operation` };
  }
}

const FIELD_NAMES = {
  hello: new Set(["id", "op", "version", "client"]),
  acquire: new Set(["id", "op", "name", "mode", "wait", "reason"]),
  release: new Set(["id", "op", "lock"]),
  cancel: new Set(["id", "op", "request"]),
  who: new Set(["id", "op", "name"]),
  list: new Set(["id", "op", "prefix", "after", "limit"]),
} as const satisfies Record<Operation, ReadonlySet<string>>;

const PROFILE_FIELD_NAMES: ReadonlySet<string> = new Set(["name", "host", "pid"]);

function checkHello(id: number, fields: Fields): HelloRequest | RequestFault {
  const { version, client } = fields;
  if (!isWithin(version, 0, Number.MAX_SAFE_INTEGER)) {
    return badRequest(id, `Cannot read field version: ${shown(version)} is not a version number`);
  }
  // The fields of another version are not ours to judge: its hello is refused as a whole, and by whoever speaks [P-10].
  if (version !== PROTOCOL_VERSION) return { id, op: "hello", version };
  const unknown = unknownField(id, fields, FIELD_NAMES.hello);
  if (unknown !== undefined) return unknown;
  if (client === undefined) return { id, op: "hello", version };
  const profile = checkProfile(id, client);
  return "fault" in profile ? profile : { id, op: "hello", version, client: profile };
}

function checkProfile(id: number, value: unknown): ClientProfile | RequestFault {
  if (!isFields(value)) return badRequest(id, `Cannot read field client: ${shown(value)} is not an object`);
  const unknown = unknownField(id, value, PROFILE_FIELD_NAMES, "client.");
  if (unknown !== undefined) return unknown;
  const { name, host, pid } = value;
  const profile: { name?: string; host?: string; pid?: number } = {};
  if (name !== undefined) {
    const fault = textFieldFault(id, "client.name", name);
    if (fault !== undefined) return fault;
    profile.name = name as string;
  }
  if (host !== undefined) {
    const fault = textFieldFault(id, "client.host", host);
    if (fault !== undefined) return fault;
    profile.host = host as string;
  }
  if (pid !== undefined) {
    if (!isWithin(pid, 1, Number.MAX_SAFE_INTEGER)) {
      return badRequest(id, `Cannot read field client.pid: ${shown(pid)} is not a positive integer`);
    }
    profile.pid = pid;
  }
  return profile;
}

function checkAcquire(id: number, fields: Fields): CheckedAcquire | RequestFault {
  const unknown = unknownField(id, fields, FIELD_NAMES.acquire);
  if (unknown !== undefined) return unknown;
  const { name, mode: word, wait, reason } = fields;
  const nameFault = typeof name === "string" ? lockNameFault(name) : "it is not a text";
  if (nameFault !== undefined) {
    return badRequest(id, `Cannot read field name: ${shown(name)} is no lock name, ${nameFault}`);
  }
  const mode = word === undefined ? DEFAULT_MODE : typeof word === "string" ? parseMode(word) : undefined;
  if (mode === undefined) {
    return badRequest(
      id,
      `Cannot read field mode: ${shown(word)} is none of ${MODES.join(" ")} shared update exclusive`,
    );
  }
  const acquire: { id: number; op: "acquire"; name: string; mode: Mode; wait?: number; reason?: string } = {
    id,
    op: "acquire",
    name: name as string,
    mode,
  };
  if (wait !== undefined) {
    if (!isWithin(wait, 0, WAIT_MS_MAX)) {
      return badRequest(
        id,
        `Cannot read field wait: ${shown(wait)} is not an integer from 0 to ${WAIT_MS_MAX}`,
      );
    }
    acquire.wait = wait;
  }
  if (reason !== undefined) {
    const fault = textFieldFault(id, "reason", reason);
    if (fault !== undefined) return fault;
    acquire.reason = reason as string;
  }
  return acquire;
}

function checkRelease(id: number, fields: Fields): ReleaseRequest | RequestFault {
  const unknown = unknownField(id, fields, FIELD_NAMES.release);
  if (unknown !== undefined) return unknown;
  const { lock } = fields;
  if (isWithin(lock, 1, REQUEST_ID_MAX)) return { id, op: "release", lock };
  return badRequest(
    id,
    `Cannot read field lock: ${shown(lock)} is not an integer from 1 to ${REQUEST_ID_MAX}`,
  );
}

function checkCancel(id: number, fields: Fields): CancelRequest | RequestFault {
  const unknown = unknownField(id, fields, FIELD_NAMES.cancel);
  if (unknown !== undefined) return unknown;
  const { request } = fields;
  if (isWithin(request, 1, REQUEST_ID_MAX)) return { id, op: "cancel", request };
  return badRequest(
    id,
    `Cannot read field request: ${shown(request)} is not an integer from 1 to ${REQUEST_ID_MAX}`,
  );
}

function checkWho(id: number, fields: Fields): WhoRequest | RequestFault {
  const unknown = unknownField(id, fields, FIELD_NAMES.who);
  if (unknown !== undefined) return unknown;
  const { name } = fields;
  if (typeof name !== "string") return badRequest(id, `Cannot read field name: ${shown(name)} is not a text`);
  const nameFault = lockNameFault(name);
  if (nameFault === undefined) return { id, op: "who", name };
  return badRequest(id, `Cannot read field name: ${shown(name)} is no lock name, ${nameFault}`);
}

function checkList(id: number, fields: Fields): CheckedList | RequestFault {
  const unknown = unknownField(id, fields, FIELD_NAMES.list);
  if (unknown !== undefined) return unknown;
  const { prefix = "", after, limit = LIST_NAMES_DEFAULT } = fields;
  const prefixFault = typeof prefix === "string" ? lockPrefixFault(prefix) : "it is not a text";
  if (prefixFault !== undefined) {
    return badRequest(id, `Cannot read field prefix: ${shown(prefix)} begins no lock name, ${prefixFault}`);
  }
  const afterFault = after === undefined || typeof after === "string"
    ? lockPrefixFault(after ?? "")
    : "it is not a text";
  if (afterFault !== undefined) {
    return badRequest(id, `Cannot read field after: ${shown(after)} is no lock name, ${afterFault}`);
  }
  if (!isWithin(limit, 1, LIST_NAMES_MAX)) {
    return badRequest(
      id,
      `Cannot read field limit: ${shown(limit)} is not an integer from 1 to ${LIST_NAMES_MAX}`,
    );
  }
  const list = { id, op: "list", prefix: prefix as string, limit } as const;
  return after === undefined ? list : { ...list, after: after as string };
}

/** True for what JSON calls an object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True for an integer from `min` to `max`. */
export function isWithin(value: unknown, min: number, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
}

/** A fault of the code `BAD_REQUEST`. */
export function badRequest(id: number | null, message: string): RequestFault {
  return { fault: true, id, code: "BAD_REQUEST", message };
}

function unknownField(
  id: number,
  fields: Fields,
  known: ReadonlySet<string>,
  path = "",
): RequestFault | undefined {
  for (const name in fields) {
    if (!known.has(name)) return badRequest(id, `Cannot read field ${path}${shownBare(name)}: no such field`);
  }
  return undefined;
}

function textFieldFault(id: number, field: string, value: unknown): RequestFault | undefined {
  const fault = typeof value === "string" ? textFault(value) : "it is not a text";
  return fault === undefined
    ? undefined
    : badRequest(id, `Cannot read field ${field}: ${shown(value)} is refused, ${fault}`);
}

const SHOWN_CHARACTERS_MAX = 48;

/** A value as a message shows it. What the peer sent may be long or deep: only the beginning of a plain value is shown. */
function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value !== "string") return String(value);
  return JSON.stringify(shortened(value));
}

function shownBare(name: string): string {
  return JSON.stringify(shortened(name)).slice(1, -1);
}

function shortened(text: string): string {
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}
