// The time is a number.
import { deepEqual, equal, throws } from "node:assert/strict";
import { AssertionError } from "../../../../server/base/assert.ts";
import { REMEMBERED_MS, Replays } from "../../../../server/http/replays.ts";

Deno.test("[H-9] Replays finds what lives, and what has ended for a while", () => {
  const replays = new Replays<string>({ endedMax: 10 });
  equal(replays.find("k", 0), undefined);
  replays.begin("k", "asked", "lock");
  deepEqual(replays.find("k", 0), { asked: "asked", living: "lock" });
  deepEqual(replays.find("k", 10 * REMEMBERED_MS), { asked: "asked", living: "lock" });
  replays.end("k", 100);
  deepEqual(replays.find("k", 99 + REMEMBERED_MS), { asked: "asked", living: undefined });
  equal(replays.find("k", 100 + REMEMBERED_MS), undefined);
  equal(replays.size, 0);
});

Deno.test("[H-9] Replays forgets what was refused at once", () => {
  const replays = new Replays<string>({ endedMax: 10 });
  replays.begin("k", "asked", "lock");
  replays.forget("k");
  replays.end("k", 0);
  equal(replays.find("k", 0), undefined);
  replays.begin("k", "asked", "another");
  throws(() => replays.begin("k", "asked", "third"), AssertionError);
});

Deno.test("[H-9] Replays keeps so many that have ended, the youngest, and all that live", () => {
  for (const endedMax of [0, 1, 3]) {
    const replays = new Replays<number>({ endedMax });
    for (let key = 0; key < 10; key++) replays.begin(`${key}`, "asked", key);
    for (let key = 0; key < 5; key++) replays.end(`${key}`, key);
    const known = Array.from({ length: 10 }, (_, key) => key).filter((key) => replays.find(`${key}`, 5));
    deepEqual(known, [...[0, 1, 2, 3, 4].slice(5 - endedMax), 5, 6, 7, 8, 9]);
    equal(replays.size, endedMax + 5);
  }
});
