/**
 * How long to wait before the servers are tried again: longer each time, and never the same for all clients
 * of a server that went away.
 *
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015; half of each delay is
 * fixed, so that nobody hammers.
 *
 * @module
 */

/** Longest delay after the first round, in milliseconds. */
const FIRST_MS = 100;
/** Longest delay of all, in milliseconds. */
export const BACKOFF_MS_MAX = 5_000;

/**
 * Milliseconds to wait after so many rounds that failed, 0 for the first one. `random` is a number from 0 to
 * 1, of the caller's choice.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(backoffMs(0, 0), 50);
 * equal(backoffMs(2, 1), 400);
 * equal(backoffMs(1_000, 1), BACKOFF_MS_MAX);
 * ```
 */
export function backoffMs(round: number, random: number): number {
  const longest = Math.min(BACKOFF_MS_MAX, FIRST_MS * 2 ** Math.min(round, 30));
  return longest * (1 + random) / 2;
}
