/**
 * Why the lock table refuses a request before it looks at who holds what.
 *
 * @module
 */
import type { Refusal } from "./claims.ts";
import type { Acquire, Convert } from "./commands.ts";
import { describeWish } from "./description.ts";
import type { LockRequest } from "./request.ts";
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
  if (session.names + wanted.names.length <= locksPerSessionMax) return undefined;
  const fault = `the session has ${locksPerSessionMax} locks and waits, which is locksPerSessionMax`;
  return { code: "LIMIT", message: `Cannot lock ${wanted.names[0]}: ${fault}` };
}

/** Whether a request that cannot be granted now may wait. */
export function refuseWait(
  { session, places }: LockRequest,
  limits: LockTableLimits,
): Refusal | undefined {
  const { queueLengthMax } = limits;
  const resource = places.map((place) => place.resource).find(({ waiting }) => waiting >= queueLengthMax);
  const subject = `Cannot wait for ${resource?.name ?? places[0]?.resource.name}`;
  const refusal = refuseWaits(session, { subject, limits, names: places.length });
  if (refusal) return refusal;
  if (resource) {
    return {
      code: "QUEUE_FULL",
      message: `${subject}: ${resource.waiting} requests do, which is queueLengthMax`,
    };
  }
  return undefined;
}

/** Whether the session may wait for so many names more. */
export function refuseWaits(
  { waiting }: SessionLocks,
  { subject, limits: { waitersPerSessionMax }, names = 1 }: {
    subject: string;
    limits: LockTableLimits;
    names?: number;
  },
): Refusal | undefined {
  if (waiting + names <= waitersPerSessionMax) return undefined;
  const fault = `the session has ${waiting} waits of ${waitersPerSessionMax}, which is waitersPerSessionMax`;
  return { code: "LIMIT", message: `${subject}: ${fault}` };
}

/**
 * Whether an acquire whose id is in use, or not above all earlier ones of its session, is the retry of a
 * `living` one.
 */
export function refuseRepeat(session: SessionLocks, wanted: Acquire): Refusal | undefined {
  const subject = `Cannot lock ${wanted.names[0]} as request ${wanted.request}`;
  const living = session.requests.get(wanted.request);
  if (!living && session.conversions.has(wanted.request)) {
    return { code: "BAD_REQUEST", message: `${subject}: that id is in use for a conversion` };
  }
  if (!living) {
    const fault = "that request has ended, or its id is below one that was used before";
    return { code: "NOT_HELD", message: `${subject}: ${fault}` };
  }
  const { names, mode } = living.wanted;
  if (mode === wanted.mode && [...names].sort().join() === [...wanted.names].sort().join()) return undefined;
  return { code: "BAD_REQUEST", message: `${subject}: that id is in use for ${describeWish(living)}` };
}

/** Whether a lock that is held may be converted. */
export function refuseConversion(held: LockRequest, { request, lock, mode }: Convert): Refusal | undefined {
  const subject = `Cannot convert ${lock} to ${mode}`;
  const { conversions, requests } = held.session;
  if (!held.conversion && (conversions.has(request) || requests.has(request))) {
    return { code: "BAD_REQUEST", message: `${subject} as request ${request}: that id is in use` };
  }
  if (held.places.length > 1) {
    return { code: "BAD_REQUEST", message: `${subject}: it is a lock of ${held.places.length} names` };
  }
  if (!held.conversion) return undefined;
  return { code: "BAD_REQUEST", message: `${subject}: it is being converted to ${held.conversion.mode}` };
}

/** Whether the holder of a lock may set a value. */
export function refuseValue({ places, place, id }: LockRequest): Refusal | undefined {
  const subject = `Cannot set a value with ${id}`;
  if (places.length > 1) {
    return { code: "BAD_REQUEST", message: `${subject}: it is a lock of ${places.length} names` };
  }
  if (place.mode === "PW" || place.mode === "EX") return undefined;
  return { code: "BAD_REQUEST", message: `${subject}: it is held in ${place.mode}, and only PW and EX may` };
}
