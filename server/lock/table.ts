/**
 * The lock table of one daemon: the commands of its sessions. Pure and synchronous: commands with the time
 * come in, effects go to the sink, and {@link Claims} says whether the world outside agrees. Who gets what,
 * when, is `granting.ts`; what is always true between two commands stands, line for line, in
 * `table_check.ts`.
 *
 * @module
 */
import type { CancelledState, ClientProfile, LossReason } from "../../client/protocol/messages.ts";
import { assert } from "../base/assert.ts";
import { Answers } from "./answers.ts";
import type { Admission, Claims, Refusal } from "./claims.ts";
import type { Acquire, Break, Convert, LockCommand, Renew, SetValue } from "./commands.ts";
import { Conversion } from "./conversion.ts";
import type { EffectSink, Happening, SessionId } from "./effect.ts";
import { Endings } from "./endings.ts";
import { Granting } from "./granting.ts";
import { covers } from "./mode.ts";
import { type LockTableLimits, refuseConversion, refuseLock, refuseRepeat, refuseValue } from "./refusals.ts";
import { LockRequest, Place } from "./request.ts";
import type { Resource } from "./resource.ts";
import { SessionLocks } from "./session_locks.ts";

export { TRY_ADMISSION_MS } from "./claims.ts";

/** What a table is made with. */
export interface LockTableOptions {
  readonly claims: Claims;
  readonly effects: EffectSink;
  readonly limits: LockTableLimits;
  /** Milliseconds since 1970 at monotonic zero, for points in time that people read. */
  readonly epochMs: number;
}

/** The lock table. */
export class LockTable {
  readonly sessions = new Map<SessionId, SessionLocks>();
  /** What ends locks and waits without the wish of their sessions. */
  readonly #endings: Endings;
  readonly #claims: Claims;
  readonly #granting: Granting;
  readonly #answers: Answers;
  readonly #limits: LockTableLimits;
  readonly #epochMs: number;
  #arrivals = 0;

  constructor({ claims, effects, limits, epochMs }: LockTableOptions) {
    this.#answers = new Answers(effects, { epochMs, world: claims });
    this.#claims = claims;
    this.#granting = new Granting(claims, this.#answers, limits);
    this.#endings = new Endings({
      granting: this.#granting,
      answers: this.#answers,
      sessions: this.sessions,
      epochMs,
    });
    this.#limits = limits;
    this.#epochMs = epochMs;
  }

  /** The names that anybody holds or waits for. */
  get resources(): ReadonlyMap<string, Resource> {
    return this.#granting.resources;
  }

  /** How many deadlines are pending, for the check. */
  get deadlineCount(): number {
    return this.#granting.deadlines.size;
  }

  /** When {@link expire} has something to do: monotonic milliseconds, or Infinity. */
  get nextDueMs(): number {
    return this.#granting.deadlines.nextMs();
  }

  /** How many locks are in force. */
  get lockCount(): number {
    return this.#granting.lockCount;
  }

  /** Has `watcher` told what happens to which name; undefined ends it. */
  watch(watcher: ((happening: Happening) => void) | undefined): void {
    this.#answers.onHappening = watcher;
  }

  /** Makes a session known, which outlives its connection for `graceMs`. */
  openSession(id: SessionId, client: ClientProfile | undefined, graceMs = 0): void {
    assert(!this.sessions.has(id), "a session is opened once");
    this.sessions.set(id, new SessionLocks(id, client, graceMs));
  }

  /** Ends a session with all that it holds and waits for. Says nothing to the session itself. */
  endSession(id: SessionId, now: number): void {
    const session = this.sessions.get(id);
    if (!session) return;
    this.sessions.delete(id);
    const touched = new Set<Resource>();
    for (const request of [...session.requests.values()]) {
      for (const { resource } of request.places) touched.add(resource);
      if (request.state === "held") this.#answers.happened("lost", request, "session");
      else this.#answers.gaveUp(request, "session");
      this.#granting.end(request, "died");
    }
    for (const resource of touched) this.#granting.resettle(resource, now);
  }

  /** Grants, queues or refuses; the effect says which, at once or later. */
  acquire(wanted: Acquire, now: number): void {
    const session = this.sessions.get(wanted.session);
    if (!session) return this.#refuseUnknown(wanted);
    const living = session.requests.get(wanted.request);
    const repeats = wanted.request <= session.highestId || session.conversions.has(wanted.request);
    const refusal = repeats ? refuseRepeat(session, wanted) : refuseLock(session, wanted, this.#limits);
    session.highestId = Math.max(session.highestId, wanted.request);
    if (refusal) return this.#answers.refused(session.id, wanted.request, refusal);
    if (living) return living.state === "held" ? this.#answers.granted(living, false) : undefined;
    const request = new LockRequest(session, wanted, ++this.#arrivals, now);
    const names = wanted.names.length > 1 ? [...wanted.names].sort() : wanted.names;
    request.places = names.map((name) => new Place(request, this.#granting.resource(name), wanted.mode));
    this.#granting.decide(request, now);
  }

  /** Ends a lock, if the session holds it. */
  release(command: LockCommand, now: number): void {
    const held = this.#held(command, "release");
    if (!held) return;
    this.#granting.converting.abort(held);
    this.#granting.end(held, "released");
    this.#answers.released(command.session, command.request, command.lock);
    this.#answers.happened("released", held);
    this.#endings.resettle(held, now);
  }

  /**
   * Ends the locks of a session that it asked for before the command, as a release ends one, and says how
   * many there were: so the command, sent once more, frees none that came later. What it waits for goes on
   * waiting.
   */
  releaseAll(id: SessionId, command: number, now: number): void {
    const requests = [...this.sessions.get(id)?.requests.values() ?? []];
    const held = requests.filter((request) => request.state === "held" && request.id < command);
    for (const request of held) {
      this.#granting.converting.abort(request);
      this.#granting.end(request, "released");
      this.#answers.happened("released", request);
    }
    // Told before the session's own waits are granted, so that nobody takes those for released.
    this.#answers.releasedAll(id, command, held.length);
    for (const request of held) this.#endings.resettle(request, now);
  }

  /** Converts a lock, in place: it is held in the old mode until it is held in the new one. */
  convert(command: Convert, now: number): void {
    const { session, request: id, mode, waitMs } = command;
    const held = this.#held(command, "convert");
    if (!held) return;
    const { place, conversion } = held;
    if (conversion?.id === id && conversion.mode === mode) return;
    const refusal = refuseConversion(held, command);
    if (refusal) return this.#answers.refused(session, id, refusal);
    if (covers(place.mode, mode)) {
      // Downward, or where it is already: nobody can be in the way, and the token stays good for it.
      if (place.valueOpen && covers("CW", mode)) this.#granting.closeValue(place, "released");
      const changes = place.mode !== mode;
      if (changes) place.resource.change(place, mode);
      this.#answers.converted(id, place);
      if (!changes) return;
      this.#answers.happened("converted", held);
      return this.#granting.resettle(place.resource, now);
    }
    this.#granting.converting.convert(new Conversion(place, id, mode, waitMs, ++this.#arrivals, now), now);
  }

  /** Lets a lock live longer; never beyond its longest hold. */
  renew(command: Renew, now: number): void {
    const held = this.#held(command, "renew");
    if (!held) return;
    if (command.ttlMs !== undefined) held.ttlMs = command.ttlMs;
    this.#granting.armExpiry(held, now);
    this.#answers.renewed(command.request, held, now);
  }

  /** Leaves a value for later holders. */
  setValue(command: SetValue): void {
    const { session, request, lock } = command;
    const held = this.#held(command, "set a value with");
    if (!held) return;
    const { place } = held;
    const refusal = refuseValue(held) ?? this.#claims.setValue(command, place.resource.name);
    if (refusal !== undefined && refusal !== "later") return this.#answers.refused(session, request, refusal);
    place.valueOpen = true;
    if (refusal !== "later") this.#answers.valueSet(session, request, lock);
  }

  /** The answer to a value whose setting came `"later"`. */
  valueSet({ session, request, lock }: SetValue, refusal: Refusal | undefined): void {
    if (refusal) this.#answers.refused(session, request, refusal);
    else this.#answers.valueSet(session, request, lock);
  }

  /** The lock of a session, if it is held. */
  lockOf({ session, lock }: Pick<LockCommand, "session" | "lock">): LockRequest | undefined {
    const held = this.sessions.get(session)?.requests.get(lock);
    return held?.state === "held" ? held : undefined;
  }

  /** Makes sure that an acquire, or a convert, neither is nor becomes a grant, and says what it was. */
  cancel(id: SessionId, target: number, now: number): CancelledState {
    const session = this.sessions.get(id);
    const conversion = session?.conversions.get(target);
    if (conversion) return this.#cancelConversion(conversion, now);
    const request = session?.requests.get(target);
    if (!request) {
      // An acquire that comes after its own cancel must not be granted either.
      if (session) session.highestId = Math.max(session.highestId, target);
      return "ended";
    }
    const was = request.state === "held" ? "held" : "waiting";
    if (was === "waiting") {
      this.#endings.giveUp(request, { code: "CANCELLED", message: "Stopped waiting: cancelled" });
    } else {
      this.#granting.converting.abort(request);
      this.#answers.happened("released", request);
    }
    this.#granting.end(request, "died");
    this.#endings.resettle(request, now);
    return was;
  }

  /** Does what is due: ends waits, warns holders, ends locks. */
  expire(now: number): void {
    this.#endings.expire(now);
  }

  /** Ends locks of others; see {@link Endings}. */
  break(command: Break, now: number): void {
    this.#endings.break(command, now);
  }

  /** The claim on a name is gone; see {@link Endings}. */
  lose(name: string, reason: LossReason, now: number): void {
    this.#endings.lose(name, reason, now);
  }

  /** Ends every wait with that refusal; see {@link Endings}. */
  refuseWaiters(refusal: Refusal, now: number): void {
    this.#endings.refuseWaiters(refusal, now);
  }

  /** What other processes hold of a name may have changed: grants what can be granted. */
  retry(name: string, now: number): void {
    const resource = this.resources.get(name);
    if (resource) this.#granting.resettle(resource, now);
  }

  /** The answer to an admission that came `"later"`. */
  admitted(what: Place | Conversion, answer: Exclude<Admission, "later">, now: number): void {
    if (what instanceof Place) this.#granting.admitted(what, answer, now);
    else this.#granting.converting.admitted(what, answer, now);
  }

  #held({ session, request, lock }: LockCommand, verb: string): LockRequest | undefined {
    const held = this.lockOf({ session, lock });
    if (held) return held;
    const message = `Cannot ${verb} ${lock}: the session holds no such lock`;
    this.#answers.refused(session, request, { code: "NOT_HELD", message });
    return undefined;
  }

  #refuseUnknown({ session, request }: Acquire): void {
    this.#answers.refused(session, request, {
      code: "SESSION_GONE",
      message: "Cannot lock: the session has ended",
    });
  }

  #cancelConversion(conversion: Conversion, now: number): CancelledState {
    const { request: { session }, id, place: { resource } } = conversion;
    this.#answers.refused(session.id, id, {
      code: "CANCELLED",
      message: `Stopped converting ${resource.name}: cancelled`,
    });
    this.#granting.converting.end(conversion);
    this.#granting.resettle(resource, now);
    return "waiting";
  }
}
