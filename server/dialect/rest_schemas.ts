/**
 * The shapes of what HTTP clients send and get, as JSON Schema 2020-12: a part of the OpenAPI document
 * (`rest_openapi.ts`).
 *
 * @module
 */
import { ERROR_CODES } from "../../client/protocol/codes.ts";
import {
  LABELS_MAX,
  LIFE_MS_MAX,
  LIFE_MS_MIN,
  LOCK_NAME_BYTES_MAX,
  NAMES_PER_REQUEST_MAX,
  TEXT_BYTES_MAX,
  VALUE_BYTES_MAX,
  WAIT_MS_MAX,
  WORD_BYTES_MAX,
} from "../../client/protocol/limits.ts";
import { MODE_ALIASES, MODES } from "../../client/protocol/modes.ts";

/** A JSON Schema. */
export type Schema = { readonly [keyword: string]: unknown };

const TEXT = { type: "string" };
const INTEGER = { type: "integer" };
const COUNT = { type: "integer", minimum: 0 };
const BOOLEAN = { type: "boolean" };
const TOKEN = { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: "Fencing token" };
const TIME = { type: "integer", description: "Milliseconds since 1970-01-01 UTC by the server's clock" };
const MODE = ref("Mode");
const NAME = ref("LockName");
const LIFE = { type: "integer", minimum: LIFE_MS_MIN, maximum: LIFE_MS_MAX, description: "Milliseconds" };
const WAIT = {
  type: "integer",
  minimum: 0,
  maximum: WAIT_MS_MAX,
  default: 0,
  description: "Milliseconds; 0 = try once; httpWaitMsMax of the daemon is the most",
};
const MODE_NAME = { enum: [...MODES, ...Object.keys(MODE_ALIASES)] };
const PROFILE = { name: TEXT, host: TEXT, pid: { type: "integer", minimum: 1 } };

/** Refers to one of {@link SCHEMAS}. */
export function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

/** An object in which only these fields may be, as bodies of requests are. */
function closed(properties: Schema, required: readonly string[] = []): Schema {
  return { ...open(properties, required), additionalProperties: false };
}

/** An object that may have more fields one day, as answers are. */
function open(properties: Schema, required: readonly string[]): Schema {
  return { type: "object", properties, ...(required.length > 0 ? { required } : {}) };
}

function arrayOf(items: Schema): Schema {
  return { type: "array", items };
}

const PARTY = {
  session: TEXT,
  request: INTEGER,
  mode: MODE,
  since: TIME,
  token: TOKEN,
  client: open(PROFILE, []),
  owner: TEXT,
  reason: TEXT,
  labels: { type: "object", additionalProperties: TEXT },
  expires: TIME,
  daemon: TEXT,
  convertingTo: MODE,
};
const PARTY_REQUIRED = ["session", "request", "mode", "since"];
const PARTY_REFS = arrayOf(open({ session: TEXT, request: INTEGER }, ["session", "request"]));

const NAME_STATE = {
  name: TEXT,
  held: arrayOf(ref("Party")),
  waiting: arrayOf(ref("Party")),
  heldCount: COUNT,
  waitingCount: COUNT,
};
const NAME_STATE_REQUIRED = Object.keys(NAME_STATE);
const OUTSIDE = {
  outside: { oneOf: [MODE, { type: "null" }], description: "Strongest mode that other processes hold" },
  outsideHolder: ref("Party"),
};

const COUNTED = ["connections", "sessions", "detached", "locks", "waiters"];

const HELD = {
  lock: { type: "string", description: "Names the lock in paths; authorises nothing" },
  session: TEXT,
  name: TEXT,
  mode: MODE,
  token: TOKEN,
  expires: TIME,
  value: ref("Value"),
  all: arrayOf(ref("Fenced")),
};
const GUARANTEES = ["local", "nfs", "quorum"];
const SURE = { ...COUNT, description: "How many ms the lock is surely the client's, from the answer on" };
const HELD_REQUIRED = ["lock", "session", "name", "mode", "token", "expires"];

const FLAT_SCHEMAS = {
  Mode: { enum: MODES },
  LockName: {
    type: "string",
    minLength: 1,
    maxLength: LOCK_NAME_BYTES_MAX,
    pattern: "^(?!/)(?!(?:.*/)?\\.{1,2}(?:/|$))[A-Za-z0-9._\\-:/@~+=]+$",
  },
  Fenced: open({ name: TEXT, token: TOKEN, value: ref("Value") }, ["name", "token"]),
  Value: open({ text: TEXT, valid: BOOLEAN }, ["text", "valid"]),
  Party: open(PARTY, PARTY_REQUIRED),
  CycleParty: open({ ...PARTY, name: TEXT }, [...PARTY_REQUIRED, "name"]),
  NameState: open(NAME_STATE, NAME_STATE_REQUIRED),
};

/** Every named shape. */
export const SCHEMAS: Readonly<Record<string, Schema>> = {
  ...FLAT_SCHEMAS,
  AcquireRequest: {
    ...closed({
      name: NAME,
      names: { ...arrayOf(NAME), minItems: 1, maxItems: NAMES_PER_REQUEST_MAX, uniqueItems: true },
      mode: { ...MODE_NAME, default: "EX" },
      wait: WAIT,
      ttl: { ...LIFE, default: 30_000 },
      maxHold: LIFE,
      owner: { type: "string", minLength: 1, maxLength: WORD_BYTES_MAX },
      reason: { type: "string", maxLength: TEXT_BYTES_MAX },
      labels: {
        type: "object",
        maxProperties: LABELS_MAX,
        additionalProperties: { type: "string", maxLength: WORD_BYTES_MAX },
      },
      client: closed(PROFILE),
      session: { type: "string", description: "Of another lock of the client, whose key goes with it" },
    }),
    oneOf: [{ required: ["name"] }, { required: ["names"] }],
  },
  Grant: open({ ...HELD, key: TEXT, ttl: LIFE, expiresIn: SURE, guarantee: { enum: GUARANTEES } }, [
    ...HELD_REQUIRED,
    "key",
    "ttl",
    "expiresIn",
    "guarantee",
  ]),
  HeldLock: open(HELD, HELD_REQUIRED),
  LockDone: open({ lock: TEXT }, ["lock"]),
  RenewRequest: closed({ ttl: LIFE }),
  Renewed: open(
    { lock: TEXT, ttl: LIFE, expires: TIME, expiresIn: SURE },
    ["lock", "ttl", "expires", "expiresIn"],
  ),
  ConvertRequest: closed({ mode: MODE_NAME, wait: WAIT }, ["mode"]),
  Converted: open({ lock: TEXT, mode: MODE, token: TOKEN }, ["lock", "mode", "token"]),
  Nothing: closed({}),
  Verified: open({ lock: TEXT, token: TOKEN }, ["lock", "token"]),
  ValueRequest: closed({ value: { type: "string", maxLength: VALUE_BYTES_MAX } }, ["value"]),
  Name: open(
    { ...NAME_STATE, ...OUTSIDE, free: { ...BOOLEAN, description: "Nobody holds it above NL" } },
    [...NAME_STATE_REQUIRED, "free", "outside"],
  ),
  NameList: open({ names: arrayOf(ref("NameState")), next: { type: ["string", "null"] } }, ["names", "next"]),
  Explanation: open({
    names: arrayOf(open({
      ...NAME_STATE,
      ...OUTSIDE,
      held: arrayOf(open({ ...PARTY, blockedBy: PARTY_REFS }, PARTY_REQUIRED)),
      waiting: arrayOf(
        open({ ...PARTY, position: INTEGER, blockedBy: PARTY_REFS }, [
          ...PARTY_REQUIRED,
          "position",
          "blockedBy",
        ]),
      ),
    }, [...NAME_STATE_REQUIRED, "outside"])),
  }, ["names"]),
  BreakRequest: closed({ name: NAME, token: { ...TOKEN, minimum: 1 }, reason: ref("Reason") }, [
    "name",
    "token",
    "reason",
  ]),
  Reason: { type: "string", minLength: 1, maxLength: TEXT_BYTES_MAX },
  Broken: open({ broken: arrayOf(ref("Party")) }, ["broken"]),
  SessionList: open({
    sessions: arrayOf(
      open({
        session: TEXT,
        subject: TEXT,
        client: open(PROFILE, []),
        state: { enum: ["connected", "detached"] },
        transport: TEXT,
        since: TIME,
        grace: INTEGER,
        expires: TIME,
        locks: COUNT,
        waits: COUNT,
      }, ["session", "state", "transport", "since", "locks", "waits"]),
    ),
    next: { type: ["string", "null"] },
  }, ["sessions", "next"]),
  KickRequest: closed({ session: TEXT, reason: ref("Reason") }, ["session", "reason"]),
  Kicked: open({ session: TEXT }, ["session"]),
  Status: open({
    version: TEXT,
    server: TEXT,
    uptime: COUNT,
    guarantee: TEXT,
    store: TEXT,
    directory: TEXT,
    draining: BOOLEAN,
    counts: open(Object.fromEntries(COUNTED.map((name) => [name, COUNT])), COUNTED),
    limits: { type: "object", additionalProperties: { type: "number" } },
  }, ["version", "server", "uptime", "guarantee", "store", "draining", "counts", "limits"]),
  Draining: open({ closesIn: COUNT }, ["closesIn"]),
  Problem: open({
    type: TEXT,
    title: TEXT,
    status: INTEGER,
    detail: { type: "string", description: "For people; programs look at the code" },
    code: { enum: Object.keys(ERROR_CODES) },
    blockedBy: arrayOf(ref("Party")),
    cycle: arrayOf(ref("CycleParty")),
  }, ["type", "title", "status", "detail", "code"]),
  EventData: open({ event: TEXT, name: TEXT, party: ref("Party"), reason: TEXT }, ["event"]),
};
