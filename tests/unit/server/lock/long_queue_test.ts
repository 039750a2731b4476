/**
 * Many waiters of one name: all are served, in order, with a number of steps that grows as they do. Steps are
 * counted by what the table asks of its claims and by the neighbours that a request touches, not by time.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import type { SessionId } from "../../../../server/lock/effect.ts";
import { PlaceList } from "../../../../server/lock/request.ts";
import { LockBench } from "../../../support/lock_bench.ts";

const WAITERS = 10_000;

/** Counts how often the lists of places are walked through, for as long as it is in use. */
class WalkCounter implements Disposable {
  steps = 0;
  readonly #original = PlaceList.prototype.insert;

  constructor() {
    const count = () => this.steps++;
    const original = this.#original;
    PlaceList.prototype.insert = function (place): void {
      const { arrival } = place.request;
      const comesBack = this.last && this.last.request.arrival > arrival;
      for (let at = comesBack ? this.first : undefined; at; at = at.next) {
        if (at.request.arrival > arrival) break;
        count();
      }
      original.call(this, place);
    };
  }

  [Symbol.dispose](): void {
    PlaceList.prototype.insert = this.#original;
  }
}

function queued(mode: "EX" | "PR"): LockBench {
  const bench = new LockBench();
  bench.open("holder", "s");
  bench.acquire("holder", 1, "EX");
  for (let id = 1; id <= WAITERS; id++) {
    bench.acquire("s", id, mode, { waitMs: id % 2 ? Infinity : 1_000_000 });
  }
  return bench;
}

Deno.test(`[P-23] LockTable grants ${WAITERS} waiters of one name one after the other`, () => {
  const bench = queued("EX");
  bench.release("holder", 1);
  for (let id = 1; id <= WAITERS; id++) bench.release("s", id);
  const granted = bench.effects.filter((effect) => effect.type === "granted").map((effect) => effect.request);
  deepEqual(granted, [1, ...Array.from({ length: WAITERS }, (_, index) => index + 1)]);
  ok(bench.claims.count.admit <= WAITERS + 1, `${bench.claims.count.admit} admissions`);
  ok(bench.claims.count.settle <= 2 * WAITERS + 2, `${bench.claims.count.settle} settlements`);
  equal(bench.table.resources.size, 0);
  equal(bench.table.deadlineCount, 0);
});

Deno.test(`[P-23] LockTable grants ${WAITERS} readers of one name at once`, () => {
  const bench = queued("PR");
  bench.effects = [];
  bench.release("holder", 1);
  const granted = bench.effects.filter((effect) => effect.type === "granted").map((effect) => effect.request);
  deepEqual(granted, Array.from({ length: WAITERS }, (_, index) => index + 1));
  ok(bench.claims.count.settle <= 2);
  bench.table.endSession("s" as SessionId, 0);
  equal(bench.table.lockCount, 0);
  // One settlement for the name, not one a lock.
  ok(bench.claims.count.settle <= 3);
});

Deno.test(`[P-31] LockTable.cancel takes any of ${WAITERS} waiters out without asking for the others`, () => {
  const bench = queued("EX");
  const middleOut = Array.from({ length: WAITERS }, (_, index) => {
    return WAITERS / 2 + (index % 2 ? (index + 1) / 2 : -index / 2);
  });
  for (const id of middleOut) equal(bench.table.cancel("s" as SessionId, id, 0), "waiting");
  equal(bench.claims.count.admit, 1);
  ok(bench.claims.count.settle <= WAITERS + 1);
  equal(bench.table.deadlineCount, 0);
  bench.check();
});

Deno.test("LockTable.admitted finds the place of a late refusal without walking the whole queue", () => {
  using walks = new WalkCounter();
  const bench = new LockBench();
  bench.open("s");
  bench.claims.answer = () => "later";
  for (let id = 1; id <= WAITERS; id++) bench.acquire("s", id, "EX");
  for (let round = 0; round < 100; round++) {
    const [asked] = bench.claims.pending;
    ok(asked === bench.pendingOf("s", 1), "the first stays the first");
    ok(asked);
    bench.admitted(asked, "outside");
    bench.table.retry("x", 0);
  }
  ok(walks.steps <= 100, `${walks.steps} steps`);
});

Deno.test("[P-26] a BUSY names at most 8 blockers, holders first, in words too", () => {
  const bench = new LockBench();
  bench.open(..."abcdefghij", "late");
  for (const session of "abcde") bench.acquire(session, 1, "CR");
  for (const session of "fghij") bench.acquire(session, 1, "EX");
  bench.acquire("late", 1, "PR", { waitMs: 0 });
  const busy = bench.effects.at(-1);
  ok(busy?.type === "refused" && busy.code === "BUSY");
  deepEqual(
    busy.blockedBy?.map((party) => party.client?.name),
    ["f", "g", "h", "i", "j"],
    "CR is no blocker of PR",
  );
  equal(busy.message, "Cannot lock x in PR: waited for in EX by f and 4 more");
  bench.acquire("late", 2, "EX", { waitMs: 5 });
  bench.table.expire(bench.now = 5);
  const timeout = bench.effects.at(-1);
  ok(timeout?.type === "refused" && timeout.code === "TIMEOUT");
  deepEqual(timeout.blockedBy?.map((party) => party.client?.name), [..."abcdefgh"]);
  equal(timeout.message, "Cannot lock x in EX: held in CR by a and 7 more");
  deepEqual(
    timeout.blockedBy?.map((party) => party.token !== undefined),
    [..."11111000"].map((bit) => bit === "1"),
  );
});
