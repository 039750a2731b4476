/**
 * Watches, with happenings and unsent bytes that a test makes up.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import type { Happening, SessionId } from "../../../../server/store/store.ts";
import { CATCH_UP_INTERVAL_MS, type WatchEffect, Watches } from "../../../../server/session/watches.ts";

const OUTPUT_BYTES_MAX = 1_600;
const A = "a" as SessionId;
const B = "b" as SessionId;

/** Watches that keep what they told, in words. */
class Bench {
  readonly unsent = new Map<SessionId, number>();
  readonly said: string[] = [];
  readonly listens: boolean[] = [];
  readonly watches: Watches;

  constructor(watchesPerSessionMax = 16) {
    this.watches = new Watches({
      limits: { watchesPerSessionMax, outputBytesMax: OUTPUT_BYTES_MAX },
      tell: (effect) => this.said.push(inWords(effect)),
      unsentBytes: (session) => this.unsent.get(session) ?? 0,
      mayHear: () => true,
      listen: (isWanted) => this.listens.push(isWanted),
    });
  }

  happen(name: string, now = 0, reason?: string): void {
    this.watches.happened(happening(name, reason), now);
    this.watches.checkInvariants();
  }

  take(): string[] {
    return this.said.splice(0);
  }
}

function happening(name: string, reason?: string): Happening {
  const party = { session: "x", request: 1, mode: "EX", since: 0 } as const;
  return { what: "granted", name, party, ...(reason === undefined ? {} : { reason }) };
}

function inWords(effect: WatchEffect | { type: "refused"; session: string; request: number; code: string }) {
  switch (effect.type) {
    case "watching":
      return `${effect.session}${effect.request} watching`;
    case "refused":
      return `${effect.session}${effect.request} ${effect.code}`;
    case "resync":
      return `${effect.session}${effect.watch} #${effect.seq} resync`;
    case "event":
      return `${effect.session}${effect.watch} #${effect.seq} ${effect.name}${
        effect.reason ? ` ${effect.reason}` : ""
      }`;
  }
}

Deno.test("[P-55] Watches tells each watch of its names alone, in order and numbered", () => {
  const bench = new Bench();
  bench.watches.begin(A, 1, "in/");
  bench.watches.begin(A, 2, "");
  bench.watches.begin(B, 1, "in/1");
  bench.take();
  for (const name of ["in/1", "in", "in/2"]) bench.happen(name);
  bench.happen("in/11", 0, "why");
  deepEqual(bench.said.filter((word) => word.startsWith("a1")), [
    "a1 #1 in/1",
    "a1 #2 in/2",
    "a1 #3 in/11 why",
  ]);
  deepEqual(bench.said.filter((word) => word.startsWith("a2")), [
    "a2 #1 in/1",
    "a2 #2 in",
    "a2 #3 in/2",
    "a2 #4 in/11 why",
  ]);
  deepEqual(bench.said.filter((word) => word.startsWith("b1")), ["b1 #1 in/1", "b1 #2 in/11 why"]);
});

Deno.test("[P-56] Watches takes as many of a session as it may have, and the same one twice", () => {
  const { watches, ...bench } = new Bench(2);
  watches.begin(A, 1, "x");
  watches.begin(A, 1, "x");
  watches.begin(A, 1, "y");
  watches.begin(A, 2, "x");
  watches.begin(A, 3, "x");
  watches.begin(B, 3, "x");
  deepEqual(bench.said, [
    "a1 watching",
    "a1 watching",
    "a1 BAD_REQUEST",
    "a2 watching",
    "a3 LIMIT",
    "b3 watching",
  ]);
  equal(watches.size, 3);
  equal(watches.end(A, 1), true);
  equal(watches.end(A, 1), false);
  watches.begin(A, 3, "x");
  equal(bench.said.at(-1), "a3 watching");
  watches.checkInvariants();
});

Deno.test("Watches listens from the first watch to the end of the last one", () => {
  const bench = new Bench();
  const { watches } = bench;
  watches.begin(A, 1, "x");
  watches.begin(B, 1, "x");
  deepEqual(bench.listens, [true]);
  watches.endSession(A);
  watches.endSession("nobody" as SessionId);
  deepEqual(bench.listens, [true]);
  watches.end(B, 1);
  deepEqual(bench.listens, [true, false]);
  bench.take();
  bench.happen("x");
  deepEqual(bench.said, []);
});

Deno.test("[P-62] Watches drops what a slow session does not take, and says so when it has caught up", () => {
  const bench = new Bench();
  const { watches, unsent } = bench;
  for (const session of [A, B]) watches.begin(session, 1, "");
  bench.take();
  unsent.set(A, OUTPUT_BYTES_MAX / 4);
  bench.happen("just so much");
  unsent.set(A, OUTPUT_BYTES_MAX / 4 + 1);
  equal(watches.nextDueMs, Infinity);
  bench.happen("too much", 1_000);
  unsent.set(A, 0);
  // Nothing is told between what was dropped and the resync.
  bench.happen("later", 1_001);
  deepEqual(bench.take(), ["a1 #1 just so much", "b1 #1 just so much", "b1 #2 too much", "b1 #3 later"]);
  equal(watches.nextDueMs, 1_000 + CATCH_UP_INTERVAL_MS);
  unsent.set(A, OUTPUT_BYTES_MAX / 16 + 1);
  watches.tick(watches.nextDueMs - 1);
  watches.tick(watches.nextDueMs);
  deepEqual(bench.take(), [], "some of it is still unsent");
  equal(watches.nextDueMs, 1_000 + 2 * CATCH_UP_INTERVAL_MS);
  unsent.set(A, OUTPUT_BYTES_MAX / 16);
  watches.tick(watches.nextDueMs);
  bench.happen("again", 1_200);
  deepEqual(bench.take(), ["a1 #2 resync", "a1 #3 again", "b1 #4 again"]);
  equal(watches.nextDueMs, Infinity);
});

Deno.test("[P-62] Watches does not look at a session that nobody hears until somebody does", () => {
  const bench = new Bench();
  const { watches, unsent } = bench;
  watches.begin(A, 1, "");
  watches.begin(A, 2, "none of these");
  bench.take();
  watches.heardAgain(A, 5);
  equal(watches.nextDueMs, Infinity, "it missed nothing");
  unsent.set(A, Infinity);
  bench.happen("missed", 10);
  equal(watches.nextDueMs, Infinity);
  unsent.set(A, 0);
  watches.heardAgain(A, 20);
  equal(watches.nextDueMs, 20);
  watches.tick(20);
  deepEqual(bench.take(), ["a1 #1 resync"]);
});

Deno.test("Watches tells nothing of a watch that ended while it was behind", () => {
  const bench = new Bench();
  const { watches, unsent } = bench;
  watches.begin(A, 1, "");
  unsent.set(A, OUTPUT_BYTES_MAX);
  bench.happen("missed", 0);
  watches.end(A, 1);
  watches.checkInvariants();
  unsent.set(A, 0);
  bench.take();
  watches.tick(1_000);
  deepEqual(bench.said, []);
});

Deno.test("Watches keeps its lists straight, and every sequence without a gap", () => {
  const sessions = [A, B, "c" as SessionId];
  const prefixes = ["", "a", "ab", "b", "abc"];
  const step = fc.record({
    what: fc.constantFrom("begin", "end", "endSession", "happen", "slow", "fast", "tick"),
    session: fc.constantFrom(...sessions),
    id: fc.integer({ min: 1, max: 4 }),
    prefix: fc.constantFrom(...prefixes),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const bench = new Bench(3);
    const { watches, unsent } = bench;
    let now = 0;
    const seqs = new Map<string, number>();
    for (const { what, session, id, prefix } of steps) {
      if (what === "begin") watches.begin(session, id, prefix);
      else if (what === "end") watches.end(session, id) && seqs.delete(`${session}${id}`);
      else if (what === "endSession") {
        watches.endSession(session);
        for (let each = 1; each <= 4; each++) seqs.delete(`${session}${each}`);
      } else if (what === "happen") watches.happened(happening(`${prefix}x`), now);
      else if (what === "slow") unsent.set(session, OUTPUT_BYTES_MAX);
      else if (what === "fast") unsent.set(session, 0);
      else watches.tick(now = Math.min(watches.nextDueMs, now + 1_000));
      watches.checkInvariants();
      for (const word of bench.take()) {
        const [watch = "", seq = ""] = word.split(" ");
        if (!seq.startsWith("#")) continue;
        equal(Number(seq.slice(1)), (seqs.get(watch) ?? 0) + 1);
        seqs.set(watch, Number(seq.slice(1)));
      }
    }
    equal(bench.listens.at(-1) ?? false, watches.size > 0);
  }));
});
