// The checker of histories sees planted faults, and no others.
import { deepEqual, equal, match } from "node:assert/strict";
import type { Mode } from "../../../client/protocol/modes.ts";
import { checkHistory, type Hold, type Life } from "../../support/history.ts";

const life = (what: string, endedMs = Infinity): Life => ({ what, endedMs });

function hold(
  [fromMs, toMs]: readonly [number, number],
  token: number,
  { mode = "EX" as Mode, name = "a", lives = [life("daemon")], lost = false, before }: Partial<Hold> = {},
): Hold {
  return { name, mode, token, lives, fromMs, toMs, lost, ...(before ? { before } : {}) };
}

function faults(...holds: Hold[]): string[] {
  return checkHistory({ holds, asks: [] });
}

Deno.test("checkHistory accepts holds one after another, whatever the order in which they were written down", () => {
  deepEqual(faults(hold([4, 6], 2), hold([1, 4], 1), hold([0, 9], 1, { name: "b" })), []);
});

Deno.test("checkHistory sees conflicting holds that overlap, and lets compatible ones", () => {
  match(faults(hold([1, 4], 1), hold([3.9, 6], 2))[0] ?? "", /overlaps/);
  match(faults(hold([1, 9], 1, { mode: "PR" }), hold([3, 4], 2, { mode: "CW" }))[0] ?? "", /overlaps/);
  deepEqual(faults(hold([1, 9], 1, { mode: "PR" }), hold([3, 4], 1, { mode: "CR" })), []);
});

Deno.test("checkHistory sees an overlap that has another hold in between", () => {
  const reader = { mode: "CR" as Mode };
  equal(
    faults(hold([1, 9], 1, { mode: "PR" }), hold([2, 3], 1, reader), hold([4, 5], 2, { mode: "PW" })).length,
    1,
  );
});

Deno.test("checkHistory sees a token that does not grow with a conflicting grant", () => {
  match(faults(hold([1, 2], 5), hold([3, 4], 5))[0] ?? "", /no greater token/);
  match(faults(hold([1, 2], 5, { mode: "PR" }), hold([3, 4], 4))[0] ?? "", /no greater token/);
  deepEqual(faults(hold([1, 2], 5, { mode: "PR" }), hold([3, 4], 5, { mode: "PR" })), []);
});

Deno.test("checkHistory lets a lock that is converted keep its token, and sees one that goes down, or is given again", () => {
  const before = hold([1, 2], 5);
  deepEqual(faults(before, hold([3, 4], 5, { mode: "PR", before })), []);
  match(faults(before, hold([3, 4], 4, { mode: "PR", before }))[0] ?? "", /no greater token/);
  match(faults(before, hold([3, 4], 5, { mode: "PR" }))[0] ?? "", /no greater token/);
  match(faults(before, hold([1.9, 4], 5, { mode: "PR", before }))[0] ?? "", /overlaps/);
});

Deno.test("checkHistory ends a hold with its daemon or its connection, before its client knows", () => {
  const killed = { lives: [life("daemon", 3), life("connection")], lost: true };
  deepEqual(faults(hold([1, 9], 1, killed), hold([3.1, 5], 2)), []);
  match(faults(hold([1, 9], 1, killed), hold([2.9, 5], 2))[0] ?? "", /overlaps/);
});

Deno.test("checkHistory lets a grant of the dead be, if its client is told", () => {
  const dead = { lives: [life("daemon", 3)] };
  deepEqual(faults(hold([4, 5], 1, { ...dead, lost: true }), hold([3.5, 6], 2)), []);
  match(faults(hold([4, 5], 1, dead))[0] ?? "", /not lost/);
});

Deno.test("checkHistory sees a loss without a reason, and a hold without an end", () => {
  match(faults(hold([1, 2], 1, { lost: true }))[0] ?? "", /no reason/);
  match(faults(hold([1, Infinity], 1))[0] ?? "", /no end/);
});

Deno.test("checkHistory sees requests without an outcome, or with two", () => {
  const asks = [0, 1, 2].map((outcomes) => ({ what: `ask ${outcomes}`, outcomes }));
  deepEqual(checkHistory({ holds: [], asks }), ["ask 0 has 0 outcomes", "ask 2 has 2 outcomes"]);
});
