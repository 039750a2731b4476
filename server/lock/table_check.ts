/**
 * What is always true of a lock table between two commands, as a check. Tests and the simulation call it
 * after every command; it costs time in the number of requests, so production calls it only on demand.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { blockersOf } from "./blockers.ts";
import type { Waiter } from "./conversion.ts";
import { compatible, MODE_BIT } from "./mode.ts";
import type { LockRequest, Place } from "./request.ts";
import type { Resource } from "./resource.ts";
import type { SessionLocks } from "./session_locks.ts";
import type { LockTable } from "./table.ts";

/**
 * Throws an AssertionError when a rule is broken. `waitsOutside` says of a name whether a waiter of it may be
 * in the way of nobody here because another process holds it.
 */
export function checkInvariants(
  table: LockTable,
  waitsOutside: (name: string) => boolean = () => false,
): void {
  let places = 0;
  let dated = 0;
  let locks = 0;
  for (const session of table.sessions.values()) {
    checkSession(session, waitsOutside);
    for (const request of session.requests.values()) {
      places += request.places.length;
      if (request.state === "held") locks++;
    }
    for (const waiter of waitersOf(session)) if (waiter.heapIndex !== -1) dated++;
  }
  for (const [name, resource] of table.resources) {
    assert(resource.name === name, "a resource is filed under its name");
    assert(!resource.empty, `nobody holds or waits for ${name}, so the table has forgotten it`);
    places -= checkHeld(resource) + checkQueue(resource);
  }
  assert(
    places === 0,
    "what stands in a resource belongs to a request of a session, and the other way round",
  );
  assert(table.deadlineCount === dated, "every deadline belongs to something that lives");
  assert(table.lockCount === locks, "the locks in force are counted");
}

function waitersOf({ requests, conversions }: SessionLocks): Waiter[] {
  return [...requests.values(), ...conversions.values()];
}

function checkSession(session: SessionLocks, waitsOutside: (name: string) => boolean): void {
  let [waiting, names] = [0, 0];
  for (const [id, request] of session.requests) {
    assert(request.id === id && request.session === session, "a session knows its requests by their ids");
    assert(id <= session.highestId, "no request has an id above the highest one");
    assert(request.state !== "ended", "what has ended is forgotten");
    names += request.places.length;
    if (request.state === "held") {
      assert(request.places.every(({ token }) => token > 0), "what is in force has its tokens");
      assert(
        (request.endsMs === Infinity) === (request.heapIndex === -1),
        "a lock with an end has a deadline",
      );
    } else checkDeadline(request);
    if (request.state !== "waiting") continue;
    waiting += request.places.length;
    checkBlocked(request, request.places, waitsOutside);
  }
  for (const [id, conversion] of session.conversions) {
    const { request, place, state } = conversion;
    assert(
      conversion.id === id && request.conversion === conversion,
      "a lock knows the conversion that it is in",
    );
    assert(request.state === "held" && state !== "ended", "what is held can be converted");
    assert(place.resource.conversions.includes(conversion), "a resource knows its conversions");
    checkDeadline(conversion);
    if (state !== "waiting") continue;
    waiting++;
    checkBlocked(conversion, [place], waitsOutside);
  }
  assert(names === session.names, "a session counts its names");
  checkOwners(session);
  assert(waiting === session.waiting, "a session counts its waits");
}

function checkOwners({ requests, requestsOfOwner, waitsOfOwner }: SessionLocks): void {
  let owned = 0;
  for (const request of requests.values()) {
    const { wanted: { owner } } = request;
    if (owner === undefined) continue;
    owned++;
    assert(requestsOfOwner.get(owner)?.has(request), "a session knows the requests of its owners");
  }
  for (const ofOwner of requestsOfOwner.values()) owned -= ofOwner.size;
  assert(owned === 0, "what has ended is no owner's any more");
  for (const [owner, waits] of waitsOfOwner) {
    const known = [...waits].every((waiter) => waiter.state === "waiting");
    assert(known && waits.size > 0 && requestsOfOwner.has(owner), "a session knows what its owners wait for");
  }
}

function checkDeadline({ dueMs, heapIndex }: Waiter): void {
  assert((dueMs === Infinity) === (heapIndex === -1), "a wait with an end has a deadline");
}

/** No lost wake-up: what waits has somebody in its way. */
function checkBlocked(
  waiter: Waiter,
  places: readonly Place[],
  waitsOutside: (name: string) => boolean,
): void {
  const resources = places.map(({ resource }) => resource);
  if (resources.some(({ name }) => waitsOutside(name))) return;
  const orphans = resources.some(({ held }) => [...held].some(({ orphan }) => orphan));
  const blocked = orphans || !blockersOf(waiter).next().done;
  assert(blocked, `request ${waiter.id} waits for ${resources[0]?.name} although nothing is in its way`);
}

/** Answers how many places of living requests are held. */
function checkHeld(resource: Resource): number {
  const held = [...resource.held];
  assert(held.length === resource.held.size, "a list counts its places");
  let modes = 0;
  held.forEach((one, index) => {
    modes |= MODE_BIT[one.mode];
    assert(one.resource === resource, "a place stands in its own resource");
    assert(one.orphan || isReserving(one.request), "what is in `held` reserves its mode");
    assert(!one.orphan || one.asked, "an orphan waits for the answer of its claim");
    for (const other of held.slice(index + 1)) {
      assert(
        compatible(one.mode, other.mode),
        `${resource.name} is not held in ${one.mode} and ${other.mode} at once`,
      );
    }
  });
  assert(modes === resource.heldModes, "heldModes is the set of held modes");
  const converting = resource.conversions.reduce((set, { mode }) => set | MODE_BIT[mode], 0);
  assert(
    converting === resource.convertingModes,
    "convertingModes is the set of modes that conversions are to have",
  );
  return held.filter(({ orphan }) => !orphan).length;
}

function isReserving({ state }: LockRequest): boolean {
  return state === "held" || state === "admitting";
}

/** Answers how many places are queued. */
function checkQueue(resource: Resource): number {
  const waiters = [...(resource.queue?.inOrder() ?? [])];
  assert(waiters.length === resource.waiting, "a queue counts its waiters");
  waiters.forEach((waiter, index) => {
    assert(waiter.request.state === "waiting" && waiter.resource === resource, "what is queued waits here");
    const before = waiters[index - 1]?.request.arrival ?? 0;
    assert(before < waiter.request.arrival, "a queue is in order of arrival");
  });
  return waiters.length;
}
