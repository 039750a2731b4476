/**
 * Who can be granted at some names, as a mirror has them: conversions first, then waiters in the order of
 * their arrival as far as nobody before them conflicts. The rules are those of the directory store's queue;
 * here nothing changes by looking. Pure.
 *
 * @module
 */
import { Conversion, type Waiter } from "../../lock/conversion.ts";
import { allConflict, CONFLICTS, MODE_BIT } from "../../lock/mode.ts";
import type { LockRequest, Place } from "../../lock/request.ts";
import type { Resource } from "../../lock/resource.ts";

/**
 * Those who can be granted at a name once `leaving` has let go; none that wait for somebody at another name.
 */
export function* heirsOf(resource: Resource, leaving?: LockRequest): Generator<Waiter> {
  let held = heldModes(resource, leaving);
  let converting = 0;
  for (const conversion of resource.conversions) {
    const { place, mode } = conversion;
    const others = resource.conversions.length === 0 ? held : heldModes(resource, leaving, place);
    if (((CONFLICTS[mode] & (others | converting)) === 0) && conversion.request !== leaving) {
      held |= MODE_BIT[mode];
      yield conversion;
    }
    converting |= MODE_BIT[mode];
  }
  const { queue } = resource;
  if (!queue?.size) return;
  let ahead = held | converting;
  for (const place of queue.inOrder()) {
    const { mode, request } = place;
    if (
      (CONFLICTS[mode] & ahead) === 0 && request.places.every((other) => isFree(other, resource, leaving))
    ) {
      yield request;
    }
    ahead |= MODE_BIT[mode];
    if (allConflict(queue.modes, ahead)) return;
  }
}

/** Whether a waiter is one that could be granted now. */
export function isHeir(waiter: Waiter): boolean {
  const resources = waiter instanceof Conversion
    ? [waiter.resource]
    : waiter.places.map(({ resource }) => resource);
  return resources.every((resource) => heirsOf(resource).some((heir) => heir === waiter));
}

function isFree(
  { resource, mode, request: { arrival } }: Place,
  but: Resource,
  leaving?: LockRequest,
): boolean {
  if (resource === but) return true;
  const ahead = heldModes(resource, leaving) | resource.convertingModes;
  return (CONFLICTS[mode] & ahead) === 0 && !resource.queue?.conflictsBefore(mode, arrival);
}

function heldModes(resource: Resource, leaving?: LockRequest, converted?: Place): number {
  const own = leaving?.places.find((place) => place.resource === resource);
  if (!own && !converted) return resource.heldModes;
  if (own && !converted) return resource.heldModesWithout(own);
  let modes = 0;
  for (const place of resource.held) if (place !== own && place !== converted) modes |= MODE_BIT[place.mode];
  return modes;
}
