/**
 * Whether the times of `distrilock lock` fit into each other.
 *
 * @module
 */
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { fitTimes, fitToWord, type GivenTimes } from "../../../../client/cli/lock_times.ts";
import { UsageError } from "../../../../client/cli/words.ts";

const GENTLE = { isGentle: true };

Deno.test("fitTimes lets the defaults give way to what was said", () => {
  const fitted = (given: Omit<GivenTimes, "isGentle">) => {
    const { graceMs, killAfterMs } = fitTimes({ ...GENTLE, ...given });
    return [graceMs, killAfterMs];
  };
  deepEqual(fitted({}), [10_000, 5_000]);
  deepEqual(fitted({ graceMs: 3_000 }), [3_000, 1_500]);
  deepEqual(fitted({ killAfterMs: 9_000 }), [18_000, 9_000]);
  deepEqual(fitted({ ttlMs: 2_000 }), [10_000, 1_000]);
  deepEqual(fitted({ maxHoldMs: 1_000 }), [10_000, 500]);
  // Without a grace nothing can be foreseen, so nothing limits the time to tidy.
  deepEqual(fitted({ graceMs: 0, killAfterMs: 60_000 }), [0, 60_000]);
});

Deno.test("fitTimes refuses what cannot be done in time, and says what could", () => {
  const refusal =
    /^Cannot use --kill-after 6s with --grace 10s: .*want --kill-after 5s at most, or --grace 12s at least$/;
  throws(() => fitTimes({ ...GENTLE, graceMs: 10_000, killAfterMs: 6_000 }), { message: refusal });
  throws(() => fitTimes({ ...GENTLE, ttlMs: 10_000, killAfterMs: 6_000 }), UsageError);
  throws(() => fitTimes({ ...GENTLE, maxHoldMs: 10_000, killAfterMs: 6_000 }), UsageError);
  throws(() => fitTimes({ ...GENTLE, graceMs: 999 }), UsageError);
  throws(() => fitTimes({ ...GENTLE, ttlMs: 99 }), UsageError);
});

Deno.test("fitTimes asks nobody to end where the command is killed at once", () => {
  const times = fitTimes({ isGentle: false, graceMs: 2_000, killAfterMs: 60_000 });
  equal(times.killAfterMs, 0);
  ok(times.leadMs <= 100);
});

Deno.test("fitTimes always leaves time for a renewal that comes after a third", () => {
  const life = fc.option(fc.integer({ min: 1_000, max: 10_000_000 }), { nil: undefined });
  const given = fc.record({
    graceMs: life,
    killAfterMs: life,
    ttlMs: life,
    maxHoldMs: life,
    isGentle: fc.boolean(),
  });
  fc.assert(fc.property(given, (given) => {
    try {
      const { graceMs, ttlMs, leadMs, killAfterMs } = fitTimes(given);
      ok(leadMs > killAfterMs);
      for (const life of [graceMs, ttlMs ?? Infinity]) ok(leadMs < life * 0.6, `${leadMs} of ${life}`);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
    }
  }));
});

Deno.test("[P-18] fitToWord gives a command without a grace no more time than is left while all is well", () => {
  const times = fitTimes({ ...GENTLE, graceMs: 0 });
  const fitted = (remainingMs: number, guarantee: "local" | "nfs" | "quorum" = "quorum") => {
    const { killAfterMs, leadMs } = fitToWord(times, { guarantee, remainingMs });
    return [killAfterMs, leadMs];
  };
  deepEqual(fitted(60_000, "nfs"), [5_000, 5_250]);
  deepEqual(fitted(9_000), [2_000, 2_250]);
  deepEqual(fitted(800), [100, 200]);
  deepEqual(fitted(9_000, "local"), [5_000, 5_250]);
  const graced = fitTimes(GENTLE);
  deepEqual(fitToWord(graced, { guarantee: "quorum", remainingMs: 9_000 }), graced);
  const atOnce = fitTimes({ isGentle: false, graceMs: 0 });
  deepEqual(fitToWord(atOnce, { guarantee: "quorum", remainingMs: 800 }), { ...atOnce, leadMs: 200 });
});
