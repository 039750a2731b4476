/**
 * All conversions, 36, with every other holder and every third party present, 36: the lock table against the
 * naive model, which knows the matrix and the rules and nothing else.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { type Mode, MODES } from "../../../../client/protocol/modes.ts";
import { isNoStronger } from "../../../support/lock_model_parts.ts";
import { LockPair } from "../../../support/lock_pair.ts";

const WIDE = { locksPerSessionMax: 9, waitersPerSessionMax: 9, queueLengthMax: 9 };
const pairsOfModes = MODES.flatMap((one) => MODES.map((other) => [one, other] as const));

/** A pair with a lock of a, and b and c beside it or behind it. */
function scene(modes: readonly [Mode, Mode, Mode], owner?: string): LockPair {
  const pair = new LockPair(WIDE);
  ["a", "b", "c"].forEach((session, index) => {
    pair.open(session);
    const mode = modes[index] as Mode;
    pair.acquire({ session, id: 1, names: ["x"], mode, wait: Infinity, owner });
  });
  return pair;
}

/** Releases one lock after the other that is in no conversion, until none is left. */
function releaseAll(pair: LockPair): void {
  for (;;) {
    const free = pair.model.requests.find((one) => one.state === "held" && !one.conversion);
    if (!free) return;
    pair.release(free.wish.session, 1, 9);
  }
}

function stateOf(pair: LockPair, session: string): string {
  const request = pair.model.find(session, 1);
  return request ? `${request.state} ${request.mode}` : "gone";
}

Deno.test("[P-38] [P-39] all 36 conversions beside 36 pairs of third parties do what the rules say, and all are served in the end", () => {
  let done = 0;
  let waited = 0;
  for (const [from, to] of pairsOfModes) {
    for (const [other, third] of pairsOfModes) {
      const pair = scene([from, other, third]);
      pair.convert("a", { id: 7, lock: 1, mode: to, wait: Infinity });
      if (stateOf(pair, "a") === `held ${to}`) done++;
      else waited++;
      if (isNoStronger(to, from)) equal(stateOf(pair, "a"), `held ${to}`, `${from} to ${to} is done at once`);
      else if (!pair.model.find("a", 1)?.conversion) equal(stateOf(pair, "a"), `held ${to}`);
      else equal(stateOf(pair, "a"), `held ${from}`, "the old mode until then");
      for (const session of ["b", "c"]) {
        if (stateOf(pair, session).startsWith("held")) pair.release(session, 1, 9);
      }
      equal(stateOf(pair, "a"), `held ${to}`, `${from} to ${to} is done when ${other} and ${third} are gone`);
      releaseAll(pair);
      deepEqual([...pair.bench.table.resources.keys()], [], "nobody was forgotten");
    }
  }
  deepEqual([done, waited], [1_019, 277]);
});

Deno.test("[P-38] all 36 conversions beside 36 pairs of third parties leave the old mode when they end without", () => {
  const endings = ["busy", "timeout", "cancel", "drain"] as const;
  for (const [from, to] of pairsOfModes) {
    for (const [other, third] of pairsOfModes) {
      for (const ending of endings) {
        const pair = scene([from, other, third]);
        const before = ["b", "c"].map((session) => stateOf(pair, session));
        pair.convert("a", { id: 7, lock: 1, mode: to, wait: ending === "busy" ? 0 : 50 });
        const waits = pair.model.find("a", 1)?.conversion !== undefined;
        if (ending === "timeout") pair.expire(60);
        if (ending === "cancel") pair.cancel("a", 7);
        if (ending === "drain" && waits) {
          pair.step("drain", (bench, model) => {
            bench.table.refuseWaiters({ code: "DRAINING", message: "Cannot wait" }, bench.now);
            model.drain();
          });
        }
        if (!waits) continue;
        equal(stateOf(pair, "a"), `held ${from}`, `${from} to ${to} beside ${other} and ${third}: ${ending}`);
        if (ending === "drain") continue;
        deepEqual(["b", "c"].map((session) => stateOf(pair, session)), before, "nobody got or lost anything");
      }
    }
  }
});

Deno.test("[P-39] [P-33] two and three conversions at once: exactly as many are refused as wait for each other", () => {
  for (const owner of [undefined, "o"]) {
    for (const [from, to] of pairsOfModes) {
      for (const [other, otherTo] of pairsOfModes) {
        const pair = scene([from, other, "NL"], owner);
        pair.convert("a", { id: 7, lock: 1, mode: to, wait: Infinity });
        pair.convert("b", { id: 7, lock: 1, mode: otherTo, wait: Infinity });
        pair.convert("c", { id: 7, lock: 1, mode: to, wait: Infinity });
        ok((pair.said.DEADLOCK ?? 0) <= 2);
        releaseAll(pair);
        deepEqual([...pair.bench.table.resources.keys()], [], `${from} to ${to}, ${other} to ${otherTo}`);
      }
    }
  }
});
