/**
 * The lock table against the naive model of `tests/support/lock_model.ts`, on random commands: both must say
 * the same after every one of them. A failure prints the seed and the shortest commands that fail.
 *
 * @module
 */
import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { MODES } from "../../../../client/protocol/modes.ts";
import type { SessionId } from "../../../../server/lock/effect.ts";
import type { ModelRequest } from "../../../support/lock_model_parts.ts";
import { friends } from "../../../support/lock_model_parts.ts";
import { LockPair } from "../../../support/lock_pair.ts";

const RUNS = 4_000;
const COMMANDS_MAX = 90;
const SESSIONS = ["a", "b", "c", "d"];
const LIMITS = { locksPerSessionMax: 9, waitersPerSessionMax: 6, queueLengthMax: 5 };

const VERBS = [
  ...Array(24).fill("acquire"),
  ...Array(10).fill("convert"),
  ...Array(6).fill("release"),
  ...Array(6).fill("answer"),
  ...Array(3).fill("world"),
  ...["cancel", "cancel", "cancelAny", "expire", "expire", "again", "again", "renew", "break"],
  ...["retry", "end", "lose", "drain"],
] as const;

const command = fc.record({
  verb: fc.constantFrom(...VERBS),
  session: fc.constantFrom(...SESSIONS),
  names: fc.constantFrom(["x"], ["x"], ["y"], ["y"], ["z"], ["x", "y"], ["z", "y"], ["y", "z", "x"]),
  mode: fc.constantFrom(...MODES),
  wait: fc.constantFrom(0, 5, 20, 200, Infinity, Infinity, Infinity),
  owner: fc.constantFrom(undefined, "o", "o", "p"),
  ttl: fc.constantFrom(undefined, undefined, undefined, 30, 90),
  maxHold: fc.constantFrom(undefined, undefined, undefined, 40, 120),
  yields: fc.boolean(),
  pick: fc.nat(1_000),
});
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** Carries commands out on a pair. */
class Run {
  readonly pair = new LockPair(LIMITS);
  readonly #nextId = new Map<string, number>();
  #step = 0;

  constructor() {
    for (const session of SESSIONS) this.#open(session);
  }

  run(command: Command): void {
    this.#step++;
    const { names: [name = "x"], mode, pick, ttl } = command;
    const { pair } = this;
    const { session, id: target } = this.#target(command);
    switch (command.verb) {
      case "acquire":
        return pair.acquire({ ...command, ...this.#life(command), id: this.#newId(session, pick) });
      case "again": {
        const known = this.#pick(session, pick)?.wish;
        return pair.acquire({ ...command, ...(known && pick % 4 ? known : { id: target }) });
      }
      case "convert":
        return this.#convert({ ...command, session }, target);
      case "release":
        return pair.release(session, target, 1_000_000 + this.#step);
      case "cancel":
        return pair.cancel(session, target);
      case "cancelAny":
        return pair.cancel(session, this.#conversionId(session) ?? pick % 12);
      case "expire":
        return pair.expire(pair.bench.now + pick % 60);
      case "end":
        return this.#end(session);
      case "world":
        return this.#changeWorld(name, mode, pick);
      case "answer":
        return this.#answerLate(pick);
      case "retry":
        return this.#retry(name);
      case "lose":
        return pair.step(`lose ${name}`, (bench, model) => {
          bench.table.lose(name, "store", bench.now);
          model.lose(name);
        });
      case "drain":
        return pair.step("drain", (bench, model) => {
          bench.table.refuseWaiters({ code: "DRAINING", message: "Cannot wait" }, bench.now);
          model.drain();
        });
      case "renew":
        return pair.step(`renew ${session}${target}`, (bench, model) => {
          const request = 1_000_000 + this.#step;
          bench.table.renew({ session: session as SessionId, request, lock: target, ttlMs: ttl }, bench.now);
          model.renew(session, request, { lock: target, ttl });
        });
      case "break":
        return this.#break(name, pick);
    }
  }

  /** After all is over nothing is left. */
  finish(): void {
    const { pair: { bench }, pair } = this;
    for (const session of SESSIONS) this.#end(session);
    while (bench.claims.pending[0]) pair.answerLate(0, "yes");
    for (const session of SESSIONS) bench.table.endSession(session as SessionId, bench.now);
    equal(bench.table.resources.size, 0);
    equal(bench.table.deadlineCount, 0);
    equal(bench.table.lockCount, 0);
    equal(bench.claims.claimed.size, 0);
  }

  #convert({ session, mode, wait, pick }: Command, lock: number): void {
    const living = this.pair.model.conversions.find(({ request }) => request.wish.session === session);
    const again = living && pick % 3 === 0;
    const id = again ? living.id : this.#newId(session, pick);
    const target = again && pick % 2 ? living.request.wish.id : lock;
    this.pair.convert(session, { id, lock: target, mode: again && pick % 5 ? living.mode : mode, wait });
  }

  /** No two lives are equally long: locks that are granted together end one after the other. */
  #life({ ttl, maxHold }: Command): { ttl: number | undefined; maxHold: number | undefined } {
    const more = this.#step / 64;
    return { ttl: ttl && ttl + more, maxHold: maxHold && maxHold + more };
  }

  #end(session: string): void {
    this.pair.step(`end ${session}`, (bench, model) => {
      bench.table.endSession(session as SessionId, bench.now);
      model.end(session);
    });
    this.#open(session);
  }

  #open(session: string): void {
    this.pair.open(session);
    this.#nextId.set(session, 0);
  }

  #newId(session: string, pick: number): number {
    const id = (this.#nextId.get(session) ?? 0) + 1 + (pick % 10 === 0 ? 2 : 0);
    this.#nextId.set(session, id);
    return id;
  }

  /** What a command is about: mostly a lock that is held, by whomever. */
  #target({ verb, session, pick }: Command): { session: string; id: number } {
    const held = this.pair.model.requests.filter(({ state }) => state === "held");
    const aims = ["release", "convert", "renew"].includes(verb) && pick % 8 > 0;
    const one = aims ? held[pick % Math.max(held.length, 1)] : this.#pick(session, pick);
    return one?.wish ?? { session, id: pick % 9 };
  }

  #pick(session: string, pick: number): ModelRequest | undefined {
    const mine = this.pair.model.requests.filter(({ wish }) => wish.session === session);
    return mine[pick % Math.max(mine.length, 1)];
  }

  #conversionId(session: string): number | undefined {
    return this.pair.model.conversions.find(({ request }) => request.wish.session === session)?.id;
  }

  /**
   * Other processes come only where nobody here is in their way; when they go, the table is told to try
   * again.
   */
  #changeWorld(name: string, mode: Command["mode"], pick: number): void {
    const { world: { outside, delayed, broken }, model } = this.pair;
    const flip = (set: Set<string>) => void (set.has(name) ? set.delete(name) : set.add(name));
    const reserved = [
      ...model.requests.filter((one) => one.reserves(name)),
      ...model.orphans,
      ...model.conversions,
    ];
    if (pick % 3 === 0) flip(delayed);
    else if (pick % 10 === 1) flip(broken);
    else if (reserved.every((one) => friends(one.mode, mode))) outside.set(name, mode);
    this.#retry(name);
  }

  #retry(name: string): void {
    this.pair.step(`retry ${name}`, (bench, model) => {
      bench.claims.awaited.delete(name);
      bench.table.retry(name, bench.now);
      model.retry(name);
    });
  }

  #answerLate(pick: number): void {
    const { bench: { claims: { pending } }, world } = this.pair;
    const index = pick % Math.max(pending.length, 1);
    const candidate = pending[index];
    if (!candidate) return;
    const friendly = friends(world.outside.get(candidate.resource.name) ?? "NL", candidate.mode);
    const answer = friendly && pick % 5 > 0 ? "yes" : "outside";
    this.pair.answerLate(index, pick % 7 === 0 ? "broken" : answer);
  }

  #break(name: string, pick: number): void {
    const { model } = this.pair;
    const held = model.requests.filter((one) => one.state === "held" && one.names.includes(name));
    const chosen = pick % 4 === 0 ? undefined : held[pick % Math.max(held.length, 1)];
    const token = chosen ? this.pair.tokenOf(chosen, name) : -1;
    // Grants that are compatible may share a token.
    const meant = held.filter((one) => one.mode !== "NL" && this.pair.tokenOf(one, name) === token);
    this.pair.step(`break ${name} ${token}`, (bench) => {
      const wanted = { session: "z" as SessionId, request: 0, name, token, reason: "why" };
      bench.table.break(wanted, bench.now);
      model.break(name, meant);
    });
  }
}

Deno.test("[I-9] [P-22] [P-23] [P-24] [P-25] [P-27] [P-32] [P-33] [P-34] [P-38] [P-39] [P-44] LockTable does what the naive model does, whatever it is told", () => {
  const said: Record<string, number> = {};
  fc.assert(
    fc.property(fc.array(command, { minLength: 20, maxLength: COMMANDS_MAX, size: "max" }), (commands) => {
      const run = new Run();
      for (const one of commands) run.run(one);
      run.finish();
      for (const [word, count] of Object.entries(run.pair.said)) said[word] = (said[word] ?? 0) + count;
    }),
    { numRuns: RUNS },
  );
  const words = ["granted", "converted", "released", "lost", "renewed", "expiring", "yield", "broken"];
  const codes = [
    "BUSY",
    "TIMEOUT",
    "CANCELLED",
    "DEADLOCK",
    "LIMIT",
    "QUEUE_FULL",
    "BAD_REQUEST",
    "NOT_HELD",
  ];
  for (const word of [...words, ...codes, "STALE_TOKEN", "STORE_UNAVAILABLE", "DRAINING"]) {
    ok((said[word] ?? 0) > RUNS / 20, `the commands lead to something: ${word} ${said[word]} times`);
  }
});
