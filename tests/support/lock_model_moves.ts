/**
 * How the naive model of the lock table changes: who is granted, set back, refused, removed, and what is done
 * when something ended.
 *
 * @module
 */
import type { Mode } from "../../client/protocol/modes.ts";
import { friends, type ModelConversion, ModelRequest, ModelState } from "./lock_model_parts.ts";

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

/** An answer of the world. */
export type Answer = "yes" | "outside" | "broken";

/** What the world refused just now. */
interface Refused {
  readonly modes: Mode[];
  readonly request?: ModelRequest;
}

/** The moves of the model. */
export class ModelMoves extends ModelState {
  protected effects: string[] = [];
  protected now = 0;
  /** Who waited for whom when a DEADLOCK was said, by who was refused. */
  readonly graphs = new Map<string, Map<string, Set<string>>>();
  readonly #world: World;
  readonly #tryMs: number;

  /** `tryMs` is how long a `wait: 0` may hang in a claim that is answered later. */
  constructor(world: World, tryMs: number) {
    super();
    this.#world = world;
    this.#tryMs = tryMs;
  }

  protected say(request: ModelRequest, id: number, what: string): void {
    this.effects.push(`-${request.wish.session}${id} ${what}`);
  }

  protected sayGrant({ wish: { session, id }, names, ends }: ModelRequest): void {
    this.effects.push(`+${session}${id} ${names.join()}${until(ends)}`);
  }

  /** The requests that wait for a name. */
  protected queue(name: string): ModelRequest[] {
    return this.requests.filter((one) => one.state === "waiting" && one.names.includes(name));
  }

  /** Those in the way, as a BUSY or TIMEOUT names them. */
  protected by(waiter: ModelRequest | ModelConversion): string {
    const inTheWay = waiter instanceof ModelRequest ? this.inTheWay(waiter) : this.inTheWayOf(waiter);
    const named = inTheWay.filter((one) => one instanceof ModelRequest);
    return inTheWayInWords(named.map(({ wish }) => `${wish.session}${wish.id}`));
  }

  /** Asks for all names, or none. Answers with the name that was not given, if it was not later. */
  protected askAll(request: ModelRequest): "yes" | "later" | { name: string; answer: "outside" | "broken" } {
    for (const name of request.names) {
      const answer = this.#ask(name, request.mode);
      if (answer === "later") request.asked.push(name);
      else if (answer === "yes") request.given.push(name);
      else {
        this.#giveBack(request);
        return { name, answer };
      }
    }
    return request.asked.length > 0 ? "later" : "yes";
  }

  protected admitting(request: ModelRequest): void {
    this.#live(request);
    request.state = "admitting";
    if (request.wish.wait === 0) request.due = this.now + this.#tryMs;
  }

  protected grant(request: ModelRequest): void {
    this.#live(request);
    request.state = "held";
    request.since = this.now;
    request.live(this.now);
    this.sayGrant(request);
  }

  protected wait(request: ModelRequest): void {
    this.#live(request);
    request.state = "waiting";
    if (request.hasWaited) return;
    request.hasWaited = true;
    for (const name of request.names) this.notify(request, name, request.mode);
  }

  /** Tells holders who wish so that somebody began to wait for what they have. */
  protected notify({ wish: { session, id } }: ModelRequest, name: string, mode: Mode): void {
    for (const holder of this.requests.filter((one) => one.state === "held" && one.names.includes(name))) {
      const { wish } = holder;
      if (!wish.yields || (wish.session === session && wish.id === id) || friends(holder.mode, mode)) {
        continue;
      }
      this.effects.push(`%${wish.session}${wish.id} ${name} ${session}${id}`);
    }
  }

  /** Takes a request out. What was asked for goes on keeping others out until it is answered. */
  protected remove(request: ModelRequest): void {
    this.#giveBack(request);
    if (request.conversion) this.#dropConversion(request.conversion);
    this.requests = this.requests.filter((one) => one !== request);
  }

  /** Ends a request, of which its session is told, with whoever that frees. */
  protected finish(request: ModelRequest): void {
    this.remove(request);
    for (const name of request.names) this.settle(name);
  }

  protected abort(request: ModelRequest): void {
    if (request.conversion) this.endConversion(request.conversion, "NOT_HELD");
  }

  protected loseAll(lost: ModelRequest[], reason: string): void {
    for (const one of lost) {
      this.abort(one);
      this.effects.push(`!${one.wish.session}${one.wish.id}${reason}`);
      this.remove(one);
    }
    for (const name of lost.flatMap(({ names }) => names)) this.settle(name);
  }

  /** A request that is being admitted does not get one of its names: it waits again, or ends. */
  protected setBack(request: ModelRequest, refusing: string, answer: "outside" | "broken"): void {
    const { id, wait } = request.wish;
    const waits = answer === "outside" && wait > 0;
    this.#giveBack(request);
    request.state = "waiting";
    if (waits) {
      this.wait(request);
      for (const name of request.names) {
        for (const one of this.conversions.filter((one) => one.request.names[0] === name)) {
          this.refuseCircle(one);
        }
      }
    } else {
      this.say(request, id, answer === "broken" ? "STORE_UNAVAILABLE" : `BUSY ${this.by(request)}`);
      this.remove(request);
    }
    for (const name of request.names) {
      this.settle(name, { modes: waits && name === refusing ? [request.mode] : [], request });
    }
  }

  /**
   * Grants all of the name that neither a lock, nor an earlier waiter, nor the world stands in the way of.
   */
  protected settle(name: string, refused: Refused = { modes: [] }): void {
    this.#convertAll(name, [...refused.modes]);
    const modes = [...refused.modes];
    const tried = [refused.request];
    for (;;) {
      const next = this.queue(name).find((one) =>
        !modes.includes(one.mode) && !tried.includes(one) && this.inTheWay(one).length === 0
      );
      if (!next) return;
      const answer = this.askAll(next);
      if (answer === "later") this.admitting(next);
      else if (answer === "yes") this.grant(next);
      else if (answer.answer === "outside") {
        tried.push(next);
        if (next.names.length === 1) modes.push(next.mode);
      } else {
        this.say(next, next.wish.id, "STORE_UNAVAILABLE");
        this.remove(next);
        for (const other of next.names.filter((one) => one !== name)) this.settle(other);
      }
    }
  }

  /** Asks the world for a conversion that nobody here is in the way of. */
  protected askFor({ request, mode }: ModelConversion): Answer | "later" {
    return this.#ask(request.names[0] ?? "", mode);
  }

  protected decideConversion(conversion: ModelConversion, answer: Answer | "later"): void {
    const { request, id, mode, wait } = conversion;
    if (answer === "later") {
      conversion.state = "admitting";
      if (wait === 0) conversion.due = this.now + this.#tryMs;
    } else if (answer === "yes") {
      this.#dropConversion(conversion);
      this.sayConverted(request, id, mode);
    } else if (answer === "broken") this.endConversion(conversion, "STORE_UNAVAILABLE");
    else if (wait === 0) this.endConversion(conversion, `BUSY ${this.by(conversion)}`);
  }

  protected sayConverted(request: ModelRequest, id: number, mode: Mode): void {
    request.mode = mode;
    this.effects.push(`~${request.wish.session}${id} ${mode}`);
  }

  protected endConversion(conversion: ModelConversion, code: string): void {
    this.say(conversion.request, conversion.id, code);
    this.#dropConversion(conversion);
  }

  /** Of conversions and owners that wait for each other one is refused. */
  protected refuseCircle(conversion: ModelConversion): boolean {
    if (!this.isInCircle(conversion.request.actor)) return false;
    this.graphs.set(`${conversion.request.wish.session}${conversion.id}`, this.graph());
    this.endConversion(conversion, "DEADLOCK");
    return true;
  }

  #convertAll(name: string, modes: Mode[]): void {
    for (;;) {
      const next = this.conversions.find((one) =>
        one.request.names[0] === name && one.state === "waiting" && !modes.includes(one.mode) &&
        this.inTheWayOf(one).length === 0
      );
      if (!next) return;
      const answer = this.askFor(next);
      if (answer === "outside") modes.push(next.mode);
      this.decideConversion(next, answer);
    }
  }

  #ask(name: string, mode: Mode): Answer | "later" {
    if (this.#world.delayed.has(name)) return "later";
    if (this.#world.broken.has(name)) return "broken";
    return friends(this.#world.outside.get(name) ?? "NL", mode) ? "yes" : "outside";
  }

  #live(request: ModelRequest): void {
    if (!this.requests.includes(request)) this.requests.push(request);
  }

  #giveBack(request: ModelRequest): void {
    const { wish: { session, id }, mode } = request;
    for (const name of request.asked) this.orphans.push({ key: `${session}${id}`, name, mode });
    request.asked = [];
    request.given = [];
  }

  #dropConversion(conversion: ModelConversion): void {
    conversion.request.conversion = undefined;
    this.conversions = this.conversions.filter((one) => one !== conversion);
  }
}

/** Those in the way; of more than an answer names, only that they are more. */
export function inTheWayInWords(keys: string[]): string {
  const named = [...new Set(keys)].sort();
  return named.length < 8 ? ["by", ...named].join(" ") : "by many";
}

/** When something ends, as an answer tells it. */
export function until(ends: number): string {
  return ends === Infinity ? "" : ` until ${Math.round(ends)}`;
}
