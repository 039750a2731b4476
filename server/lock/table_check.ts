/**
 * What is always true of a lock table between two commands, as a check. Tests and the simulation call it after every command; it costs
 * time in the number of requests, so production calls it only on demand.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { compatible, MODE_BIT } from "./mode.ts";
import type { LockRequest } from "./request.ts";
import type { Resource } from "./resource.ts";
import type { LockTable } from "./table.ts";

/**
 * Throws an AssertionError when a rule is broken. `waitsOutside` says of a name whether a waiter of it may be in the
 * way of nobody here because another process holds it.
 */
export function checkInvariants(
  table: LockTable,
  waitsOutside: (name: string) => boolean = () => false,
): void {
  let dated = 0;
  let known = 0;
  for (const [name, resource] of table.resources) {
    assert(resource.name === name, "a resource is filed under its name");
    assert(!resource.empty, `nobody holds or waits for ${name}, so the table has forgotten it`);
    checkHeld(resource);
    checkQueue(resource, waitsOutside(name));
    for (const request of requestsOf(resource)) {
      if (request.heapIndex !== -1) dated++;
      if (request.state === "withdrawn") continue;
      known++;
      assert(request.session.requests.get(request.id) === request, "a session knows its requests");
      assert(
        table.sessions.get(request.session.id) === request.session,
        "a request belongs to a living session",
      );
    }
  }
  assert(table.deadlines.size === dated, "every deadline belongs to a request that lives");
  for (const session of table.sessions.values()) {
    let waiting = 0;
    for (const request of session.requests.values()) {
      known--;
      if (request.state === "waiting") waiting++;
      assert(request.id <= session.highestId, "no request has an id above the highest one");
    }
    assert(waiting === session.waiting, "a session counts its waits");
  }
  assert(known === 0, "what a session knows stands in a resource");
}

function* requestsOf(resource: Resource): Generator<LockRequest> {
  yield* resource.held;
  if (resource.queue) yield* resource.queue.inOrder();
}

function checkHeld(resource: Resource): void {
  const held = [...resource.held];
  assert(held.length === resource.held.size, "a list counts its requests");
  let modes = 0;
  held.forEach((one, index) => {
    modes |= MODE_BIT[one.mode];
    assert(one.resource === resource, "a request stands in its own resource");
    assert(one.state !== "waiting" && one.state !== "ended", "what is in `held` reserves its mode");
    assert((one.state === "held") === one.token > 0, "a lock in force has a token, and nothing else has");
    assert(one.state === "admitting" || one.heapIndex === -1, "what does not wait has no deadline");
    for (const other of held.slice(index + 1)) {
      assert(
        compatible(one.mode, other.mode),
        `${resource.name} is not held in ${one.mode} and ${other.mode} at once`,
      );
    }
  });
  assert(modes === resource.heldModes, "heldModes is the set of held modes");
}

function checkQueue(resource: Resource, waitsOutside: boolean): void {
  const waiters = [...(resource.queue?.inOrder() ?? [])];
  assert(waiters.length === resource.waiting, "a queue counts its waiters");
  waiters.forEach((waiter, index) => {
    assert(waiter.state === "waiting" && waiter.resource === resource, "what is queued waits here");
    assert(
      index === 0 || (waiters[index - 1] as LockRequest).arrival < waiter.arrival,
      "a queue is in order of arrival",
    );
    assert((waiter.dueMs === Infinity) === (waiter.heapIndex === -1), "a wait with an end has a deadline");
    if (waitsOutside) return;
    const blocked = [...resource.held, ...waiters.slice(0, index)].some((other) =>
      !compatible(other.mode, waiter.mode)
    );
    assert(blocked, `request ${waiter.id} waits for ${resource.name} although nothing is in its way`);
  });
}
