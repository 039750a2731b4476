/**
 * Who gets what, when: takes newcomers in, and goes through those who wait whenever something ended. The
 * states of requests and conversions change here and nowhere else; `request.ts` and `conversion.ts` draw
 * them.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { Deadlines } from "../base/deadlines.ts";
import type { Answers } from "./answers.ts";
import { type Admission, checkedToken, type Claims, type Refusal, TRY_ADMISSION_MS } from "./claims.ts";
import type { Waiter } from "./conversion.ts";
import { Converting, notifyHolders } from "./converting.ts";
import { MODE_BIT, union } from "./mode.ts";
import type { WaitQueue } from "./queue.ts";
import { type LockTableLimits, refuseWait } from "./refusals.ts";
import { type LockRequest, Place } from "./request.ts";
import { type Outcome, Reservations } from "./reservations.ts";
import { Resource } from "./resource.ts";
import { findCycle } from "./wait_graph.ts";

/**
 * Who is not to be asked for again, since the world outside refused it just now: modes of the name, and a
 * request.
 */
export interface Refused {
  readonly modes: number;
  readonly request?: LockRequest;
}

const NOBODY: Refused = { modes: 0 };
interface Promotion {
  readonly now: number;
  readonly passed: Refused;
  /** Resources that are to be gone through after this one. */
  readonly touched: Set<Resource>;
}

/** Grants, queues and refuses for one lock table. */
export class Granting {
  readonly resources = new Map<string, Resource>();
  readonly deadlines = new Deadlines<Waiter>();
  /** Locks on their way to another mode. */
  readonly converting: Converting;
  /** How many locks are in force; one of several names counts once. */
  lockCount = 0;
  readonly #claims: Claims;
  readonly #reservations: Reservations;
  readonly #answers: Answers;
  readonly #limits: LockTableLimits;

  constructor(claims: Claims, answers: Answers, limits: LockTableLimits) {
    this.#claims = claims;
    this.#reservations = new Reservations(claims);
    this.#answers = answers;
    this.#limits = limits;
    const { deadlines } = this;
    this.converting = new Converting({
      claims,
      answers,
      deadlines,
      limits,
      resettle: (resource, now, modes) => this.resettle(resource, now, { modes }),
    });
  }

  /** The resource of a name, made if nobody held or waited for it. */
  resource(name: string): Resource {
    let resource = this.resources.get(name);
    if (!resource) this.resources.set(name, resource = new Resource(name));
    return resource;
  }

  /** Grants, queues or refuses a newcomer. */
  decide(request: LockRequest, now: number): void {
    const { session, places, id } = request;
    const blocked = places.some(({ resource, mode }) => resource.blocks(mode));
    const outcome = blocked ? undefined : this.#reservations.take(request, now);
    if (outcome === "granted") {
      this.#grant(request, now);
      // Others may wait for the same outside holder that this one just found gone.
      for (const { resource } of places) if (resource.waiting > 0) this.resettle(resource, now);
    } else if (outcome === "later") this.#reserve(request, now);
    else if (outcome !== undefined && !(outcome instanceof Place)) {
      this.#answers.refused(session.id, id, outcome);
    } else if (request.wanted.waitMs === 0) this.#answers.blocked(request, "BUSY");
    else {
      const refusal = refuseWait(request, this.#limits);
      const cycle = refusal ? undefined : findCycle(request);
      if (refusal) this.#answers.refused(session.id, id, refusal);
      else if (cycle) this.#answers.deadlocked(request, cycle);
      else this.#wait(request, outcome, now);
    }
    for (const { resource } of places) if (resource.empty) this.resources.delete(resource.name);
  }

  /**
   * Takes a request out of everything, but for places whose claim is still being asked for. `how` says
   * whether its holder wished it.
   */
  end(request: LockRequest, how: "released" | "died"): void {
    const { session, places, state } = request;
    assert(state !== "ended", "only what lives can end");
    if (request.conversion) this.converting.end(request.conversion);
    this.#forget(request);
    if (state === "waiting") {
      for (const place of places) place.resource.queue?.remove(place);
      return session.waitedEnough(request);
    }
    for (const place of places) {
      if (place.valueOpen) this.closeValue(place, how);
      this.#reservations.giveUp(place);
    }
    if (state === "held") this.lockCount--;
  }

  /** The holder who set a value is done with it. */
  closeValue(place: Place, how: "released" | "died"): void {
    place.valueOpen = false;
    this.#claims.closeValue(place.resource.name, how);
  }

  /**
   * After something ended: does the conversions and grants the waiters that it stood in the way of, then lets
   * the claim shrink to what is held; at its name, and at those of whatever ends meanwhile. `refused` is
   * passed over until `Claims.awaitOutside` says so.
   */
  resettle({ name }: Resource, now: number, refused = NOBODY): void {
    const resource = this.resources.get(name);
    // What answers late may be about a name that everybody has left.
    if (!resource) return this.#claims.settle(name, "NL", now);
    const touched = new Set([resource]);
    // A set that grows while it is gone through is gone through to its new end.
    for (const each of touched) {
      touched.delete(each);
      const passed = each === resource ? refused : NOBODY;
      if (each.conversions.length > 0) this.converting.promote(each, now, passed.modes);
      if (each.queue?.size) this.#promote(each, each.queue, { now, passed, touched });
      this.#claims.settle(each.name, union(each.claimedModes), now);
      if (each.empty) this.resources.delete(each.name);
    }
  }

  /** The answer for a place whose admission came `"later"`. */
  admitted(place: Place, answer: Exclude<Admission, "later">, now: number): void {
    assert(place.asked, "only what was asked for is admitted");
    const { request, resource } = place;
    place.asked = false;
    if (place.orphan) resource.drop(place);
    else if (typeof answer !== "number") {
      resource.drop(place);
      return this.setBack(place, answer, now);
    } else {
      place.token = checkedToken(answer);
      if (!request.places.some(({ asked }) => asked)) this.#grant(request, now);
    }
    this.resettle(resource, now);
  }

  /**
   * An ADMITTING request does not get the claim of one of its places: all are given back, and it waits again,
   * or ends.
   */
  setBack(place: Place, answer: "outside" | Refusal, now: number): void {
    const { request } = place;
    const { session, id, wanted: { waitMs } } = request;
    const waits = answer === "outside" && waitMs > 0;
    this.#reservations.giveBack(request, now);
    request.state = "waiting";
    if (waits) {
      this.#wait(request, place, now);
      // Conversions that waited for it go before it from now on.
      for (const { resource } of request.places) this.converting.refuseCircles(resource);
    } else {
      if (answer === "outside") this.#answers.blocked(request, "BUSY");
      else this.#answers.refused(session.id, id, answer);
      this.#answers.gaveUp(request);
      this.#forget(request);
    }
    for (const { resource } of request.places) {
      const modes = waits && resource === place.resource ? MODE_BIT[place.mode] : 0;
      this.resettle(resource, now, { modes, request });
    }
  }

  /** Sets when a held lock ends by itself, from now on. */
  armExpiry(request: LockRequest, now: number): void {
    this.deadlines.remove(request);
    request.startLife(now);
    if (request.endsMs !== Infinity) this.deadlines.add(request);
  }

  #grant(request: LockRequest, now: number): void {
    request.state = "held";
    request.sinceMs = now;
    for (const place of request.places) {
      place.token = place.resource.newestToken(place.token);
      place.value = this.#claims.value(place.resource.name);
    }
    request.session.add(request);
    this.lockCount++;
    this.armExpiry(request, now);
    this.#answers.granted(request, true);
  }

  /** Keeps the place of a request whose claim answers later. */
  #reserve(request: LockRequest, now: number): void {
    request.state = "admitting";
    request.session.add(request);
    if (request.heapIndex !== -1) return;
    if (request.wanted.waitMs === 0) request.dueMs = now + TRY_ADMISSION_MS;
    if (request.dueMs !== Infinity) this.deadlines.add(request);
  }

  /** Queues a request; `outside` is the place that another process is in the way of, if one is. */
  #wait(request: LockRequest, outside: Place | undefined, now: number): void {
    request.state = "waiting";
    request.session.add(request);
    request.session.waits(request);
    for (const place of request.places) place.resource.enqueue(place);
    if (request.dueMs !== Infinity && request.heapIndex === -1) this.deadlines.add(request);
    if (outside) this.#claims.awaitOutside(outside.resource.name, outside.mode, now);
    if (request.hasWaited) return;
    request.hasWaited = true;
    this.#answers.happened("waiting", request);
    for (const place of request.places) notifyHolders(this.#answers, place, place.mode);
  }

  #promote(resource: Resource, queue: WaitQueue, { now, passed, touched }: Promotion): void {
    let { modes } = passed;
    const tried = new Set([passed.request]);
    const ready = ({ request }: Place) => {
      return !tried.has(request) &&
        request.places.every((other) => other.resource === resource || other.resource.lets(other));
    };
    for (;;) {
      const head = queue.next(resource.modesAhead, modes, ready);
      if (!head) return;
      const { request } = head;
      for (const place of request.places) place.resource.queue?.remove(place);
      const outcome = this.#reservations.take(request, now);
      if (outcome instanceof Place) {
        for (const place of request.places) place.resource.enqueue(place);
        tried.add(request);
        if (request.places.length === 1) modes |= MODE_BIT[head.mode];
        this.#claims.awaitOutside(outcome.resource.name, outcome.mode, now);
        continue;
      }
      this.#decided(request, outcome, now);
      if (outcome === "granted" || outcome === "later") continue;
      // Those behind it at its other names have one less before them. One that was gone through already comes
      // to the end anew.
      for (const { resource: other } of request.places) {
        touched.delete(other);
        if (other !== resource) touched.add(other);
      }
    }
  }

  /** What becomes of a request that left its queues. */
  #decided(request: LockRequest, outcome: Exclude<Outcome, Place>, now: number): void {
    const { session, id } = request;
    session.waitedEnough(request);
    if (outcome === "later") return this.#reserve(request, now);
    if (outcome === "granted") return this.#grant(request, now);
    this.#answers.refused(session.id, id, outcome);
    this.#answers.gaveUp(request);
    this.#forget(request);
  }

  #forget(request: LockRequest): void {
    this.deadlines.remove(request);
    request.session.remove(request);
    request.state = "ended";
  }
}
