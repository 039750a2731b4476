/**
 * What one session of a lock table holds and waits for, as its own client sees it.
 *
 * @module
 */
import type { HeldLock } from "../../../client/protocol/messages.ts";
import { wallTime } from "../../lock/description.ts";
import type { LockRequest } from "../../lock/request.ts";
import type { SessionLocks } from "../../lock/session_locks.ts";
import type { Holdings } from "../store.ts";

/**
 * All that it holds and waits for, in the order of the requests. `epochMs` is the wall clock at monotonic
 * zero, in milliseconds since 1970.
 */
export function holdingsOf({ requests, conversions }: SessionLocks, epochMs: number): Holdings {
  const locks: HeldLock[] = [];
  const waiting: number[] = [...conversions.keys()];
  for (const request of requests.values()) {
    if (request.state === "held") locks.push(heldLock(request, epochMs));
    else waiting.push(request.id);
  }
  return { locks, waiting: waiting.sort((a, b) => a - b) };
}

/** How many locks it holds, and how many of its requests wait. */
export function countsOf({ requests, conversions }: SessionLocks): { locks: number; waits: number } {
  let locks = 0;
  for (const { state } of requests.values()) if (state === "held") locks++;
  return { locks, waits: requests.size - locks + conversions.size };
}

function heldLock({ id, place, places, endsMs }: LockRequest, epochMs: number): HeldLock {
  const expires = wallTime(endsMs, epochMs);
  const all = places.map(({ resource: { name }, token }) => ({ name, token }));
  return {
    lock: id,
    name: place.resource.name,
    mode: place.mode,
    token: place.token,
    ...(expires === undefined ? {} : { expires }),
    ...(all.length > 1 ? { all } : {}),
  };
}
