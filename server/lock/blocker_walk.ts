/**
 * Everybody in the way of many waiters, in a number of steps that grows as they do, not as their square: in
 * one mode of one name, whoever came later has all those in its way whom an earlier one has, so each is
 * looked at once.
 *
 * @module
 */
import type { Mode } from "../../client/protocol/modes.ts";
import { conflictingHolders } from "./blockers.ts";
import { Conversion, type Waiter } from "./conversion.ts";
import { CONFLICTS, MODE_BIT } from "./mode.ts";
import type { Place } from "./request.ts";
import type { Resource } from "./resource.ts";

/** What was looked at for one mode of one name. */
interface Walk {
  /** The conversions, or the waiters, from the first that was not looked at. */
  readonly rest: Iterator<Conversion | Place>;
  next: Conversion | Place | undefined;
  /** The lock that was passed over, since the first conversion is of it. */
  own: Place | undefined;
}

/** Goes through those in the way of one waiter after the other. Nothing may change meanwhile. */
export class BlockerWalk {
  readonly #requests = new Map<Resource, Map<Mode, Walk>>();
  readonly #conversions = new Map<Resource, Map<Mode, Walk>>();

  /**
   * Those in the way of a waiter, but for those who were in the way of one before it on the same name in the
   * same mode.
   */
  *of(waiter: Waiter): Generator<Place> {
    if (waiter instanceof Conversion) yield* this.#ofConversion(waiter);
    else for (const place of waiter.places) yield* this.#ofPlace(place);
  }

  *#ofPlace({ resource, mode, request }: Place): Generator<Place> {
    const known = walkOf(this.#requests, resource, mode);
    const walk = known ?? begin(this.#requests, { resource, mode, rest: resource.queue?.inOrder() ?? [] });
    if (!known) {
      yield* conflictingHolders(resource, mode);
      for (const { mode: wanted, place } of resource.conversions) if (conflict(mode, wanted)) yield place;
    }
    yield* before(walk, mode, request.arrival);
  }

  *#ofConversion({ resource, mode, place, arrival }: Conversion): Generator<Place> {
    const known = walkOf(this.#conversions, resource, mode);
    const walk = known ?? begin(this.#conversions, { resource, mode, rest: resource.conversions });
    if (!known) {
      walk.own = place;
      yield* conflictingHolders(resource, mode, place.request);
    } else if (walk.own && walk.own !== place) {
      if (conflict(mode, walk.own.mode)) yield walk.own;
      walk.own = undefined;
    }
    yield* before(walk, mode, arrival);
  }
}

/** Whoever of the rest came before `arrival` and is in the way of `mode`. */
function* before(walk: Walk, mode: Mode, arrival: number): Generator<Place> {
  for (;;) {
    const { next } = walk;
    if (!next || arrivalOf(next) >= arrival) return;
    walk.next = walk.rest.next().value;
    if (conflict(mode, next.mode)) yield next instanceof Conversion ? next.place : next;
  }
}

function arrivalOf(one: Conversion | Place): number {
  return one instanceof Conversion ? one.arrival : one.request.arrival;
}

function walkOf(walks: Map<Resource, Map<Mode, Walk>>, resource: Resource, mode: Mode): Walk | undefined {
  return walks.get(resource)?.get(mode);
}

function begin(
  walks: Map<Resource, Map<Mode, Walk>>,
  { resource, mode, rest }: { resource: Resource; mode: Mode; rest: Iterable<Conversion | Place> },
): Walk {
  const iterator = rest[Symbol.iterator]();
  const walk: Walk = { rest: iterator, next: iterator.next().value, own: undefined };
  let ofResource = walks.get(resource);
  if (!ofResource) walks.set(resource, ofResource = new Map());
  ofResource.set(mode, walk);
  return walk;
}

function conflict(one: Mode, other: Mode): boolean {
  return (CONFLICTS[one] & MODE_BIT[other]) !== 0;
}
