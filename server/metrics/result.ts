/**
 * What can come of a request for a lock, as it is counted.
 *
 * @module
 */
import type { ErrorCode } from "../../client/protocol/codes.ts";

/** What can come of a request for a lock, or for another mode of one. */
export const RESULTS = [
  "granted",
  "timeout",
  "busy",
  "cancelled",
  "deadlock",
  "denied",
  "queue_full",
  "limit",
  "draining",
  "unavailable",
  "session_ended",
  "error",
] as const;

/** One of the {@link RESULTS}. */
export type Result = typeof RESULTS[number];

/**
 * Results of refusals; whatever is not here is an `error`: a request that breaks a rule, or a server that
 * does.
 */
const RESULT_OF: Readonly<Partial<Record<ErrorCode, Result>>> = {
  TIMEOUT: "timeout",
  BUSY: "busy",
  CANCELLED: "cancelled",
  DEADLOCK: "deadlock",
  DENIED: "denied",
  UNAUTHENTICATED: "denied",
  QUEUE_FULL: "queue_full",
  LIMIT: "limit",
  DRAINING: "draining",
  STORE_UNAVAILABLE: "unavailable",
};

/** What a refusal with that code counts as. */
export function resultOf(code: ErrorCode): Result {
  return RESULT_OF[code] ?? "error";
}
