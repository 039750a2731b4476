/**
 * How the open files that the process may have are shared out.
 *
 * Source: getrlimit(2), RLIMIT_NOFILE.
 *
 * @module
 */
import { COUNT_MAX, type Limits, LimitsError } from "./limits.ts";

/** Who gets how many. */
export interface DescriptorPlan {
  /** Connections to accept: at most what the limits ask for. */
  readonly connectionsMax: number;
  /** Lock files to have open at a time, idle ones included; idle ones are closed first. */
  readonly lockFilesMax: number;
}

/**
 * Descriptors for the rest: standard streams, listeners, libc, the runtime's own, token files, one `accept`
 * in flight.
 */
export const RESERVED_DESCRIPTORS = 64;

/** Fewest connections and fewest lock files that a daemon can be useful with. */
export const DESCRIPTORS_LEAST = 16;

/**
 * Shares the descriptors of the process between connections and lock files. `softLimit` is RLIMIT_NOFILE's
 * soft limit (`Infinity` where there is none). After the reserve, connections get what they ask for but at
 * most one half, and lock files all the rest: a connection without a lock is useless, while one connection
 * may hold many locks. Throws a {@link LimitsError} when the rest is too small for {@link DESCRIPTORS_LEAST}
 * of each.
 *
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { DEFAULT_LIMITS } from "./limits.ts";
 *
 * deepEqual(planDescriptors(1_024, DEFAULT_LIMITS), { connectionsMax: 480, lockFilesMax: 480 });
 * deepEqual(planDescriptors(100_000, DEFAULT_LIMITS), { connectionsMax: 10_000, lockFilesMax: 89_936 });
 * ```
 */
export function planDescriptors(softLimit: number, limits: Pick<Limits, "connectionsMax">): DescriptorPlan {
  const needed = RESERVED_DESCRIPTORS + 2 * DESCRIPTORS_LEAST;
  // Written so that NaN is refused as well.
  if (!(softLimit >= needed)) {
    throw new LimitsError(
      `Cannot serve with ${softLimit} open files: want at least ${needed}; raise the soft limit (ulimit -n)`,
    );
  }
  const free = Math.min(Math.floor(softLimit), COUNT_MAX) - RESERVED_DESCRIPTORS;
  const connectionsMax = Math.min(limits.connectionsMax, Math.floor(free / 2));
  return { connectionsMax, lockFilesMax: free - connectionsMax };
}
