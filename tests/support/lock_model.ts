/**
 * What the lock table should do, said as plainly as can be: arrays, searched through for every question.
 * Written from the rules of `docs/protocol.md` § 3, not from the table, so that the two can be compared.
 *
 * Effects are words as in `lock_scenario.ts`, but a grant has its names (`+a1 x,y until 90`) and a BUSY or
 * TIMEOUT those in the way (`-a1 BUSY by b1 b2`).
 *
 * @module
 */
import type { Mode } from "../../client/protocol/modes.ts";
import { type Answer, type ModelLimits, ModelMoves, until, type World } from "./lock_model_moves.ts";
import {
  isNoStronger,
  type ModelConversion,
  ModelRequest,
  type ModelWish,
  type Orphan,
} from "./lock_model_parts.ts";

/** The lock table as arrays: what sessions ask, and what becomes due. */
export class LockModel extends ModelMoves {
  readonly #highest = new Map<string, number>();
  readonly #limits: ModelLimits;
  #arrivals = 0;

  constructor(world: World, limits: ModelLimits, tryMs: number) {
    super(world, tryMs);
    this.#limits = limits;
  }

  /** Sets the clock. */
  at(now: number): void {
    this.now = now;
  }

  /** What happened since it was asked last. */
  takeEffects(): string[] {
    const effects = this.effects;
    this.effects = [];
    return effects.sort();
  }

  find(session: string, id: number): ModelRequest | undefined {
    return this.requests.find(({ wish }) => wish.session === session && wish.id === id);
  }

  open(session: string): void {
    this.#highest.set(session, 0);
  }

  end(session: string): void {
    this.#highest.delete(session);
    const ended = this.requests.filter(({ wish }) => wish.session === session);
    for (const one of ended) this.remove(one);
    for (const name of new Set(ended.flatMap(({ names }) => names))) this.settle(name);
  }

  acquire(wish: ModelWish): void {
    const { session, id, mode, wait } = wish;
    const refuse = (code: string) => void this.effects.push(`-${session}${id} ${code}`);
    const highest = this.#highest.get(session);
    if (highest === undefined) return refuse("SESSION_GONE");
    this.#highest.set(session, Math.max(highest, id));
    const known = this.find(session, id);
    if (known) {
      const same = known.wish.mode === mode && known.names.join() === [...wish.names].sort().join();
      return same ? void (known.state === "held" && this.sayGrant(known)) : refuse("BAD_REQUEST");
    }
    if (this.#conversion(session, id)) return refuse("BAD_REQUEST");
    if (id <= highest) return refuse("NOT_HELD");
    const mine = this.requests.filter((one) => one.wish.session === session);
    const { locksPerSessionMax, queueLengthMax } = this.#limits;
    if (mine.flatMap(({ names }) => names).length + wish.names.length > locksPerSessionMax) {
      return refuse("LIMIT");
    }
    const request = new ModelRequest(wish, ++this.#arrivals, this.now);
    const answer = this.inTheWay(request).length > 0 ? undefined : this.askAll(request);
    if (typeof answer === "object" && answer.answer === "broken") return refuse("STORE_UNAVAILABLE");
    if (answer === "later") this.admitting(request);
    else if (answer === "yes") {
      this.grant(request);
      for (const name of request.names) if (this.queue(name).length > 0) this.settle(name);
    } else if (wait === 0) return refuse(`BUSY ${this.by(request)}`);
    else if (this.#waits(session) + wish.names.length > this.#limits.waitersPerSessionMax) refuse("LIMIT");
    else if (wish.names.some((name) => this.queue(name).length >= queueLengthMax)) refuse("QUEUE_FULL");
    else if (this.#closesCircle(request)) refuse("DEADLOCK");
    else this.wait(request);
  }

  release(session: string, request: number, lock: number): void {
    const held = this.#held(session, request, lock);
    if (!held) return;
    this.abort(held);
    this.effects.push(`=${session}${request} of ${lock}`);
    this.finish(held);
  }

  convert(session: string, wanted: { id: number; lock: number; mode: Mode; wait: number }): void {
    const { id, lock, mode } = wanted;
    const refuse = (code: string) => void this.effects.push(`-${session}${id} ${code}`);
    const held = this.#held(session, id, lock);
    if (!held) return;
    if (held.conversion?.id === id && held.conversion.mode === mode) return;
    const inUse = this.find(session, id) || this.#conversion(session, id);
    if (held.names.length > 1 || held.conversion || inUse) return refuse("BAD_REQUEST");
    if (isNoStronger(mode, held.mode)) {
      const changes = held.mode !== mode;
      this.sayConverted(held, id, mode);
      return changes ? this.settle(held.names[0] ?? "") : undefined;
    }
    this.#convert(held, wanted);
  }

  renew(session: string, request: number, { lock, ttl }: { lock: number; ttl?: number | undefined }): void {
    const held = this.#held(session, request, lock);
    if (!held) return;
    held.ttl = ttl ?? held.ttl;
    held.live(this.now);
    this.effects.push(`^${session}${lock}${until(held.ends)}`);
  }

  /** Ends the locks of the name that have the token that was meant; nothing when it is nobody's. */
  break(name: string, meant: ModelRequest[]): void {
    const held = this.requests.filter((one) =>
      one.state === "held" && one.names.includes(name) && one.mode !== "NL"
    );
    if (meant.length === 0) {
      return void this.effects.push(`-z0 ${held.length > 0 ? "STALE_TOKEN" : "NOT_HELD"}`);
    }
    this.effects.push(`broke ${meant.map(({ wish }) => `${wish.session}${wish.id}`).sort().join(" ")}`);
    this.loseAll(meant, " broken");
  }

  cancel(session: string, target: number): string {
    const conversion = this.#conversion(session, target);
    const request = this.find(session, target);
    if (conversion) {
      this.endConversion(conversion, "CANCELLED");
      this.settle(conversion.request.names[0] ?? "");
      return "waiting";
    }
    if (!request) {
      const highest = this.#highest.get(session);
      if (highest !== undefined) this.#highest.set(session, Math.max(highest, target));
      return "ended";
    }
    const was = request.state === "held" ? "held" : "waiting";
    if (was === "waiting") this.say(request, target, "CANCELLED");
    else this.abort(request);
    this.finish(request);
    return was;
  }

  /** Does all that is due, in the order in which it fell due. */
  expire(now: number): void {
    for (this.now = now;;) {
      const dues = [
        ...this.requests.map((one) => ({
          one,
          due: one.state !== "held" ? one.due : Math.min(one.warn, one.ends),
        })),
        ...this.conversions.map((one) => ({ one, due: one.due })),
      ];
      const [first] = dues.filter(({ due }) => due <= now).sort((a, b) => a.due - b.due);
      if (!first) return;
      this.#expireOne(first.one);
    }
  }

  retry(name: string): void {
    this.settle(name);
  }

  /** The late answer for one name of a request that is being admitted. */
  answer(request: ModelRequest, name: string, answer: Answer): void {
    request.asked = request.asked.filter((one) => one !== name);
    if (answer !== "yes") return this.setBack(request, name, answer);
    request.given.push(name);
    if (request.asked.length === 0) this.grant(request);
    this.settle(name);
  }

  /** The late answer for a conversion that is being admitted. */
  answerConversion(conversion: ModelConversion, answer: Answer): void {
    conversion.state = "waiting";
    this.decideConversion(conversion, answer);
    const waits = answer === "outside" && conversion.wait > 0;
    this.settle(conversion.request.names[0] ?? "", { modes: waits ? [conversion.mode] : [] });
  }

  /** The late answer that nobody waits for any more. */
  answerNobody({ key, name, mode }: Orphan): void {
    const index = this.orphans.findIndex((one) => one.key === key && one.name === name && one.mode === mode);
    if (index >= 0) this.orphans.splice(index, 1);
    this.settle(name);
  }

  lose(name: string): void {
    const given = this.requests.filter((one) => one.given.includes(name));
    const admitting = given.filter((one) => one.state === "admitting");
    this.loseAll(given.filter((one) => one.state === "held"), "");
    for (const one of admitting) this.setBack(one, name, "outside");
    this.settle(name);
  }

  drain(): void {
    for (const one of [...this.conversions]) this.endConversion(one, "DRAINING");
    for (const one of this.requests.filter(({ state }) => state !== "held")) {
      this.say(one, one.wish.id, "DRAINING");
      this.remove(one);
    }
  }

  #held(session: string, request: number, lock: number): ModelRequest | undefined {
    const held = this.find(session, lock);
    if (held?.state === "held") return held;
    this.effects.push(`-${session}${request} NOT_HELD`);
    return undefined;
  }

  #conversion(session: string, id: number): ModelConversion | undefined {
    return this.conversions.find((one) => one.request.wish.session === session && one.id === id);
  }

  /** How many names a session waits for. */
  #waits(session: string): number {
    const waiting = this.requests.filter((one) => one.state === "waiting" && one.wish.session === session);
    const converting = this.conversions.filter((one) =>
      one.state === "waiting" && one.request.wish.session === session
    );
    return waiting.flatMap(({ names }) => names).length + converting.length;
  }

  #convert(held: ModelRequest, { id, mode, wait }: { id: number; mode: Mode; wait: number }): void {
    const [name = ""] = held.names;
    const due = this.now + wait;
    const arrival = ++this.#arrivals;
    const conversion: ModelConversion = { request: held, id, mode, wait, due, arrival, state: "waiting" };
    const blocked = this.inTheWayOf(conversion).length > 0;
    const full = this.#waits(held.wish.session) >= this.#limits.waitersPerSessionMax;
    if (blocked && wait === 0) return this.say(held, id, `BUSY ${this.by(conversion)}`);
    if (blocked && full) return this.say(held, id, "LIMIT");
    held.conversion = conversion;
    this.conversions.push(conversion);
    if (this.refuseCircle(conversion)) return;
    if (blocked) return this.notify(held, name, mode);
    const answer = this.askFor(conversion);
    if (answer === "outside" && full && wait > 0) this.endConversion(conversion, "LIMIT");
    else this.decideConversion(conversion, answer);
    if (held.conversion !== conversion) this.settle(name);
  }

  /** Whether a newcomer would wait for itself. A request without an owner is never refused so. */
  #closesCircle(newcomer: ModelRequest): boolean {
    this.requests.push(newcomer);
    const closes = newcomer.wish.owner !== undefined && this.isInCircle(newcomer.actor);
    if (closes) this.graphs.set(`${newcomer.wish.session}${newcomer.wish.id}`, this.graph());
    this.requests.pop();
    return closes;
  }

  #expireOne(due: ModelRequest | ModelConversion): void {
    if (!(due instanceof ModelRequest)) {
      this.endConversion(due, `${due.wait === 0 ? "BUSY" : "TIMEOUT"} ${this.by(due)}`);
      return this.settle(due.request.names[0] ?? "");
    }
    const { session, id, wait, maxHold = Infinity } = due.wish;
    if (due.state !== "held") {
      this.say(due, id, `${wait === 0 ? "BUSY" : "TIMEOUT"} ${this.by(due)}`);
      return this.finish(due);
    }
    if (due.warn < due.ends) {
      if (this.now < due.ends) this.effects.push(`?${session}${id} ${Math.round(due.ends - this.now)}`);
      due.warn = due.ends;
      return;
    }
    this.loseAll([due], due.ends === due.since + maxHold ? " max-hold" : " expired");
  }
}
