/**
 * Why the lock table refuses a request before it looks at who holds what.
 *
 * @module
 */
import type { Refusal } from "./claims.ts";
import type { Acquire, LockRequest } from "./request.ts";
import type { SessionLocks } from "./session_locks.ts";

/** How much a lock table lets its sessions have. */
export interface LockTableLimits {
  /** Locks and waits of one session together. */
  readonly locksPerSessionMax: number;
  readonly waitersPerSessionMax: number;
  /** Waiters of one name. */
  readonly queueLengthMax: number;
}

/** Whether the session may have one more request. */
export function refuseLock(
  session: SessionLocks,
  wanted: Acquire,
  limits: LockTableLimits,
): Refusal | undefined {
  const { locksPerSessionMax } = limits;
  if (session.requests.size < locksPerSessionMax) return undefined;
  const fault = `the session has ${locksPerSessionMax} locks and waits, which is locksPerSessionMax`;
  return { code: "LIMIT", message: `Cannot lock ${wanted.name}: ${fault}` };
}

/** Whether a request that cannot be granted now may wait. */
export function refuseWait(
  { session, resource }: LockRequest,
  limits: LockTableLimits,
): Refusal | undefined {
  const { waitersPerSessionMax, queueLengthMax } = limits;
  const subject = `Cannot wait for ${resource.name}`;
  if (session.waiting >= waitersPerSessionMax) {
    const message = `${subject}: the session has ${session.waiting} waits, which is waitersPerSessionMax`;
    return { code: "LIMIT", message };
  }
  if (resource.waiting >= queueLengthMax) {
    return {
      code: "QUEUE_FULL",
      message: `${subject}: ${resource.waiting} requests do, which is queueLengthMax`,
    };
  }
  return undefined;
}

/** Whether an acquire whose id is not above all earlier ones of its session is the retry of a `living` one. */
export function refuseRepeat(wanted: Acquire, living: LockRequest | undefined): Refusal | undefined {
  const subject = `Cannot lock ${wanted.name} as request ${wanted.request}`;
  if (!living) {
    const fault = "that request has ended, or its id is below one that was used before";
    return { code: "NOT_HELD", message: `${subject}: ${fault}` };
  }
  if (living.resource.name === wanted.name && living.mode === wanted.mode) return undefined;
  const meant = `${living.resource.name} in ${living.mode}`;
  return { code: "BAD_REQUEST", message: `${subject}: that id is in use for ${meant}` };
}
