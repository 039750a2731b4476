/**
 * What the lock table should do, said as plainly as can be: one array of requests, searched through for every question. Written
 * from the rules of `docs/protocol.md` § 3, not from the table, so that the two can be compared.
 *
 * Effects are words: `+a1 x` granted, `-a1 BUSY` refused, `=a7 of 1` the release with id 7 of lock 1, `!a1` lost.
 *
 * @module
 */
import type { Mode } from "../../client/protocol/modes.ts";

/** The modes that may be in force beside each mode, as [P-22] lists them. */
export const FRIENDS: Readonly<Record<Mode, string>> = {
  NL: "NL CR CW PR PW EX",
  CR: "NL CR CW PR PW",
  CW: "NL CR CW",
  PR: "NL CR PR",
  PW: "NL CR",
  EX: "NL",
};

/** Whether two modes of one name may be in force at once. */
export function friends(one: Mode, other: Mode): boolean {
  return FRIENDS[one].split(" ").includes(other);
}

/** How the world outside the daemon answers when it is asked for a name. */
export interface World {
  /** What other processes hold of a name; NL or nothing for none. */
  readonly outside: Map<string, Mode>;
  /** Names whose admissions are answered later. */
  readonly delayed: Set<string>;
  /** Names whose admissions fail. */
  readonly broken: Set<string>;
}

/** The limits of [P-29]. */
export interface ModelLimits {
  readonly locksPerSessionMax: number;
  readonly waitersPerSessionMax: number;
  readonly queueLengthMax: number;
}

/** One acquire. */
export interface ModelRequest {
  readonly session: string;
  readonly id: number;
  readonly name: string;
  readonly mode: Mode;
  readonly wait: number;
  due: number;
  state: "waiting" | "admitting" | "withdrawn" | "held";
}

/** The lock table as one array. */
export class LockModel {
  /** All that lives, in the order of arrival. */
  requests: ModelRequest[] = [];
  readonly #highest = new Map<string, number>();
  readonly #world: World;
  readonly #limits: ModelLimits;
  readonly #tryMs: number;
  #effects: string[] = [];

  /** `tryMs` is how long a `wait: 0` may hang in a claim that is answered later. */
  constructor(world: World, limits: ModelLimits, tryMs: number) {
    this.#world = world;
    this.#limits = limits;
    this.#tryMs = tryMs;
  }

  /** What happened since it was asked last. */
  takeEffects(): string[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects.sort();
  }

  /** The requests of a name that reserve their mode. */
  reserved(name: string): ModelRequest[] {
    return this.requests.filter((one) => one.name === name && one.state !== "waiting");
  }

  open(session: string): void {
    this.#highest.set(session, 0);
  }

  end(session: string): void {
    this.#highest.delete(session);
    const ended = this.requests.filter((one) => one.session === session && one.state !== "withdrawn");
    for (const one of ended) this.#remove(one);
    for (const name of new Set(ended.map((one) => one.name))) this.#settle(name);
  }

  acquire(wanted: Omit<ModelRequest, "due" | "state">, now: number): void {
    const { session, id, name, mode, wait } = wanted;
    const refuse = (code: string) => void this.#effects.push(`-${session}${id} ${code}`);
    const highest = this.#highest.get(session);
    if (highest === undefined) return refuse("SESSION_GONE");
    const living = this.#find(session, id);
    if (id <= highest) {
      if (!living) return refuse("NOT_HELD");
      if (living.name !== name || living.mode !== mode) return refuse("BAD_REQUEST");
      if (living.state === "held") this.#effects.push(`+${session}${id} ${name}`);
      return;
    }
    this.#highest.set(session, id);
    const mine = this.requests.filter((one) => one.session === session && one.state !== "withdrawn");
    if (mine.length >= this.#limits.locksPerSessionMax) return refuse("LIMIT");
    const request: ModelRequest = { ...wanted, due: now + wait, state: "waiting" };
    const others = this.requests.filter((one) => one.name === name);
    const blocked = others.some((one) => !friends(one.mode, mode));
    const answer = blocked ? "outside" : this.#ask(request);
    if (answer === "later") {
      this.requests.push(request);
      this.#admitting(request, now);
    } else if (answer === "yes") {
      this.requests.push(request);
      this.#grant(request);
      this.#settle(name);
    } else if (answer === "broken") refuse("STORE_UNAVAILABLE");
    else if (wait === 0) refuse("BUSY");
    else if (mine.filter((one) => one.state === "waiting").length >= this.#limits.waitersPerSessionMax) {
      refuse("LIMIT");
    } else if (others.filter((one) => one.state === "waiting").length >= this.#limits.queueLengthMax) {
      refuse("QUEUE_FULL");
    } else this.requests.push(request);
  }

  release(session: string, request: number, lock: number): void {
    const held = this.#find(session, lock);
    if (held?.state !== "held") return void this.#effects.push(`-${session}${request} NOT_HELD`);
    this.#effects.push(`=${session}${request} of ${lock}`);
    this.#remove(held);
    this.#settle(held.name);
  }

  cancel(session: string, target: number): string {
    const request = this.#find(session, target);
    const highest = this.#highest.get(session);
    if (!request) {
      if (highest !== undefined) this.#highest.set(session, Math.max(highest, target));
      return "ended";
    }
    const was = request.state === "held" ? "held" : "waiting";
    if (was === "waiting") this.#effects.push(`-${session}${target} CANCELLED`);
    this.#remove(request);
    this.#settle(request.name);
    return was;
  }

  expire(now: number): void {
    for (;;) {
      const due = this.requests.filter((one) => /waiting|admitting/.test(one.state) && one.due <= now);
      const [first] = due.sort((a, b) => a.due - b.due);
      if (!first) return;
      this.#effects.push(`-${first.session}${first.id} ${first.wait === 0 ? "BUSY" : "TIMEOUT"}`);
      this.#remove(first);
      this.#settle(first.name);
    }
  }

  retry(name: string): void {
    this.#settle(name);
  }

  /** The late answer to a request that is being admitted or was withdrawn. */
  answer(request: ModelRequest, answer: "yes" | "outside" | "broken"): void {
    const { session, id, name, state } = request;
    const refused = new Set<Mode>();
    if (state === "withdrawn" || answer === "broken" || (answer === "outside" && request.wait === 0)) {
      this.requests = this.requests.filter((one) => one !== request);
      if (state === "admitting") {
        this.#effects.push(`-${session}${id} ${answer === "broken" ? "STORE_UNAVAILABLE" : "BUSY"}`);
      }
    } else if (answer === "yes") this.#grant(request);
    else {
      request.state = "waiting";
      refused.add(request.mode);
    }
    this.#settle(name, refused);
  }

  lose(name: string): void {
    for (const one of this.requests.filter((one) => one.name === name && one.state === "held")) {
      this.#effects.push(`!${one.session}${one.id}`);
      this.#remove(one);
    }
    this.#settle(name);
  }

  drain(): void {
    const names = new Set(this.requests.map((one) => one.name));
    for (const one of this.requests.filter((one) => /waiting|admitting/.test(one.state))) {
      this.#effects.push(`-${one.session}${one.id} DRAINING`);
      this.#remove(one);
    }
    for (const name of names) this.#settle(name);
  }

  #find(session: string, id: number): ModelRequest | undefined {
    return this.requests.find((one) => one.session === session && one.id === id && one.state !== "withdrawn");
  }

  #remove(request: ModelRequest): void {
    if (request.state === "admitting") request.state = "withdrawn";
    else this.requests = this.requests.filter((one) => one !== request);
  }

  #ask({ name, mode }: ModelRequest): "yes" | "outside" | "later" | "broken" {
    if (this.#world.delayed.has(name)) return "later";
    if (this.#world.broken.has(name)) return "broken";
    return friends(this.#world.outside.get(name) ?? "NL", mode) ? "yes" : "outside";
  }

  #admitting(request: ModelRequest, now: number): void {
    request.state = "admitting";
    if (request.wait === 0) request.due = now + this.#tryMs;
  }

  #grant(request: ModelRequest): void {
    request.state = "held";
    request.due = Infinity;
    this.#effects.push(`+${request.session}${request.id} ${request.name}`);
  }

  /** Grants every waiter of the name that neither a lock, nor an earlier waiter, nor the world stands in the way of. */
  #settle(name: string, refused = new Set<Mode>()): void {
    const free = (one: ModelRequest) =>
      one.state === "waiting" && !refused.has(one.mode) &&
      this.requests.slice(0, this.requests.indexOf(one)).concat(this.reserved(name))
        .every((other) => other.name !== name || friends(other.mode, one.mode));
    for (;;) {
      const next = this.requests.find((one) => one.name === name && free(one));
      if (!next) return;
      const answer = this.#ask(next);
      if (answer === "outside") refused.add(next.mode);
      else if (answer === "later") this.#admitting(next, 0);
      else if (answer === "yes") this.#grant(next);
      else {
        this.#effects.push(`-${next.session}${next.id} STORE_UNAVAILABLE`);
        this.#remove(next);
      }
    }
  }
}
