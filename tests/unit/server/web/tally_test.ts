import { deepEqual, equal } from "node:assert/strict";
import { sparkPaths } from "../../../../server/web/sparkline.js";
import { percentile99, SAMPLES_MAX, Tally } from "../../../../server/web/tally.js";
import { counted, duration, latency, nameOf, placeOf, plural } from "../../../../server/web/words.js";

/** Without what keeps a number and its unit on one line. */
function plain(text: string): string {
  return text.replaceAll("\u00a0", " ");
}

Deno.test("Tally: grants of a step by the second, and the p99 of the waits of the last five steps", () => {
  const tally = new Tally();
  tally.step({ held: 0, waiting: 0 });
  for (const waitMs of [0, 0, 0, 900]) tally.granted(waitMs);
  tally.step({ held: 3, waiting: 1 });
  deepEqual(tally.samples.at(-1), { held: 3, waiting: 1, grantsPerSecond: 2, p99Ms: 900 });
  for (let step = 0; step < 4; step++) tally.step({ held: 3, waiting: 0 });
  equal(tally.samples.at(-1)?.p99Ms, 900);
  tally.step({ held: 3, waiting: 0 });
  equal(tally.samples.at(-1)?.p99Ms, null);
});

Deno.test("Tally: where events are missing grants are not known, and the first step never is", () => {
  const tally = new Tally();
  const grants = () => tally.samples.map(({ grantsPerSecond }) => grantsPerSecond);
  tally.granted(1);
  tally.step({ held: 1, waiting: 0 });
  tally.gap();
  tally.step({ held: 1, waiting: 0 });
  tally.step({ held: 1, waiting: 0 });
  deepEqual(grants(), [null, null, 0]);
  for (let step = 0; step < SAMPLES_MAX + 5; step++) tally.step({ held: 1, waiting: 0 });
  equal(tally.samples.length, SAMPLES_MAX);
});

Deno.test("percentile99: the value that 99 of 100 are not above", () => {
  equal(percentile99([]), null);
  equal(percentile99([7]), 7);
  equal(percentile99(Array.from({ length: 100 }, (_, index) => index + 1)), 99);
  equal(percentile99(Array.from({ length: 200 }, (_, index) => 200 - index)), 198);
});

Deno.test("sparkPaths: the newest at the right, and a gap for what is not known", () => {
  deepEqual(sparkPaths([], 4), { area: "", line: "" });
  equal(sparkPaths([0, 1], 4).line, "M100 34L150 2");
  equal(sparkPaths([1, null, 1], 4).line, "M50 2h0.1M150 2h0.1");
});

Deno.test("duration, latency, counted, plural: as people say them", () => {
  deepEqual([0, 999, 61_000, 120_000, 3_660_000, 90_000_000].map(duration).map(plain), [
    "0 s",
    "0 s",
    "1 min 1 s",
    "2 min",
    "1 h 1 min",
    "1 d 1 h",
  ]);
  deepEqual([0, 640, 1_840, 125_000].map(latency).map(plain), ["0 ms", "640 ms", "1.8 s", "2 min 5 s"]);
  deepEqual([counted(5_000), plural(1, "lock"), plural(5_000, "lock")], ["5,000", "1 lock", "5,000 locks"]);
});

Deno.test("nameOf, placeOf: by what a client says of itself", () => {
  equal(nameOf({ session: "s" }), "session s");
  equal(nameOf({ session: "s", client: { pid: 7 } }), "process 7");
  equal(placeOf({ client: { host: "app3", pid: 7 }, daemon: "d2" }), "app3, pid 7, at daemon d2");
});
