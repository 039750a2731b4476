/**
 * The lock table against the naive model of `tests/support/lock_model.ts`, on random commands: both must say the same
 * after every one of them. A failure prints the seed and the shortest commands that fail.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { type Mode, MODES } from "../../../../client/protocol/modes.ts";
import type { Effect, SessionId } from "../../../../server/lock/effect.ts";
import { TRY_ADMISSION_MS } from "../../../../server/lock/table.ts";
import { LockBench } from "../../../support/lock_bench.ts";
import { friends, LockModel, type ModelRequest, type World } from "../../../support/lock_model.ts";

const RUNS = 4_000;
const COMMANDS_MAX = 90;
const SESSIONS = ["a", "b", "c", "d"];
const NAMES = ["x", "y"];
const LIMITS = { locksPerSessionMax: 7, waitersPerSessionMax: 5, queueLengthMax: 6 };

const VERBS = [
  ...Array(8).fill("acquire"),
  ...["release", "release", "release", "cancel", "cancelAny", "expire", "end", "again", "world", "world"],
  ...["answer", "answer", "answer", "retry", "lose", "drain"],
] as const;

const command = fc.record({
  verb: fc.constantFrom(...VERBS),
  session: fc.constantFrom(...SESSIONS),
  name: fc.constantFrom(...NAMES),
  mode: fc.constantFrom(...MODES),
  wait: fc.constantFrom(0, 5, 20, 200, Infinity, Infinity, Infinity),
  pick: fc.nat(1_000),
});
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** Both, side by side, with what must be true of tokens and answers whatever the model says. */
class Pair {
  readonly world: World = { outside: new Map(), delayed: new Set(), broken: new Set() };
  readonly bench = new LockBench(LIMITS);
  readonly model = new LockModel(this.world, LIMITS, TRY_ADMISSION_MS);
  readonly #nextId = new Map<string, number>();
  readonly #ended = new Set<string>();
  readonly #tokens = new Map<string, { mode: Mode; token: number }[]>();
  readonly #granted = new Map<string, number>();
  readonly #answers = new Map<string, number>();
  #step = 0;

  constructor() {
    const { delayed, broken, outside } = this.world;
    this.bench.claims.answer = ({ resource: { name }, mode }) => {
      if (delayed.has(name)) return "later";
      if (broken.has(name)) return "STORE_UNAVAILABLE";
      return friends(outside.get(name) ?? "NL", mode) ? "yes" : "outside";
    };
    for (const session of SESSIONS) this.#open(session);
  }

  run(command: Command): void {
    // No two deadlines are equal: which of them is first nobody promises.
    this.bench.now += 0.001;
    this.#step++;
    this.#run(command);
    const { effects } = this.bench;
    deepEqual(effects.map(inWords).sort(), this.model.takeEffects(), `what command ${this.#step} did`);
    for (const effect of effects) this.#judge(effect);
    this.bench.effects = [];
    this.bench.check();
  }

  /** After all is over nothing is left. */
  finish(): void {
    const { table, claims } = this.bench;
    for (const session of SESSIONS) table.endSession(session as SessionId, this.bench.now);
    while (claims.pending[0]) this.bench.admitted(claims.pending[0], "yes");
    equal(table.resources.size, 0);
    equal(table.deadlines.size, 0);
    equal(table.lockCount, 0);
    equal(claims.claimed.size, 0);
    for (const [id, answers] of this.#answers) ok(answers <= 1, `one answer at most for ${id}`);
  }

  #run({ verb, session, name, mode, wait, pick }: Command): void {
    const { bench, model } = this;
    const id = session as SessionId;
    const target = this.#pick(session, pick)?.id ?? pick % 9;
    switch (verb) {
      case "acquire":
        return this.#acquire({ session, name, mode, wait, id: this.#newId(session, pick) });
      case "again": {
        const known = this.#pick(session, pick);
        return this.#acquire({ session, name, mode, wait, ...(known && pick % 4 ? known : { id: target }) });
      }
      case "release":
        bench.table.release(id, 1_000 + this.#step, target, bench.now);
        return model.release(session, 1_000 + this.#step, target);
      case "cancel":
      case "cancelAny": {
        const which = verb === "cancel" ? target : pick % 12;
        equal(bench.table.cancel(id, which, bench.now), model.cancel(session, which));
        return void this.#ended.add(`${session}${which}`);
      }
      case "expire":
        bench.table.expire(bench.now += pick % 60);
        return model.expire(bench.now);
      case "end":
        bench.table.endSession(id, bench.now);
        model.end(session);
        return this.#open(session);
      case "world":
        return this.#changeWorld(name, mode, pick);
      case "answer":
        return this.#answerLate(pick);
      case "retry":
        return this.#retry(name);
      case "lose":
        bench.table.lose(name, "store", bench.now);
        return model.lose(name);
      case "drain":
        bench.table.refuseWaiters({ code: "DRAINING", message: "Cannot wait" }, bench.now);
        return model.drain();
    }
  }

  #acquire({ session, id, name, mode, wait }: Omit<ModelRequest, "due" | "state">): void {
    this.bench.acquire(session, id, mode, { name, waitMs: wait });
    this.model.acquire({ session, id, name, mode, wait }, this.bench.now);
  }

  #open(session: string): void {
    // A name of its own for each life would be fairer, but the same one finds what a life leaves behind.
    for (const key of [...this.#ended, ...this.#answers.keys(), ...this.#granted.keys()]) {
      if (!key.startsWith(session)) continue;
      this.#ended.delete(key);
      this.#answers.delete(key);
      this.#granted.delete(key);
    }
    this.bench.open(session);
    this.model.open(session);
    this.#nextId.set(session, 0);
  }

  #newId(session: string, pick: number): number {
    const id = (this.#nextId.get(session) ?? 0) + 1 + (pick % 10 === 0 ? 2 : 0);
    this.#nextId.set(session, id);
    return id;
  }

  #pick(session: string, pick: number): ModelRequest | undefined {
    const mine = this.model.requests.filter((one) => one.session === session && one.state !== "withdrawn");
    return mine[pick % Math.max(mine.length, 1)];
  }

  /** Other processes come only where nobody here is in their way; when they go, the table is told to try again. */
  #changeWorld(name: string, mode: Mode, pick: number): void {
    const { outside, delayed, broken } = this.world;
    const flip = (set: Set<string>) => void (set.has(name) ? set.delete(name) : set.add(name));
    if (pick % 3 === 0) flip(delayed);
    else if (pick % 10 === 1) flip(broken);
    else if (this.model.reserved(name).every((one) => friends(one.mode, mode))) outside.set(name, mode);
    this.#retry(name);
  }

  #retry(name: string): void {
    this.bench.claims.awaited.delete(name);
    this.bench.table.retry(name, this.bench.now);
    this.model.retry(name);
  }

  #answerLate(pick: number): void {
    const { pending } = this.bench.claims;
    const request = pending[pick % Math.max(pending.length, 1)];
    if (!request) return;
    const { id, session, resource: { name }, mode, state } = request;
    const asked = this.model.reserved(name).find((one) =>
      one.session === session.id && one.id === id && one.mode === mode && one.state === state
    );
    ok(asked, "the model waits for that answer as well");
    const friendly = friends(this.world.outside.get(name) ?? "NL", mode);
    const answer = pick % 7 === 0 ? "broken" : friendly && pick % 5 > 0 ? "yes" : "outside";
    this.bench.admitted(request, answer === "broken" ? "STORE_UNAVAILABLE" : answer);
    this.model.answer(asked, answer);
  }

  /** What holds of every effect by itself. */
  #judge(effect: Effect): void {
    if (effect.type === "granted") {
      const key = `${effect.session}${effect.request}`;
      ok(!this.#ended.has(key), `[P-27] ${key} is not granted after its end`);
      const known = this.#granted.get(key);
      if (known !== undefined) return equal(effect.token, known, "[P-25] the same grant has the same token");
      this.#granted.set(key, effect.token);
      this.#answered(key);
      const earlier = this.#tokens.get(effect.name) ?? [];
      for (const { mode, token } of earlier) {
        ok(effect.token >= token, "[P-24] tokens never go down");
        ok(
          friends(mode, effect.mode) || effect.token > token,
          "[P-24] a conflicting grant has a greater token",
        );
      }
      this.#tokens.set(effect.name, [...earlier, effect]);
    } else if (effect.type === "refused") {
      const key = `${effect.session}${effect.request}`;
      if (effect.code === "NOT_HELD" || effect.code === "BAD_REQUEST") return;
      this.#answered(key);
      this.#ended.add(key);
      ok((effect.blockedBy?.length ?? 0) <= 8, "[P-26] at most 8 blockers");
    } else if (effect.type === "released") this.#ended.add(`${effect.session}${effect.lock}`);
    else if (effect.type === "lost") this.#ended.add(`${effect.session}${effect.lock}`);
  }

  #answered(key: string): void {
    this.#answers.set(key, (this.#answers.get(key) ?? 0) + 1);
  }
}

function inWords(effect: Effect): string {
  const { session } = effect;
  if (effect.type === "granted") return `+${session}${effect.request} ${effect.name}`;
  if (effect.type === "refused") return `-${session}${effect.request} ${effect.code}`;
  if (effect.type === "released") return `=${session}${effect.request} of ${effect.lock}`;
  ok(effect.type === "lost");
  return `!${session}${effect.lock}`;
}

Deno.test("[P-22] [P-23] [P-24] [P-25] [P-27] LockTable does what the naive model does, whatever it is told", () => {
  let grants = 0;
  fc.assert(
    fc.property(fc.array(command, { minLength: 30, maxLength: COMMANDS_MAX, size: "max" }), (commands) => {
      const pair = new Pair();
      for (const one of commands) pair.run(one);
      grants += pair.bench.claims.count.admit;
      pair.finish();
    }),
    { numRuns: RUNS },
  );
  ok(grants > RUNS * 5, `the commands lead to something: ${grants} admissions`);
});
