/**
 * Errors of the HTTP interface: the status of each code, and problem documents.
 *
 * Source: RFC 9457 (problem details), RFC 9110 section 15 (status codes); 499 is what proxies log for a
 * client that went away.
 *
 * @module
 */
import type { ErrorCode } from "../../client/protocol/codes.ts";
import type { ErrorBody } from "../../client/protocol/messages.ts";

/** The status of each error code. */
export const STATUS_OF: Readonly<Record<ErrorCode, number>> = {
  TIMEOUT: 408,
  BUSY: 423,
  CANCELLED: 499,
  DEADLOCK: 409,
  NOT_HELD: 404,
  STALE_TOKEN: 412,
  SESSION_GONE: 410,
  QUEUE_FULL: 429,
  LIMIT: 429,
  BAD_REQUEST: 400,
  UNAUTHENTICATED: 401,
  DENIED: 403,
  DRAINING: 503,
  STORE_UNAVAILABLE: 503,
  UNSUPPORTED: 501,
  INTERNAL: 500,
};

/** What each status is called. */
const TITLE_OF: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  423: "Locked",
  426: "Upgrade Required",
  429: "Too Many Requests",
  499: "Client Closed Request",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
};

/** Statuses of HTTP itself, which come with the code BAD_REQUEST: the service was not asked yet. */
export type HttpStatus = 404 | 405 | 406 | 413 | 415 | 426;

/** A problem document: the body of every answer that is no success. */
export interface Problem {
  /** What the code means, as a name that never changes: `urn:distrilock:error:BUSY`. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** For people and may change; programs look at the code. */
  readonly detail: string;
  readonly code: ErrorCode;
  readonly blockedBy?: ErrorBody["blockedBy"];
  readonly cycle?: ErrorBody["cycle"];
}

/**
 * The problem document of an error. `status` where HTTP has one of its own.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(problemOf({ code: "BUSY", message: "Cannot lock a in EX: held in EX by billing-1" }).status, 423);
 * ```
 */
export function problemOf({ code, message, blockedBy, cycle }: ErrorBody, own?: HttpStatus): Problem {
  const status = own ?? STATUS_OF[code];
  return {
    type: `urn:distrilock:error:${code}`,
    title: TITLE_OF[status] ?? "Error",
    status,
    detail: message,
    code,
    ...(blockedBy ? { blockedBy } : {}),
    ...(cycle ? { cycle } : {}),
  };
}

/** A request that is answered by a problem. Thrown by whoever finds out, caught where responses are made. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(readonly error: ErrorBody, readonly status?: HttpStatus) {
    super(error.message);
  }
}

/** A refusal because the request cannot be understood. */
export function badRequest(message: string, status?: HttpStatus): Refusal {
  return new Refusal({ code: "BAD_REQUEST", message }, status);
}
