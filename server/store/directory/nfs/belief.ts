/**
 * How long a daemon may believe in a lock that an NFSv4 server keeps for it. The server forgets a client that
 * was silent for its lease time, and then may give its locks to others, without a word to the client. So each
 * *proof* (a read that the server answered under the lock, RFC 8881 § 9.1.2) is worth the lease time from
 * when the read *began*, less a margin: clocks that differ in rate, the way of the bad news to the holder,
 * and what a holder does before it stops.
 *
 * ```text
 *   proof begins     beat             beat fails …               belief ends   margin   the server may give the lock away
 *   ├────────────────┼────────────────┼───────────────────────────┼─────────────┤
 *   0              lease/4          lease/2              lease - margin       lease
 * ```
 *
 * Sources: RFC 8881 § 8.3 and 8.4; measured against the server of Linux 6.1, which never gave a lock away
 * sooner than the lease time after the last answer.
 *
 * @module
 */

/**
 * Shortest lease time of a server that is served: below it the margin would eat the rest. In milliseconds.
 */
export const LEASE_MS_LEAST = 5_000;

/** What follows from the lease time of a server, all in milliseconds. */
export interface Belief {
  readonly leaseMs: number;
  /** How long a proof is worth something. */
  readonly believedMs: number;
  /** How old a proof may be before a new one is asked for. */
  readonly beatMs: number;
}

/** Part of the lease time that is given up for clocks and for the way of the news. */
const MARGIN_SHARE = 0.05;
/** What is given up however short the lease time is, in milliseconds. */
const MARGIN_MS = 1_000;

/**
 * What follows from a lease time.
 *
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 *
 * deepEqual(beliefOf(90_000), { leaseMs: 90_000, believedMs: 84_500, beatMs: 22_500 });
 * ```
 */
export function beliefOf(leaseMs: number): Belief {
  return { leaseMs, believedMs: leaseMs - leaseMs * MARGIN_SHARE - MARGIN_MS, beatMs: leaseMs / 4 };
}

/**
 * How long a client may take to find out that its daemon is gone, in milliseconds: whenever the daemon last
 * spoke, its claims had at least so much of their time left, if its server answered then. A session without a
 * sign of its daemon has to give up its locks within that time, since daemon and server may have lost each
 * other at the same moment.
 */
export function silenceMsMax({ believedMs, beatMs }: Belief): number {
  return believedMs - 1.2 * beatMs;
}
