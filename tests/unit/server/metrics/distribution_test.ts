// Counts behind histograms.
import { deepEqual, equal, throws } from "node:assert/strict";
import { AssertionError } from "../../../../server/base/assert.ts";
import { Distribution } from "../../../../server/metrics/distribution.ts";
import { EventLoopLag, LAG_INTERVAL_MS } from "../../../../server/metrics/event_loop_lag.ts";

Deno.test("Distribution counts a duration at its bound in it, and one above the last bound too", () => {
  const distribution = new Distribution([1, 2]);
  for (const seconds of [1, 1.5, 2, 3]) distribution.note(4, seconds);
  deepEqual(distribution.of(4), { cumulated: [1, 3, 4], sum: 7.5, count: 4 });
  deepEqual([distribution.of(0), [...distribution.cells()]], [undefined, [4]]);
});

Deno.test("Distribution wants rising bounds", () => {
  throws(() => new Distribution([1, 1]), AssertionError);
});

Deno.test("EventLoopLag notes how much later than its beat the timer came, and never less than nothing", () => {
  let nowMs = 0;
  using lag = new EventLoopLag({ now: () => nowMs, wallMs: () => 0 });
  for (const lateMs of [0, 200, -3]) {
    nowMs += LAG_INTERVAL_MS + lateMs;
    lag.beat();
  }
  equal(lag.lags.of(0)?.sum, 0.2);
  equal(lag.lags.of(0)?.count, 3);
});
