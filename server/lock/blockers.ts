/**
 * Who stands in the way of a waiter: holders of conflicting modes, conversions that go first, and earlier
 * waiters.
 *
 * @module
 */
import type { Mode } from "../../client/protocol/modes.ts";
import { Conversion, type Waiter } from "./conversion.ts";
import { CONFLICTS, MODE_BIT } from "./mode.ts";
import type { LockRequest, Place } from "./request.ts";
import type { Resource } from "./resource.ts";

/**
 * Everybody in the way of a waiter, or of a newcomer that is about to wait: for each name the holders first.
 */
export function* blockersOf(waiter: Waiter): Generator<Place> {
  if (waiter instanceof Conversion) yield* blockersOfConversion(waiter);
  else for (const place of waiter.places) yield* blockersAt(place);
}

/** Everybody in the way of one name of a request. */
export function* blockersAt({ resource, mode, request }: Place): Generator<Place> {
  yield* conflictingHolders(resource, mode, request);
  for (const { mode: wanted, place } of resource.conversions) if (conflict(mode, wanted)) yield place;
  for (const waiter of resource.queue?.inOrder() ?? []) {
    if (waiter.request.arrival >= request.arrival) return;
    if (conflict(mode, waiter.mode)) yield waiter;
  }
}

function* blockersOfConversion({ place, mode, arrival }: Conversion): Generator<Place> {
  yield* conflictingHolders(place.resource, mode, place.request);
  for (const earlier of place.resource.conversions) {
    if (earlier.arrival >= arrival) return;
    if (conflict(mode, earlier.mode)) yield earlier.place;
  }
}

/**
 * Those whom `mode` conflicts with: holders in force first, then those whose claim has not answered. Of
 * orphans nobody knows any more.
 */
export function* conflictingHolders(
  { held, heldModes }: Resource,
  mode: Mode,
  but?: LockRequest,
): Generator<Place> {
  if ((CONFLICTS[mode] & heldModes) === 0) return;
  const admitting: Place[] = [];
  for (const place of held) {
    if (place.orphan || place.request === but || !conflict(mode, place.mode)) continue;
    if (place.request.state === "held") yield place;
    else admitting.push(place);
  }
  yield* admitting;
}

function conflict(one: Mode, other: Mode): boolean {
  return (CONFLICTS[one] & MODE_BIT[other]) !== 0;
}
