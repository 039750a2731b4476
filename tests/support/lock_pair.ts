/**
 * The lock table and the naive model of it side by side: both must say the same after every command, and what
 * they say must make sense whatever the model says.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import type { Party } from "../../client/protocol/messages.ts";
import type { Mode } from "../../client/protocol/modes.ts";
import { Conversion } from "../../server/lock/conversion.ts";
import { nameState } from "../../server/lock/description.ts";
import type { Effect, SessionId } from "../../server/lock/effect.ts";
import { TRY_ADMISSION_MS } from "../../server/lock/table.ts";
import { LockBench } from "./lock_bench.ts";
import { LockModel } from "./lock_model.ts";
import { inTheWayInWords, type ModelLimits, type World } from "./lock_model_moves.ts";
import { friends, type ModelConversion, type ModelRequest, type ModelWish } from "./lock_model_parts.ts";
import { inWords } from "./lock_scenario.ts";

const BLOCKERS_MAX = 8;

/** Both, with what must be true of tokens and answers. */
export class LockPair {
  readonly world: World = { outside: new Map(), delayed: new Set(), broken: new Set() };
  readonly bench: LockBench;
  readonly model: LockModel;
  /** What was said of requests and conversions, by how often. */
  readonly said: Record<string, number> = {};
  readonly #ended = new Set<string>();
  readonly #grants = new Map<string, { mode: Mode; token: number }[]>();
  readonly #tokens = new Map<string, number>();
  readonly #answered = new Set<string>();
  /** Ids of converts: an acquire may have the same one when it is over. */
  readonly #converts = new Set<string>();
  /** What was done and said, for the message of a failure. */
  readonly #trail: string[] = [];

  constructor(limits: ModelLimits) {
    this.bench = new LockBench(limits);
    this.model = new LockModel(this.world, limits, TRY_ADMISSION_MS);
    const { delayed, broken, outside } = this.world;
    this.bench.claims.answer = ({ resource: { name }, mode }) => {
      if (delayed.has(name)) return "later";
      if (broken.has(name)) return "STORE_UNAVAILABLE";
      return friends(outside.get(name) ?? "NL", mode) ? "yes" : "outside";
    };
  }

  /** Does one thing to both, and compares what they say and what they are. */
  step(what: string, act: (bench: LockBench, model: LockModel) => void): void {
    this.#trail.push(what);
    try {
      this.#step(act);
    } catch (cause) {
      throw new Error(this.#trail.join("\n"), { cause });
    }
  }

  open(session: string): void {
    // A name of its own for each life would be fairer, but the same one finds what a life leaves behind.
    for (const keys of [this.#ended, this.#answered, this.#converts]) {
      for (const key of keys) if (key.startsWith(session)) keys.delete(key);
    }
    for (const key of this.#tokens.keys()) if (key.startsWith(session)) this.#tokens.delete(key);
    this.bench.open(session);
    this.model.open(session);
  }

  acquire(wish: ModelWish): void {
    const { session, id, names, mode, wait, owner, ttl, maxHold, yields } = wish;
    this.step(`acquire ${session}${id} ${names} ${mode} wait ${wait} owner ${owner}`, (bench, model) => {
      const life = { ttlMs: ttl, maxHoldMs: maxHold, yieldNotice: yields };
      bench.acquire(session, id, mode, { names, waitMs: wait, owner, ...life });
      model.acquire(wish);
    });
  }

  convert(session: string, wish: { id: number; lock: number; mode: Mode; wait: number }): void {
    const { id, lock, mode, wait } = wish;
    this.#converts.add(`${session}${id}`);
    this.step(`convert ${session}${lock} to ${mode} as ${id}`, (bench, model) => {
      bench.convert(session, lock, mode, { request: id, waitMs: wait });
      model.convert(session, wish);
    });
  }

  release(session: string, lock: number, request: number): void {
    this.step(`release ${session}${lock}`, (bench, model) => {
      bench.release(session, lock, request);
      model.release(session, request, lock);
    });
  }

  cancel(session: string, target: number): void {
    this.step(`cancel ${session}${target}`, (bench, model) => {
      equal(bench.table.cancel(session as SessionId, target, bench.now), model.cancel(session, target));
      if (!this.#converts.has(`${session}${target}`)) this.#ended.add(`${session}${target}`);
    });
  }

  expire(now: number): void {
    this.step(`expire ${now}`, (bench, model) => {
      bench.table.expire(bench.now = now);
      model.expire(now);
    });
  }

  /** The token of a lock on one of its names. */
  tokenOf({ wish: { session, id } }: ModelRequest, name: string): number {
    return this.#tokens.get(`${session}${id} ${name}`) ?? 0;
  }

  /** Answers the claim of a candidate late. */
  answerLate(index: number, answer: "yes" | "outside" | "broken"): void {
    const candidate = this.bench.claims.pending[index];
    if (!candidate) return;
    const { resource: { name }, request: { session } } = candidate;
    const { id } = candidate instanceof Conversion ? candidate : candidate.request;
    const wanted = candidate instanceof Conversion ? candidate.state !== "ended" : !candidate.orphan;
    const key = `${session.id}${id}`;
    this.step(`late ${key} ${name} ${answer}${wanted ? "" : ", unwanted"}`, (bench, model) => {
      bench.admitted(candidate, answer === "broken" ? "STORE_UNAVAILABLE" : answer);
      if (!wanted) {
        return model.answerNobody({
          key: candidate instanceof Conversion ? "" : key,
          name,
          mode: candidate.mode,
        });
      }
      if (!(candidate instanceof Conversion)) {
        return model.answer(found(model.find(session.id, id)), name, answer);
      }
      const same = (one: ModelConversion) => one.id === id && one.request.wish.session === session.id;
      model.answerConversion(found(model.conversions.find(same)), answer);
    });
  }

  #step(act: (bench: LockBench, model: LockModel) => void): void {
    const { bench, model } = this;
    // No two deadlines are equal: which of them is first nobody promises.
    bench.now += 0.001;
    model.at(bench.now);
    act(bench, model);
    const { effects } = bench;
    const words = effects.map(pairWords).sort();
    this.#trail.push(`  -> ${words.join(", ")}`);
    deepEqual(words, model.takeEffects());
    for (const effect of effects) this.#judge(effect);
    bench.effects = [];
    bench.check();
    this.#compareNames();
    deepEqual(model.circles(), [], "[P-33] nobody waits for itself");
  }

  /** Who holds and who waits is the same, and whoever holds one of its names holds all. */
  #compareNames(): void {
    const { model, bench } = this;
    const inWords = ({ session, request, mode }: Party) => `${session}${request} ${mode}`;
    const places = new Map<string, number>();
    for (const [name, resource] of bench.table.resources) {
      const { held, waiting } = nameState(resource, Infinity, 0);
      const known = model.requests.filter((one) => one.names.includes(name));
      const words = (list: ModelRequest[]) =>
        list.map(({ wish, mode }) => `${wish.session}${wish.id} ${mode}`);
      const holders = known.filter(({ state }) => state === "held");
      const waiters = known.filter(({ state }) => state !== "held");
      deepEqual(held.map(inWords).sort(), words(holders).sort(), `who holds ${name}`);
      deepEqual(waiting.map(inWords), words(waiters), `who waits for ${name}`);
      for (const { session, request } of held) {
        places.set(`${session}${request}`, (places.get(`${session}${request}`) ?? 0) + 1);
      }
    }
    for (const { state, names, wish: { session, id } } of model.requests) {
      equal(
        places.get(`${session}${id}`) ?? 0,
        state === "held" ? names.length : 0,
        "[P-32] all names or none",
      );
    }
  }

  /** What holds of every effect by itself. */
  #judge(effect: Effect): void {
    const { session } = effect;
    const word = effect.type === "refused" ? effect.code : effect.type;
    this.said[word] = (this.said[word] ?? 0) + 1;
    if (effect.type === "granted") {
      const key = `${session}${effect.request}`;
      ok(!this.#ended.has(key), `[P-27] ${key} is not granted after its end`);
      for (const { name, token } of effect.fenced) this.#judgeToken(key, { name, token, mode: effect.mode });
      this.#answered.add(key);
    } else if (effect.type === "converted") {
      const [name = ""] = this.model.find(session, effect.lock)?.names ?? [];
      this.#judgeToken(`${session}${effect.lock}`, { name, token: effect.token, mode: effect.mode });
    } else if (effect.type === "refused") this.#judgeRefusal(effect);
    else if (effect.type === "released" || effect.type === "lost") {
      this.#ended.add(`${session}${effect.lock}`);
    }
  }

  #judgeRefusal(effect: Effect & { type: "refused" }): void {
    const { session, request, code, cycle, blockedBy = [] } = effect;
    ok(blockedBy.length <= BLOCKERS_MAX, "[P-26] at most 8 blockers");
    if (code === "NOT_HELD" || code === "BAD_REQUEST" || code === "STALE_TOKEN") return;
    const key = `${session}${request}`;
    if (!this.#converts.has(key)) {
      ok(!this.#answered.has(key), `[P-8] one answer for ${key}`);
      this.#answered.add(key);
      this.#ended.add(key);
    }
    if (code !== "DEADLOCK") return;
    ok(cycle && cycle.length > 0, "[P-33] a circle is told");
    const actors = cycle.map(({ session, request, owner }) =>
      owner === undefined ? `${session}#${request}` : `${session} ${owner}`
    );
    const graph = this.model.graphs.get(key);
    actors.forEach((actor, index) => {
      const next = actors[(index + 1) % actors.length] ?? "";
      ok(graph?.get(actor)?.has(next), `[P-33] ${actor} waits for ${next}`);
    });
    equal(new Set(actors).size, actors.length, "[P-33] nobody is in a circle twice");
  }

  #judgeToken(key: string, { name, token, mode }: { name: string; token: number; mode: Mode }): void {
    const place = `${key} ${name}`;
    const known = this.#tokens.get(place);
    if (known === token) return;
    const earlier = this.#grants.get(name) ?? [];
    for (const one of earlier) {
      ok(token >= one.token, "[P-24] tokens never go down");
      ok(friends(one.mode, mode) || token > one.token, "[P-24] a conflicting grant has a greater token");
    }
    this.#tokens.set(place, token);
    this.#grants.set(name, [...earlier, { mode, token }]);
  }
}

function byKey(one: Party, other: Party): number {
  return `${one.session}${one.request}` < `${other.session}${other.request}` ? -1 : 1;
}

function found<T>(one: T | undefined): T {
  ok(one, "the model waits for that answer as well");
  return one;
}

/** An effect in the words of the model. */
function pairWords(effect: Effect): string {
  const { session } = effect;
  if (effect.type === "released") return `=${session}${effect.request} of ${effect.lock}`;
  if (effect.type === "granted") {
    const names = effect.fenced.map(({ name }) => name).join();
    return inWords(effect).replace(/^\S+/, (grant) => `${grant} ${names}`);
  }
  if (effect.type === "broken") return inWords({ ...effect, parties: [...effect.parties].sort(byKey) });
  if (effect.type !== "refused") return inWords(effect);
  const words = `-${session}${effect.request} ${effect.code}`;
  if (!effect.blockedBy) return words;
  return `${words} ${inTheWayInWords(effect.blockedBy.map((party) => `${party.session}${party.request}`))}`;
}
