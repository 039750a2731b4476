/**
 * What every resource of these examples says to a writer that comes too late.
 *
 * @module
 */

/**
 * A write came with a token that is older than one that was seen before. Do not try again: somebody else has
 * the lock.
 */
export class StaleTokenError extends Error {
  override readonly name = "StaleTokenError";

  constructor(name: string, token: number, cause?: unknown) {
    super(`Cannot write ${name} with token ${token}: a later holder was here already`, { cause });
  }
}
