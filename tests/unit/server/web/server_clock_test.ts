import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { ServerClock } from "../../../../server/web/server_clock.js";

/** An answer whose header was written after `wayMs` at a daemon whose clock is that much ahead. */
function answer(aheadMs: number, sentMs: number, [wayMs, backMs]: readonly [number, number]) {
  const dateMs = Math.floor((sentMs + wayMs + aheadMs) / 1_000) * 1_000;
  return { dateMs, sentMs, receivedMs: sentMs + wayMs + backMs };
}

Deno.test("ServerClock: what it says fits the true difference, whatever the way takes, and many answers make it close", () => {
  fc.assert(fc.property(
    fc.integer({ min: -1e9, max: 1e9 }),
    fc.array(fc.tuple(fc.nat(5_000), fc.nat(40), fc.nat(40)), { minLength: 1, maxLength: 60 }),
    (aheadMs, steps) => {
      const clock = new ServerClock();
      let now = 1_700_000_000_000;
      for (const [passedMs, wayMs, backMs] of steps) {
        now += passedMs;
        clock.note(answer(aheadMs, now, [wayMs, backMs]));
        ok(Math.abs(clock.aheadMs - aheadMs) <= 1_080 / 2 + 1, `${clock.aheadMs} for ${aheadMs}`);
        now += wayMs + backMs;
      }
    },
  ));
  const clock = new ServerClock();
  for (let step = 0; step < 50; step++) clock.note(answer(123_456, 1_700_000_000_000 + step * 2_017, [5, 5]));
  ok(Math.abs(clock.aheadMs - 123_456) < 50, `${clock.aheadMs}`);
});

Deno.test("ServerClock: a clock that was set is believed at once", () => {
  const clock = new ServerClock();
  clock.note(answer(0, 1_700_000_000_000, [5, 5]));
  clock.note(answer(90_000, 1_700_000_002_000, [5, 5]));
  ok(Math.abs(clock.aheadMs - 90_000) < 600);
});

Deno.test("ServerClock: without a date the clocks are taken for the same", () => {
  const clock = new ServerClock();
  clock.note({ dateMs: NaN, sentMs: 1, receivedMs: 2 });
  equal(clock.at(42), 42);
});
