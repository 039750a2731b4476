/**
 * Puts into words what the lock table decided: effects for the sessions concerned, happenings for those who
 * watch.
 *
 * @module
 */
import { BLOCKED_BY_MAX } from "../../client/protocol/limits.ts";
import type { LossReason, Party } from "../../client/protocol/messages.ts";
import { blockersOf } from "./blockers.ts";
import type { Claims, Refusal } from "./claims.ts";
import { Conversion, type Waiter } from "./conversion.ts";
import { describeBlockers, describeCycle, describeWish, partyOf, wallTime } from "./description.ts";
import type { EffectSink, Fenced, Happening, SessionId } from "./effect.ts";
import type { LockRequest, Place } from "./request.ts";
import type { CycleStep } from "./wait_graph.ts";

/** Speaks for one lock table. */
export class Answers {
  readonly #emit: EffectSink;
  readonly #epochMs: number;
  /** Hears what happens to which name; absent while nobody watches, since describing costs time. */
  onHappening: ((happening: Happening) => void) | undefined = undefined;

  readonly #world: Pick<Claims, "available" | "outsideHolder">;

  /**
   * `epochMs` is the wall clock at monotonic zero, in milliseconds since 1970; `world` knows who holds a name
   * elsewhere.
   */
  constructor(
    emit: EffectSink,
    { epochMs, world }: { epochMs: number; world: Pick<Claims, "available" | "outsideHolder"> },
  ) {
    this.#emit = emit;
    this.#epochMs = epochMs;
    this.#world = world;
  }

  /** The request is held; `anew` is false when it only was asked for again. */
  granted(request: LockRequest, anew: boolean): void {
    const { session, id, place, places } = request;
    const expires = wallTime(request.endsMs, this.#epochMs);
    const fenced: [Fenced, ...Fenced[]] = [fencedPlace(place)];
    for (let index = 1; index < places.length; index++) fenced.push(fencedPlace(places[index] as Place));
    const grant = { type: "granted", session: session.id, request: id, mode: place.mode, fenced } as const;
    this.#emit(expires === undefined ? grant : { ...grant, expires });
    if (anew) this.happened("granted", request);
  }

  /** The request ended without a grant, or the command was not carried out. */
  refused(session: SessionId, request: number, { code, message }: Refusal): void {
    this.#emit({ type: "refused", session, request, code, message });
  }

  /**
   * It ended without a grant because of others, of this table or outside of it, or because its claim hangs.
   */
  blocked(waiter: Waiter, code: "BUSY" | "TIMEOUT"): void {
    const blockedBy: Party[] = [];
    const named = new Set<LockRequest>();
    let isHeld = false;
    for (const blocker of blockersOf(waiter)) {
      if (named.has(blocker.request)) continue;
      named.add(blocker.request);
      isHeld ||= blocker.request.state === "held";
      if (blockedBy.push(partyOf(blocker, this.#epochMs)) === BLOCKED_BY_MAX) break;
    }
    if (!isHeld && !this.#world.available) return this.#unavailable(waiter);
    if (blockedBy.length === 0) blockedBy.push(...this.#blockersOutside(waiter));
    const undecided = waiter.state === "admitting" && blockedBy.length === 0;
    const fault = undecided ? "the store has not decided yet" : describeBlockers(blockedBy);
    const message = `${whatCannot(waiter)}: ${fault}`;
    const blockedAt = placesOf(waiter).map(({ resource }) => resource.name);
    const refused = {
      type: "refused",
      session: sessionOf(waiter),
      request: waiter.id,
      code,
      message,
    } as const;
    this.#emit({ ...refused, blockedBy, blockedAt });
  }

  /** It would have waited for ever. */
  deadlocked(waiter: Waiter, steps: readonly CycleStep[]): void {
    const cycle = describeCycle(steps, this.#epochMs);
    const message = `${whatCannot(waiter)}: it would wait for itself, in a circle of ${cycle.length}`;
    this.#emit({
      type: "refused",
      session: sessionOf(waiter),
      request: waiter.id,
      code: "DEADLOCK",
      message,
      cycle,
    });
  }

  /** Nobody here holds what it waits for, and whoever would have to say who does is silent. */
  #unavailable(waiter: Waiter): void {
    const message = `${whatCannot(waiter)}: the store does not answer`;
    this.refused(sessionOf(waiter), waiter.id, { code: "STORE_UNAVAILABLE", message });
  }

  #blockersOutside(waiter: Waiter): Party[] {
    return placesOf(waiter).map(({ resource }) => this.#world.outsideHolder(resource.name)).filter((party) =>
      party !== undefined
    );
  }

  /** The set with the id `request` was carried out. */
  valueSet(session: SessionId, request: number, lock: number): void {
    this.#emit({ type: "value-set", session, request, lock });
  }

  /** The release with the id `request` was carried out. */
  released(session: SessionId, request: number, lock: number): void {
    this.#emit({ type: "released", session, request, lock });
  }

  /** The releaseAll with the id `request` gave so many locks back. */
  releasedAll(session: SessionId, request: number, locks: number): void {
    this.#emit({ type: "released-all", session, request, locks });
  }

  /** A lock has the mode that the convert with the id `request` asked for. */
  converted(request: number, { request: { session, id }, mode, token }: Place): void {
    this.#emit({ type: "converted", session: session.id, request, lock: id, mode, token });
  }

  /** A lock lives longer, as the renew with the id `request` asked for. */
  renewed(request: number, { session, id, endsMs }: LockRequest, now: number): void {
    const expires = wallTime(endsMs, this.#epochMs);
    const answer = { type: "renewed", session: session.id, request, lock: id } as const;
    // Rounded down: a holder may think that it has less time, never that it has more.
    const expiresInMs = Math.max(0, Math.floor(endsMs - now));
    this.#emit(expires === undefined ? answer : { ...answer, expires, expiresInMs });
  }

  /** The break with the id `request` ended those locks. */
  broke(session: SessionId, request: number, parties: readonly Party[]): void {
    this.#emit({ type: "broken", session, request, parties });
  }

  /** The lock will end soon. */
  expiring({ session, id, endsMs }: LockRequest, now: number): void {
    this.#emit({
      type: "expiring",
      session: session.id,
      lock: id,
      expiresInMs: Math.max(0, Math.round(endsMs - now)),
    });
  }

  /** Tells a holder who waits for what it has. */
  yieldTo(holder: Place, waiter: Place): void {
    const { session, id } = holder.request;
    const by = partyOf(waiter, this.#epochMs);
    this.#emit({ type: "yield", session: session.id, lock: id, name: holder.resource.name, by });
  }

  /** The lock ended and its holder did not release it. `place` is where it happened. */
  lost(place: Place, reason: LossReason, why?: string): void {
    const { request: { session, id }, resource: { name }, token } = place;
    this.#emit({ type: "lost", session: session.id, lock: id, name, token, reason });
    this.happened(reason === "broken" ? "broken" : "lost", place.request, why ?? reason);
  }

  /** Tells those who watch that a wait, if it was one, is over. */
  gaveUp(request: LockRequest, reason?: string): void {
    if (request.hasWaited) this.happened("gave-up", request, reason);
  }

  /** Tells those who watch. */
  happened(what: Happening["what"], { places }: LockRequest, reason?: string): void {
    if (!this.onHappening) return;
    for (const place of places) {
      const happening = { what, name: place.resource.name, party: partyOf(place, this.#epochMs) };
      this.onHappening(reason === undefined ? happening : { ...happening, reason });
    }
  }
}

function fencedPlace({ resource: { name }, token, value }: Place): Fenced {
  return value === undefined ? { name, token } : { name, token, value };
}

function whatCannot(waiter: Waiter): string {
  if (!(waiter instanceof Conversion)) return `Cannot lock ${describeWish(waiter)}`;
  const { place: { resource, mode: from }, mode } = waiter;
  return `Cannot convert ${resource.name} from ${from} to ${mode}`;
}

function placesOf(waiter: Waiter): readonly Place[] {
  return waiter instanceof Conversion ? [waiter.place] : waiter.places;
}

function sessionOf(waiter: Waiter): SessionId {
  return waiter instanceof Conversion ? waiter.request.session.id : waiter.session.id;
}
