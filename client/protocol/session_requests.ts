/**
 * Which requests about sessions and the daemon are good ones; see `requests.ts`.
 *
 * @module
 */
import {
  FieldFault,
  type Fields,
  isFields,
  isWithin,
  onlyFields,
  type Range,
  readInteger,
  readText,
  shown,
} from "./fields.ts";
import {
  LIFE_MS_MAX,
  LIST_NAMES_DEFAULT,
  LIST_NAMES_MAX,
  SESSION_WORD_BYTES_MAX,
  TOKEN_BYTES_MAX,
} from "./limits.ts";
import type { ClientProfile } from "./messages.ts";
import type {
  ByeRequest,
  DrainRequest,
  KickRequest,
  PingRequest,
  ReleaseAllRequest,
  Resume,
  SessionRequest,
  StatusRequest,
} from "./session_messages.ts";
import { isTokenText } from "./text.ts";
import { PROTOCOL_VERSION } from "./version.ts";

/** A hello that passed the checks. */
export interface CheckedHello {
  readonly id: number;
  readonly op: "hello";
  readonly version: number;
  readonly token?: string | undefined;
  readonly client?: ClientProfile | undefined;
  readonly grace?: number | undefined;
  readonly resume?: Resume | undefined;
}

/** A sessions that passed the checks: the limit is filled in. */
export interface CheckedSessions {
  readonly id: number;
  readonly op: "sessions";
  readonly after?: string | undefined;
  readonly limit: number;
}

/** A request about sessions or the daemon that passed the checks. */
export type CheckedSessionRequest =
  | CheckedHello
  | PingRequest
  | ByeRequest
  | ReleaseAllRequest
  | CheckedSessions
  | KickRequest
  | StatusRequest
  | DrainRequest;

const GRACES: Range = { min: 0, max: LIFE_MS_MAX };
const LIST_LIMITS: Range = { min: 1, max: LIST_NAMES_MAX };

const PLAIN = new Set(["id", "op"]);
const KNOWN = {
  hello: new Set(["id", "op", "version", "token", "client", "grace", "resume"]),
  client: new Set(["name", "host", "pid"]),
  resume: new Set(["session", "secret"]),
  sessions: new Set(["id", "op", "after", "limit"]),
} as const;
// Apart, since a client checks it too.
const KNOWN_OF_KICK = new Set(["id", "op", "session", "reason"]);

/** How each operation is read. They throw FieldFaults. */
export const SESSION_READERS: {
  readonly [O in SessionRequest["op"]]: (id: number, fields: Fields) => CheckedSessionRequest;
} = {
  hello: readHello,
  ping: (id, fields) => readPlain(id, "ping", fields),
  bye: (id, fields) => readPlain(id, "bye", fields),
  releaseAll: (id, fields) => readPlain(id, "releaseAll", fields),
  sessions(id, fields) {
    onlyFields(fields, KNOWN.sessions);
    const { after, limit = LIST_NAMES_DEFAULT } = fields;
    return {
      id,
      op: "sessions",
      ...(after === undefined ? {} : { after: readWord("after", after) }),
      limit: readInteger("limit", limit, LIST_LIMITS),
    };
  },
  kick: readKick,
  status: (id, fields) => readPlain(id, "status", fields),
  drain: (id, fields) => readPlain(id, "drain", fields),
};

/** How a kick is read. Throws FieldFaults. */
export function readKick(id: number, fields: Fields): KickRequest {
  onlyFields(fields, KNOWN_OF_KICK);
  const reason = readText("reason", fields.reason);
  if (!reason) throw new FieldFault("reason", "a kick needs one");
  return { id, op: "kick", session: readWord("session", fields.session), reason };
}

function readPlain<O extends "ping" | "bye" | "releaseAll" | "status" | "drain">(
  id: number,
  op: O,
  fields: Fields,
): { readonly id: number; readonly op: O } {
  onlyFields(fields, PLAIN);
  return { id, op };
}

function readHello(id: number, fields: Fields): CheckedHello {
  const { version, client, grace, resume } = fields;
  if (!isWithin(version, 0, Number.MAX_SAFE_INTEGER)) {
    throw new FieldFault("version", `${shown(version)} is not a version number`);
  }
  // The fields of another version are not ours to judge: its hello is refused as a whole, and by whoever
  // speaks [P-10].
  if (version !== PROTOCOL_VERSION) return { id, op: "hello", version };
  onlyFields(fields, KNOWN.hello);
  const token = readToken(fields.token);
  if (resume !== undefined) {
    if (client !== undefined) throw new FieldFault("client", "a session that is resumed keeps its own");
    if (grace !== undefined) throw new FieldFault("grace", "a session that is resumed keeps its own");
    return { id, op: "hello", version, ...token, resume: readResume(resume) };
  }
  return {
    id,
    op: "hello",
    version,
    ...token,
    ...(client === undefined ? {} : { client: readProfile(client) }),
    ...(grace === undefined ? {} : { grace: readInteger("grace", grace, GRACES) }),
  };
}

function readProfile(value: unknown): ClientProfile {
  if (!isFields(value)) throw new FieldFault("client", `${shown(value)} is not an object`);
  onlyFields(value, KNOWN.client, "client.");
  const name = readText("client.name", value.name);
  const host = readText("client.host", value.host);
  if (value.pid !== undefined && !isWithin(value.pid, 1, Number.MAX_SAFE_INTEGER)) {
    throw new FieldFault("client.pid", `${shown(value.pid)} is not a positive integer`);
  }
  return {
    ...(name === undefined ? {} : { name }),
    ...(host === undefined ? {} : { host }),
    ...(value.pid === undefined ? {} : { pid: value.pid }),
  };
}

function readResume(value: unknown): Resume {
  if (!isFields(value)) throw new FieldFault("resume", `${shown(value)} is not an object`);
  onlyFields(value, KNOWN.resume, "resume.");
  const session = readWord("resume.session", value.session);
  // Not shown, whatever it is: messages end in logs.
  const { secret } = value;
  if (typeof secret !== "string" || secret.length > SESSION_WORD_BYTES_MAX) {
    throw new FieldFault("resume.secret", `it is not a text of at most ${SESSION_WORD_BYTES_MAX} bytes`);
  }
  return { session, secret };
}

/** The field alone, or nothing. Not shown, whatever it is: messages end in logs. */
function readToken(token: unknown): { readonly token?: string } {
  if (token === undefined) return {};
  if (typeof token === "string" && isTokenText(token)) return { token };
  const wanted = `1 to ${TOKEN_BYTES_MAX} printable ASCII characters without a space`;
  throw new FieldFault("token", `it is not a text of ${wanted}`);
}

/** The id of a session. */
function readWord(field: string, value: unknown): string {
  const word = readText(field, value, SESSION_WORD_BYTES_MAX);
  if (word === undefined) throw new FieldFault(field, "nothing is not a text");
  return word;
}
