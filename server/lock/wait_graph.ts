/**
 * Deadlocks among *actors*: an owner (all requests of a session that carry its name), or a request without an
 * owner, alone. An actor waits for another one when anything of it waits for anything that the other holds,
 * or waits for ahead of it. A wait that closes a circle would never end, so it is refused before it begins;
 * and since a circle can only be closed by something that begins to wait, looking then is enough.
 *
 * This sees the sessions of one table: one daemon of a directory. A circle through two daemons is not found.
 *
 * Source: R. C. Holt, "Some Deadlock Properties of Computer Systems", ACM Computing Surveys 4 (3), 1972.
 *
 * @module
 */
import { BlockerWalk } from "./blocker_walk.ts";
import { Conversion, type Waiter } from "./conversion.ts";
import { anyConflict, MODE_BIT } from "./mode.ts";
import type { LockRequest, Place } from "./request.ts";

/** One step of a circle: `waiter` waits for `blocker`, who belongs to the next step's waiter. */
export interface CycleStep {
  readonly waiter: Waiter;
  readonly blocker: Place;
}

type Actor = LockRequest | string;

/**
 * The circle through the actor of `newcomer` that there would be if it waited, beginning with what that actor
 * waits for; undefined when there is none. A conversion is to stand in the list of its resource already,
 * since others wait for it there. A request without an owner has nothing that anybody could wait for, so it
 * is never refused; a conversion has its lock, so with or without an owner it may be.
 */
export function findCycle(newcomer: Waiter): CycleStep[] | undefined {
  if (!canBeWaitedFor(newcomer)) return undefined;
  const goal = actorOf(requestOf(newcomer));
  const seen = new Set<Actor>();
  const steps = new Map<Waiter, { readonly from: Waiter; readonly blocker: Place }>();
  const frontier = [...new Set([newcomer, ...waitsOf(requestOf(newcomer))])];
  const walk = new BlockerWalk();
  for (const waiter of frontier) {
    for (const blocker of walk.of(waiter)) {
      const actor = actorOf(blocker.request);
      if (actor === goal) return trace({ waiter, blocker }, steps);
      if (seen.has(actor)) continue;
      seen.add(actor);
      for (const next of waitsOf(blocker.request)) {
        steps.set(next, { from: waiter, blocker });
        frontier.push(next);
      }
    }
  }
  return undefined;
}

/**
 * Whether anybody could wait for the actor: for something that it has where the newcomer is to wait, or where
 * others wait for what conflicts with it. Most have nothing, and of most nobody wants what they have, so most
 * waits need no search.
 */
function canBeWaitedFor(newcomer: Waiter): boolean {
  const { session, wanted: { owner } } = requestOf(newcomer);
  const wantedNow = newcomer instanceof Conversion ? [newcomer.place] : newcomer.places;
  if (newcomer instanceof Conversion && isConversionWanted(newcomer)) return true;
  for (const { places } of (owner === undefined ? undefined : session.requestsOfOwner.get(owner)) ?? []) {
    for (const place of places) {
      if (place.request === newcomer || (newcomer instanceof Conversion && place === newcomer.place)) {
        continue;
      }
      if (isWanted(place) || wantedNow.some(({ resource }) => resource === place.resource)) return true;
    }
  }
  return false;
}

/**
 * Whether anybody waits for the lock that is to be converted, or behind its conversion, which is the last.
 */
function isConversionWanted({ resource, place, mode }: Conversion): boolean {
  const waiting = resource.queue?.modes ?? 0;
  if (anyConflict(MODE_BIT[place.mode] | MODE_BIT[mode], waiting)) return true;
  return resource.conversions.length > 1 && anyConflict(MODE_BIT[place.mode], resource.convertingModes);
}

function isWanted({ resource, mode, request: { conversion } }: Place): boolean {
  const modes = MODE_BIT[mode] | (conversion ? MODE_BIT[conversion.mode] : 0);
  return anyConflict(modes, resource.convertingModes | (resource.queue?.modes ?? 0));
}

function requestOf(waiter: Waiter): LockRequest {
  return waiter instanceof Conversion ? waiter.request : waiter;
}

/** Ids of sessions have no space. */
function actorOf(request: LockRequest): Actor {
  const { owner } = request.wanted;
  return owner === undefined ? request : `${request.session.id} ${owner}`;
}

/** All that the actor of a request waits for. */
export function waitsOf(request: LockRequest): Iterable<Waiter> {
  const { owner } = request.wanted;
  if (owner !== undefined) return request.session.waitsOfOwner.get(owner) ?? [];
  if (request.conversion) return [request.conversion];
  return request.state === "waiting" ? [request] : [];
}

function trace(
  last: CycleStep,
  steps: Map<Waiter, { readonly from: Waiter; readonly blocker: Place }>,
): CycleStep[] {
  const circle = [last];
  for (let step = steps.get(last.waiter); step; step = steps.get(step.from)) {
    circle.unshift({ waiter: step.from, blocker: step.blocker });
  }
  return circle;
}
