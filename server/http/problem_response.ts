/**
 * Answers that are no success.
 *
 * @module
 */
import type { ErrorBody } from "../../client/protocol/messages.ts";
import { type HttpStatus, problemOf } from "../dialect/rest_problem.ts";

/** After so many seconds a client may ask again, here or elsewhere, when the daemon cannot serve it now. */
const RETRY_AFTER_SECONDS = 1;

/** What goes with a problem. */
export interface ProblemOptions {
  /** The status of HTTP itself, if it has one of its own for this. */
  readonly status?: HttpStatus | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The response that tells an error. */
export function problemResponse(error: ErrorBody, { status: own, headers }: ProblemOptions = {}): Response {
  const problem = problemOf(error, own);
  const { status } = problem;
  return new Response(JSON.stringify(problem), {
    status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...(status === 503 || status === 429 ? { "retry-after": String(RETRY_AFTER_SECONDS) } : {}),
      ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
      ...headers,
    },
  });
}
