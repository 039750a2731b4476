// What the tally counts, against real sessions on a real store; the clock is a number.
import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { MODES } from "../../../../client/protocol/modes.ts";
import type { LockTally } from "../../../../server/metrics/lock_tally.ts";
import { type Result, RESULTS } from "../../../../server/metrics/result.ts";
import { observers } from "../../../../server/session/observer.ts";
import type { Acquire, SessionId } from "../../../../server/store/store.ts";
import { Ear, SessionBench } from "../../../support/session_bench.ts";

const JOB = "job/7";

/** The sum over modes and classes. */
function sum(tally: LockTally, read: (cell: number) => number): number {
  return tally.cells.reduce((total, _, cell) => total + read(cell), 0);
}

function held(tally: LockTally): number {
  return sum(tally, (cell) => tally.heldIn(cell));
}

function waiting(tally: LockTally): number {
  return sum(tally, (cell) => tally.waitingIn(cell));
}

/** All results that are not 0. */
function results(tally: LockTally): Partial<Record<Result, number>> {
  const counts = RESULTS.map((result) =>
    [result, sum(tally, (cell) => tally.resultsIn(cell, result))] as const
  );
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** The one cell that something is held in. */
function heldCell(tally: LockTally): string[] {
  return tally.cells.filter((_, cell) => tally.heldIn(cell) > 0).map(({ mode, className }) =>
    `${mode} ${className}`
  );
}

Deno.test("LockTally counts a lock in its mode and class while it is held, and then how long that was", () => {
  using bench = new SessionBench();
  const session = bench.open(new Ear());
  bench.acquire(session, 1, { name: JOB });
  deepEqual(heldCell(bench.tally), ["EX jobs"]);
  bench.pass(2_000);
  session.release(2, 1);
  deepEqual([held(bench.tally), waiting(bench.tally)], [0, 0]);
  const [cell = -1] = bench.tally.holds.cells();
  deepEqual([bench.tally.cells[cell], bench.tally.holds.of(cell)?.sum], [
    { mode: "EX", className: "jobs" },
    2,
  ]);
});

Deno.test("LockTally counts who waits and for how long, by the class of the name", () => {
  using bench = new SessionBench();
  const session = bench.open(new Ear());
  for (const name of ["x", JOB]) bench.acquire(session, name === "x" ? 1 : 2, { name });
  bench.acquire(session, 3, { name: JOB });
  bench.pass(1_500);
  bench.acquire(session, 4);
  bench.pass(500);
  deepEqual(bench.tally.classNames, ["other", "jobs"]);
  deepEqual(bench.tally.oldestWaitsMs(bench.nowMs), [500, 2_000]);
  equal(waiting(bench.tally), 2);
  session.release(5, 2);
  deepEqual(bench.tally.oldestWaitsMs(bench.nowMs), [500, 0]);
  equal(sum(bench.tally, (cell) => bench.tally.waits.of(cell)?.sum ?? 0), 2);
});

Deno.test("LockTally counts each request once, with what came of it", () => {
  using bench = new SessionBench({});
  const [holder, other] = [bench.open(new Ear()), bench.open(new Ear())];
  bench.acquire(holder, 1);
  bench.acquire(holder, 1);
  bench.acquire(other, 1, { waitMs: 0 });
  bench.acquire(other, 2, { waitMs: 100 });
  bench.acquire(other, 2, { waitMs: 100 });
  bench.acquire(other, 3);
  bench.pass(100);
  other.cancel(4, 3);
  deepEqual(results(bench.tally), { granted: 1, busy: 1, timeout: 1, cancelled: 1 });
  bench.acquire(other, 5);
  bench.sessions.drain(1_000);
  bench.acquire(other, 6);
  deepEqual(results(bench.tally), { granted: 1, busy: 1, timeout: 1, cancelled: 1, draining: 2 });
  bench.check();
});

Deno.test("LockTally counts waits that end with their session, and locks as lost with it", () => {
  using bench = new SessionBench();
  const [holder, other] = [bench.open(new Ear()), bench.open(new Ear())];
  bench.acquire(holder, 1);
  bench.acquire(other, 1);
  other.end();
  holder.end();
  deepEqual(results(bench.tally), { granted: 1, session_ended: 1 });
  equal(bench.tally.losses.session, 1);
  deepEqual([held(bench.tally), waiting(bench.tally)], [0, 0]);
});

Deno.test("LockTally counts converts that end with their session", () => {
  using bench = new SessionBench();
  const [one, two] = [bench.open(new Ear()), bench.open(new Ear())];
  for (const session of [one, two]) session.acquire(1, { names: ["x"], mode: "PR", waitMs: 0 });
  one.convert(2, { lock: 1, mode: "EX", waitMs: Infinity });
  one.end();
  deepEqual([bench.tally.conversions.session_ended, bench.tally.losses.session, waiting(bench.tally)], [
    1,
    1,
    0,
  ]);
});

Deno.test("LockTally counts losses by their cause, and breaks", () => {
  using bench = new SessionBench();
  const [ear, admin] = [new Ear(), bench.open(new Ear())];
  const session = bench.open(ear);
  bench.acquire(session, 1, { ttlMs: 1_000 });
  bench.pass(1_000);
  bench.acquire(session, 2);
  const [, granted] = ear.effects.filter((effect) => effect.type === "granted");
  admin.break(1, { name: "x", token: granted?.fenced[0].token ?? 0, reason: "test" });
  admin.break(2, { name: "x", token: 1, reason: "nobody holds it" });
  deepEqual(bench.tally.losses, { "store": 0, "broken": 1, "expired": 1, "max-hold": 0, "session": 0 });
  equal(bench.tally.breaks, 1);
  equal(held(bench.tally), 0);
});

Deno.test("LockTally moves a converted lock to its new mode, and counts what came of converts", () => {
  using bench = new SessionBench();
  const [one, two] = [bench.open(new Ear()), bench.open(new Ear())];
  for (const session of [one, two]) session.acquire(1, { names: ["x"], mode: "PR", waitMs: 0 });
  one.convert(2, { lock: 1, mode: "EX", waitMs: 0 });
  one.convert(3, { lock: 1, mode: "EX", waitMs: Infinity });
  deepEqual([heldCell(bench.tally), waiting(bench.tally)], [["PR other"], 1]);
  two.release(2, 1);
  deepEqual([heldCell(bench.tally), waiting(bench.tally)], [["EX other"], 0]);
  one.convert(4, { lock: 1, mode: "NL", waitMs: 0 });
  one.convert(5, { lock: 9, mode: "NL", waitMs: 0 });
  deepEqual(heldCell(bench.tally), ["NL other"]);
  deepEqual([bench.tally.conversions.granted, bench.tally.conversions.busy], [2, 1]);
  bench.check();
});

Deno.test("LockTally forgets what releaseAll gave back, and keeps what waits", () => {
  using bench = new SessionBench();
  const [one, two] = [bench.open(new Ear()), bench.open(new Ear())];
  bench.acquire(two, 1, { name: "z" });
  for (const [id, name] of [[1, "x"], [2, "y"], [3, "z"]] as const) bench.acquire(one, id, { name });
  one.releaseAll(4);
  deepEqual([held(bench.tally), waiting(bench.tally)], [1, 1]);
  bench.check();
});

/** What a session can do in the walk below; numbers choose a session, a name, a mode. */
const STEP = fc.record({
  what: fc.constantFrom("acquire", "try", "release", "convert", "cancel", "end", "pass", "releaseAll"),
  who: fc.nat(2),
  id: fc.nat(30),
  name: fc.constantFrom("x", "y", JOB),
  mode: fc.constantFrom(...MODES),
});

Deno.test("LockTally agrees with the store after whatever sessions do", () => {
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 60 }), (steps) => {
      using bench = new SessionBench();
      const sessions = [0, 1, 2].map(() => bench.open(new Ear()));
      let lastId = 30;
      for (const { what, who, id, name, mode } of steps) {
        const session = sessions[who] ?? bench.open(new Ear());
        const wish = { names: [name], mode, ttlMs: 40 * (id + 1) };
        if (what === "acquire") session.acquire(lastId++, { ...wish, waitMs: 50 });
        else if (what === "try") session.acquire(lastId++, { ...wish, waitMs: 0 });
        else if (what === "release") session.release(lastId++, 30 + id);
        else if (what === "convert") session.convert(lastId++, { lock: 30 + id, mode, waitMs: 30 });
        else if (what === "cancel") session.cancel(lastId++, 30 + id);
        else if (what === "releaseAll") session.releaseAll(lastId++);
        else if (what === "pass") bench.pass(10 * id);
        else {
          session.end();
          sessions[who] = bench.open(new Ear());
        }
        equal(held(bench.tally), bench.store.lockCount);
        equal(waiting(bench.tally), bench.store.waiterCount);
        bench.check();
      }
    }),
    { numRuns: 150 },
  );
});

Deno.test("observers has all look on, in order", () => {
  const seen: string[] = [];
  const each = (name: string) => ({
    asked: () => seen.push(`${name} asked`),
    converts: () => seen.push(`${name} converts`),
    told: () => seen.push(`${name} told`),
    ended: () => seen.push(`${name} ended`),
  });
  const both = observers(each("a"), each("b"));
  both.asked({ session: "s" as SessionId } as Acquire, 0);
  both.ended("s" as SessionId, 0);
  deepEqual(seen, ["a asked", "b asked", "a ended", "b ended"]);
  const alone = each("c");
  equal(observers(alone), alone);
});
