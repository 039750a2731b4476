/**
 * Fencing tokens in an object store that knows conditional writes: S3 (`If-Match`, `If-None-Match`), and with
 * other header names Google Cloud Storage (generations) and Azure Blob Storage (`If-Match`). The token is a
 * piece of metadata of the object. Between the look at it and the write the object may change, so the write
 * has the condition that it did not.
 *
 * Source: Amazon S3 User Guide, "How to prevent object overwrites with conditional writes" (412 when the
 * condition is not met, 409 when another write was under way).
 *
 * @module
 */
import { StaleTokenError } from "./stale_token_error.ts";

/** The metadata header of S3. */
export const TOKEN_HEADER = "x-amz-meta-fencing-token";

const ATTEMPTS_MAX = 20;

/** What to write, and how to get there. */
export interface FencedPutOptions {
  readonly body: string;
  readonly token: number;
  /**
   * Signs and sends requests: `fetch` of the npm package `aws4fetch`, for instance. The runtime's unless
   * given.
   */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/**
 * Writes an object.
 *
 * @throws {StaleTokenError} when a later holder has written it; it is as it was.
 * @throws {Error} for any other answer of the store.
 */
export async function fencedPut(
  url: string | URL,
  { body, token, fetch = globalThis.fetch }: FencedPutOptions,
): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const found = await fetch(new Request(url, { method: "HEAD" }));
    if (found.status !== 200 && found.status !== 404) throw unexpected(url, found);
    if (Number(found.headers.get(TOKEN_HEADER) ?? 0) > token) throw new StaleTokenError(String(url), token);
    const condition = found.status === 404
      ? { "if-none-match": "*" }
      : { "if-match": found.headers.get("etag")! };
    const headers = { ...condition, [TOKEN_HEADER]: String(token) };
    const written = await fetch(new Request(url, { method: "PUT", body, headers }));
    await written.body?.cancel();
    if (written.ok) return;
    // Somebody wrote in between: with which token is what the next look tells.
    if (written.status !== 412 && written.status !== 409) throw unexpected(url, written);
  }
  throw new Error(`Cannot write ${url}: others wrote in between, ${ATTEMPTS_MAX} times`);
}

function unexpected(url: string | URL, { status }: Response): Error {
  return new Error(`Cannot write ${url}: the store answered ${status}`);
}
