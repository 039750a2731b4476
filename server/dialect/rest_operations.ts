/**
 * What can be asked over HTTP, as a table: a part of the OpenAPI document (`rest_openapi.ts`), which is made
 * from it.
 *
 * @module
 */
import type { ErrorCode } from "../../client/protocol/codes.ts";

/** A parameter of {@link PARAMETERS}. */
export type ParameterName =
  | "lock"
  | "name"
  | "prefix"
  | "after"
  | "limit"
  | "key"
  | "keyIfSession"
  | "idempotency"
  | "lastEventId";

/** One operation. */
export interface RestOperation {
  readonly method: "get" | "post" | "put" | "delete";
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly parameters: readonly ParameterName[];
  /** Name of the schema of its body; absent when it has none. */
  readonly body?: string;
  readonly bodyRequired?: boolean;
  /** Its success. */
  readonly status: 200 | 201 | 202;
  /** Name of the schema of the answer; absent for a stream of events and for this document. */
  readonly answer?: string;
  /** How it can be refused, beside {@link ALWAYS} and, of one with a body, {@link WITH_BODY}. */
  readonly refusals: readonly ErrorCode[];
}

/**
 * Every operation can be refused so: the caller, its rights and its origin, connectionsMax, a daemon that
 * leaves, a broken one.
 */
export const ALWAYS: readonly ErrorCode[] = [
  "BAD_REQUEST",
  "UNAUTHENTICATED",
  "DENIED",
  "LIMIT",
  "DRAINING",
  "INTERNAL",
];

/** So can one with a body: it did not come in time. */
export const WITH_BODY: readonly ErrorCode[] = ["TIMEOUT"];

const STORE: readonly ErrorCode[] = ["STORE_UNAVAILABLE"];
const OWN_LOCK: readonly ErrorCode[] = ["NOT_HELD", ...STORE];

/** All operations of `/v1`. */
export const REST_OPERATIONS: readonly RestOperation[] = [
  {
    method: "post",
    path: "/v1/locks",
    id: "acquire",
    summary: "Acquires a lock of one name, or of several, all or none",
    parameters: ["idempotency", "keyIfSession"],
    body: "AcquireRequest",
    bodyRequired: true,
    status: 201,
    answer: "Grant",
    refusals: [
      "BUSY",
      "TIMEOUT",
      "CANCELLED",
      "DEADLOCK",
      "NOT_HELD",
      "SESSION_GONE",
      "QUEUE_FULL",
      ...STORE,
    ],
  },
  {
    method: "get",
    path: "/v1/locks/{lock}",
    id: "look",
    summary: "Tells of a lock to whoever has its key",
    parameters: ["lock", "key"],
    status: 200,
    answer: "HeldLock",
    refusals: ["NOT_HELD"],
  },
  {
    method: "delete",
    path: "/v1/locks/{lock}",
    id: "release",
    summary: "Gives a lock back",
    parameters: ["lock", "key"],
    status: 200,
    answer: "LockDone",
    refusals: OWN_LOCK,
  },
  {
    method: "post",
    path: "/v1/locks/{lock}/renew",
    id: "renew",
    summary: "Lets a lock live longer",
    parameters: ["lock", "key"],
    body: "RenewRequest",
    status: 200,
    answer: "Renewed",
    refusals: OWN_LOCK,
  },
  {
    method: "post",
    path: "/v1/locks/{lock}/convert",
    id: "convert",
    summary: "Changes the mode of a lock without letting it go",
    parameters: ["lock", "key"],
    body: "ConvertRequest",
    bodyRequired: true,
    status: 200,
    answer: "Converted",
    refusals: ["BUSY", "TIMEOUT", "CANCELLED", "DEADLOCK", "SESSION_GONE", "QUEUE_FULL", ...OWN_LOCK],
  },
  {
    method: "post",
    path: "/v1/locks/{lock}/verify",
    id: "verify",
    summary: "Asks the arbiter whether a lock is held; never takes it again",
    parameters: ["lock", "key"],
    body: "Nothing",
    status: 200,
    answer: "Verified",
    refusals: OWN_LOCK,
  },
  {
    method: "put",
    path: "/v1/locks/{lock}/value",
    id: "setValue",
    summary: "Leaves a value on the name of a lock, for later holders",
    parameters: ["lock", "key"],
    body: "ValueRequest",
    bodyRequired: true,
    status: 200,
    answer: "LockDone",
    refusals: OWN_LOCK,
  },
  {
    method: "get",
    path: "/v1/names",
    id: "list",
    summary: "Tells which names are held or waited for",
    parameters: ["prefix", "after", "limit"],
    status: 200,
    answer: "NameList",
    refusals: STORE,
  },
  {
    method: "get",
    path: "/v1/names/{name}",
    id: "who",
    summary: "Tells who holds and who waits for a name, and whether it is free",
    parameters: ["name"],
    status: 200,
    answer: "Name",
    refusals: STORE,
  },
  {
    method: "get",
    path: "/v1/explain/{name}",
    id: "explain",
    summary: "Tells who waits for whom, beginning with a name",
    parameters: ["name"],
    status: 200,
    answer: "Explanation",
    refusals: STORE,
  },
  {
    method: "post",
    path: "/v1/break",
    id: "break",
    summary: "Ends the locks of a name that have that token, whoever holds them",
    parameters: [],
    body: "BreakRequest",
    bodyRequired: true,
    status: 200,
    answer: "Broken",
    refusals: ["NOT_HELD", "STALE_TOKEN", ...STORE],
  },
  {
    method: "get",
    path: "/v1/sessions",
    id: "sessions",
    summary: "Tells the sessions of the daemon",
    parameters: ["after", "limit"],
    status: 200,
    answer: "SessionList",
    refusals: [],
  },
  {
    method: "post",
    path: "/v1/kick",
    id: "kick",
    summary: "Ends a session of somebody else",
    parameters: [],
    body: "KickRequest",
    bodyRequired: true,
    status: 200,
    answer: "Kicked",
    refusals: ["SESSION_GONE"],
  },
  {
    method: "get",
    path: "/v1/status",
    id: "status",
    summary: "Tells how the daemon does",
    parameters: [],
    status: 200,
    answer: "Status",
    refusals: [],
  },
  {
    method: "post",
    path: "/v1/drain",
    id: "drain",
    summary: "Makes the daemon leave service",
    parameters: [],
    body: "Nothing",
    status: 202,
    answer: "Draining",
    refusals: [],
  },
  {
    method: "get",
    path: "/v1/events",
    id: "events",
    summary: "Tells what happens to names, as it happens (Server-Sent Events)",
    parameters: ["prefix", "lastEventId"],
    status: 200,
    refusals: [],
  },
  {
    method: "get",
    path: "/v1/openapi.json",
    id: "openapi",
    summary: "Tells this document",
    parameters: [],
    status: 200,
    refusals: [],
  },
];
