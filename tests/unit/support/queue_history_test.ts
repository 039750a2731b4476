// The checker of queues sees planted faults, and no others.
import { deepEqual, match } from "node:assert/strict";
import type { Mode } from "../../../client/protocol/modes.ts";
import { checkQueues, type Sighting, type Wish } from "../../support/queue_history.ts";

const NOW_MS = 100_000;

function wish(id: string, [sentMs, answeredMs, freeMs = answeredMs]: readonly number[], more: {
  readonly token?: number;
  readonly leftMs?: number;
  readonly patienceEndsMs?: number;
  readonly mode?: Mode;
  readonly names?: readonly string[];
} = {}): Wish {
  const { token, leftMs, patienceEndsMs, mode = "EX", names = ["a"] } = more;
  return {
    ...{ id, what: id, outcomes: 1, names, mode, sentMs: sentMs ?? 0 },
    ...{ answeredMs: answeredMs ?? Infinity, freeMs: freeMs ?? Infinity },
    ...(token === undefined ? {} : { tokens: new Map(names.map((name) => [name, token])) }),
    ...(leftMs === undefined ? {} : { leftMs }),
    ...(patienceEndsMs === undefined ? {} : { patienceEndsMs }),
  };
}

const waiting = (id: string, seenMs: number): Sighting => ({ what: "waiting", id, seenMs });
const granted = (id: string, token: number): Sighting => ({ what: "granted", id, token, seenMs: 0 });

function faults(
  wishes: Wish[],
  sightings: Sighting[],
  troubles: { fromMs: number; toMs: number }[] = [],
): string[] {
  return checkQueues({ wishes, sightings, troubles }, NOW_MS);
}

Deno.test("checkQueues sees whoever passes an earlier waiter, and lets those that came together, that do not conflict, or whose names differ", () => {
  const first = wish("first", [1, 20, 21], { token: 9 });
  const sees = (later: Wish) => faults([first, later], [waiting("first", 5)]);
  match(sees(wish("later", [6, 8, 10], { token: 7 }))[0] ?? "", /later .* passed request first/);
  deepEqual(sees(wish("later", [6, 30, 31], { token: 12 })), []);
  // Asked before the first was seen waiting: who came first nobody knows.
  deepEqual(sees(wish("later", [4, 8, 10], { token: 7 })), []);
  deepEqual(sees(wish("later", [6, 8, 10], { token: 7, mode: "NL" })), []);
  deepEqual(sees(wish("later", [6, 8, 10], { token: 7, names: ["b"] })), []);
});

Deno.test("checkQueues sees whoever passes a waiter that then gave up, or still waits", () => {
  const later = wish("later", [6, 8, 10], { token: 7 });
  const sees = (first: Wish) => faults([first, later], [waiting("first", 5)]);
  match(sees(wish("first", [1, 20], { leftMs: 19 }))[0] ?? "", /passed/);
  deepEqual(sees(wish("first", [1, 9], { leftMs: 7 })), []);
  match(sees(wish("first", [1, Infinity]))[0] ?? "", /passed/);
  // It failed, at a moment that nobody knows.
  deepEqual(sees(wish("first", [1, 20])), []);
});

Deno.test("checkQueues lets whoever comes after the patience of a waiter pass it, if that was answered later still", () => {
  const sees = (patienceEndsMs: number, answeredMs: number) =>
    faults(
      [wish("first", [1, answeredMs], { token: 9, patienceEndsMs }), wish("later", [6, 8, 10], { token: 7 })],
      [waiting("first", 5)],
    );
  deepEqual(sees(7, 20), []);
  match(sees(8, 20)[0] ?? "", /passed/);
  // Answered in time, so it stood in its queue throughout.
  match(sees(7, 7)[0] ?? "", /passed/);
});

Deno.test("checkQueues sees a grant to a request that had been told that it has none", () => {
  const gone = wish("gone", [1, 5], { leftMs: 4 });
  const witness = wish("witness", [6, 7, 8], { token: 10 });
  const sees = (token: number, troubles: { fromMs: number; toMs: number }[] = []) =>
    faults([gone, witness], [granted("gone", token)], troubles);
  match(sees(11)[0] ?? "", /gone .* was granted token 11 after that/);
  deepEqual(sees(9), [], "it was given back");
  deepEqual(sees(11, [{ fromMs: 0, toMs: 2 }]), []);
  match(sees(11, [{ fromMs: 6, toMs: 9 }])[0] ?? "", /granted/);
});

Deno.test("checkQueues sees a waiter that is forgotten beside a free lock", () => {
  const holder = wish("holder", [1, 2, 50], { token: 5 });
  const sees = (answeredMs: number, troubles: { fromMs: number; toMs: number }[] = []) =>
    faults(
      [holder, wish("waiter", [3, answeredMs], answeredMs === Infinity ? {} : { token: 6 })],
      [waiting("waiter", 4)],
      troubles,
    );
  deepEqual(sees(10_000), []);
  match(sees(10_051)[0] ?? "", /waiter .* was forgotten from 50/);
  match(sees(Infinity)[0] ?? "", /was forgotten/);
  deepEqual(sees(10_051, [{ fromMs: 40, toMs: 60 }]), [], "troubles do not count");
  deepEqual(faults([wish("waiter", [3, Infinity])], []), [], "nobody saw it waiting");
});

Deno.test("checkQueues lets a waiter wait for whoever asked before it, and not for whoever asked after it", () => {
  const waiter = wish("waiter", [3, 20_000, 20_001], { token: 6 });
  deepEqual(faults([wish("before", [1, 2, 19_000], { token: 5 }), waiter], [waiting("waiter", 4)]), []);
  match(
    faults([wish("after", [5, 30_000, 40_000], { token: 7 }), waiter], [waiting("waiter", 4)])[0] ?? "",
    /was forgotten/,
  );
});
