/**
 * Fencing tokens over HTTP: a wrapper for servers of web-standard requests (`Deno.serve`, `Bun.serve`,
 * `app.fetch` of Hono, `@hono/node-server` on Node). Whoever writes says `Fencing-Token: 1805234567`.
 *
 * A look at the token before the handler is not enough: a handler that was let in with an old token may still
 * be at work when the next holder comes. So handlers of one lock name run one after the other. That holds for
 * one server process; where several serve the same data, the check belongs into what they share, such as the
 * database of `postgres.ts`.
 *
 * @module
 */
import { StaleTokenError } from "./stale_token_error.ts";

/** The header of requests that write. */
export const FENCING_TOKEN_HEADER = "fencing-token";

/**
 * Most requests of one lock name that are at work or wait for those before them; more are answered by 503.
 */
export const REQUESTS_PER_NAME_MAX = 100;

/** A server of web-standard requests. */
export type Handler = (request: Request) => Response | Promise<Response>;

/** What guards what. */
export interface FencedOptions {
  /** The lock name that guards what the request writes, or undefined for a request that needs no lock. */
  readonly nameOf: (request: Request) => string | undefined;
  /**
   * Remembers a token for good, or throws a {@link StaleTokenError}: the `raise` of a `SqliteFence`, for
   * instance.
   */
  readonly raise: (name: string, token: number) => void | Promise<void>;
}

/**
 * The handler, behind a check. Requests without a token are answered by 428 (RFC 6585), with one that is no
 * number by 400, with one that is too old by 412. A handler that never ends keeps all later ones of its name
 * back: give it a time limit.
 */
export function fenced(handler: Handler, { nameOf, raise }: FencedOptions): Handler {
  const lines = new Map<string, { last: Promise<unknown>; length: number }>();
  return (request) => {
    const name = nameOf(request);
    if (name === undefined) return handler(request);
    const header = request.headers.get(FENCING_TOKEN_HEADER);
    if (header === null) return problem(428, "BAD_REQUEST", `A write under ${name} needs a Fencing-Token`);
    const token = Number(header);
    if (!/^\d{1,16}$/.test(header) || !Number.isSafeInteger(token)) {
      return problem(400, "BAD_REQUEST", `Fencing-Token is ${header}, not a number from 0 to 2^53 - 1`);
    }
    const turn = async () => {
      try {
        await raise(name, token);
      } catch (error) {
        if (error instanceof StaleTokenError) return problem(412, "STALE_TOKEN", error.message);
        throw error;
      }
      return await handler(request);
    };
    const line = lines.get(name) ?? { last: Promise.resolve(), length: 0 };
    if (line.length === REQUESTS_PER_NAME_MAX) {
      return problem(503, "LIMIT", `${REQUESTS_PER_NAME_MAX} writes under ${name} are at work or wait`);
    }
    const response = line.last.then(turn);
    // How it ends is told to its caller; the next one only waits for it.
    line.last = response.catch(() => {}).then(() => {
      if (--line.length === 0) lines.delete(name);
    });
    line.length++;
    lines.set(name, line);
    return response;
  };
}

/** An answer as RFC 9457 has it, with the code that the lock service would give. */
function problem(status: number, code: string, title: string): Response {
  const headers = { "content-type": "application/problem+json" };
  return new Response(JSON.stringify({ status, code, title }), { status, headers });
}
