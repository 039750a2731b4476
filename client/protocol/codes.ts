/**
 * The closed set of error codes that every interface of distrilock shares. A code is for programs, the
 * message beside it for people: nothing may ever match on a message.
 *
 * @module
 */

const CODES = [
  "TIMEOUT",
  "BUSY",
  "CANCELLED",
  "DEADLOCK",
  "NOT_HELD",
  "STALE_TOKEN",
  "SESSION_GONE",
  "QUEUE_FULL",
  "LIMIT",
  "BAD_REQUEST",
  "UNAUTHENTICATED",
  "DENIED",
  "DRAINING",
  "STORE_UNAVAILABLE",
  "UNSUPPORTED",
  "INTERNAL",
] as const;

/** One of the {@link ERROR_CODES}. */
export type ErrorCode = typeof CODES[number];

/**
 * Every error code with what it means. `docs/protocol.md` section 6 prints this table; a page of the web need
 * not load the words.
 */
export const ERROR_CODES: Readonly<Record<ErrorCode, string>> = {
  TIMEOUT: "the time that the caller gave ran out before the request could be decided",
  BUSY: "the lock is held or waited for in a conflicting mode, and the caller would not wait",
  CANCELLED: "the caller withdrew the request",
  DEADLOCK: "waiting would close a cycle of owners that wait for each other",
  NOT_HELD: "the session holds no such lock, now",
  STALE_TOKEN: "the fencing token is older than the newest one of that name",
  SESSION_GONE: "the session has ended; its locks and waits with it",
  QUEUE_FULL: "as many requests as allowed wait for that name",
  LIMIT: "a named limit of the server is reached",
  BAD_REQUEST: "the request cannot be understood or breaks a rule of the protocol",
  UNAUTHENTICATED: "the caller did not say, or could not prove, who it is",
  DENIED: "the caller is known and may not do that",
  DRAINING: "the daemon is leaving service; another one should be asked",
  STORE_UNAVAILABLE: "the store cannot arbitrate between daemons at this time",
  UNSUPPORTED: "the server does not speak that version or do that operation",
  INTERNAL: "the server broke one of its own rules; its log says which",
};

/** True when the text is one of the {@link ERROR_CODES}. */
export function isErrorCode(text: unknown): text is ErrorCode {
  return CODES.some((code) => code === text);
}
