/**
 * Explanations of tables that a test fills.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { EXPLAIN_NAMES_MAX, EXPLAIN_PARTIES_MAX } from "../../../../client/protocol/limits.ts";
import type { ExplainedName, Party } from "../../../../client/protocol/messages.ts";
import type { Mode } from "../../../../client/protocol/modes.ts";
import { explain } from "../../../../server/lock/explanation.ts";
import { LockBench } from "../../../support/lock_bench.ts";

interface Outside {
  readonly mode: Mode;
  readonly holder?: Party;
}

function explained(
  bench: LockBench,
  name: string,
  outside: ReadonlyMap<string, Outside> = new Map(),
): ExplainedName[] {
  return explain(name, {
    resources: bench.table.resources,
    epochMs: 1_000,
    namesMax: EXPLAIN_NAMES_MAX,
    outside: (each) => ({ mode: outside.get(each)?.mode ?? null, holder: outside.get(each)?.holder }),
  });
}

/** `a1 EX`, and for whom it waits. */
function inWords({ name, held, waiting }: ExplainedName): string[] {
  const refs = (blockedBy: ExplainedName["waiting"][number]["blockedBy"] | undefined) =>
    (blockedBy ?? []).map(({ session, request }) => ` <- ${session}${request}`).join("");
  return [
    `${name}:`,
    ...held.map(({ session, request, mode, blockedBy }) => `${session}${request} ${mode}${refs(blockedBy)}`),
    ...waiting.map(({ session, request, mode, position, blockedBy }) =>
      `${position}. ${session}${request} ${mode}${refs(blockedBy)}`
    ),
  ];
}

Deno.test("[P-57] explain tells holders and waiters of a name, and for whom each waits there", () => {
  const bench = new LockBench();
  bench.open("a", "b", "c", "d", "e");
  bench.acquire("a", 1, "PR");
  bench.acquire("b", 1, "CR");
  bench.now = 500;
  bench.acquire("c", 1, "EX", { reason: "why" });
  bench.acquire("d", 1, "PR");
  bench.acquire("e", 1, "CW");
  const [name, ...others] = explained(bench, "x");
  deepEqual(others, []);
  deepEqual(inWords(name!), [
    "x:",
    "a1 PR",
    "b1 CR",
    "1. c1 EX <- a1 <- b1",
    "2. d1 PR <- c1",
    "3. e1 CW <- a1 <- c1 <- d1",
  ]);
  deepEqual([name!.heldCount, name!.waitingCount], [2, 3]);
  const [first] = name!.waiting;
  deepEqual([first!.since, first!.reason, first!.client], [1_500, "why", { name: "c" }]);
});

Deno.test("[P-57] explain goes on with what the holders' owners wait for, each name once", () => {
  const bench = new LockBench();
  bench.open("a", "b", "c");
  // a1 holds x, and its owner waits for y and for z with w; b holds y and waits for x; c holds z.
  bench.acquire("a", 1, "EX", { owner: "job" });
  bench.acquire("b", 1, "EX", { name: "y" });
  bench.acquire("c", 1, "EX", { name: "z" });
  bench.acquire("a", 2, "EX", { name: "y", owner: "job" });
  bench.acquire("a", 3, "EX", { names: ["z", "w"], owner: "job" });
  bench.acquire("b", 2, "EX");
  bench.acquire("a", 4, "EX", { name: "other", owner: "another job" });
  deepEqual(explained(bench, "x").map(inWords), [
    ["x:", "a1 EX", "1. b2 EX <- a1"],
    ["y:", "b1 EX", "1. a2 EX <- b1"],
    ["w:", "1. a3 EX"],
    ["z:", "c1 EX", "1. a3 EX <- c1"],
  ]);
  // A request without an owner is alone: what else its session waits for keeps nobody from anything.
  deepEqual(explained(bench, "y").map(({ name }) => name), ["y"]);
});

Deno.test("[P-57] explain tells for whom a conversion waits", () => {
  const bench = new LockBench();
  bench.open("a", "b");
  bench.acquire("a", 1, "PR");
  bench.acquire("b", 1, "PR");
  bench.convert("a", 1, "EX", { request: 2 });
  const [name] = explained(bench, "x");
  deepEqual(inWords(name!), ["x:", "a1 PR <- b1", "b1 PR"]);
  equal(name!.held[0]!.convertingTo, "EX");
});

Deno.test("[P-57] explain tells what other processes hold, and who that is where it is known", () => {
  const bench = new LockBench();
  const holder: Party = { session: "s", request: 1, mode: "EX", since: 1, daemon: "app4[7]" };
  const outside = new Map<string, Outside>([["x", { mode: "PR" }], ["y", { mode: "EX", holder }]]);
  const free = { held: [], waiting: [], heldCount: 0, waitingCount: 0 };
  deepEqual(explained(bench, "x", outside), [{ name: "x", ...free, outside: "PR" }]);
  deepEqual(explained(bench, "y", outside), [{ name: "y", ...free, outside: "EX", outsideHolder: holder }]);
  deepEqual(explained(bench, "z", outside), [{ name: "z", ...free, outside: null }]);
});

Deno.test("[P-57] explain bounds names and parties, and tells how many there are", () => {
  const bench = new LockBench();
  bench.open("a", "b");
  const chain = EXPLAIN_NAMES_MAX + 5;
  for (let index = 0; index < chain; index++) {
    bench.acquire("a", 2 * index + 1, "EX", { name: `n${index}`, owner: `o${index}` });
  }
  // Owner i holds n<i> and waits for n<i+1>.
  for (let index = 0; index + 1 < chain; index++) {
    bench.acquire("a", 1_000 + index, "EX", { name: `n${index + 1}`, owner: `o${index}` });
  }
  equal(explained(bench, "n0").length, EXPLAIN_NAMES_MAX);
  equal(explained(bench, `n${chain - 3}`).length, 3);
  const many = EXPLAIN_PARTIES_MAX + 10;
  for (let id = 1; id <= many; id++) bench.acquire("b", id, "PR", { name: "m" });
  for (let id = 1; id <= many; id++) bench.acquire("b", many + id, "EX", { name: "m" });
  const [{ held, waiting, heldCount, waitingCount } = { held: [], waiting: [] }] = explained(bench, "m");
  deepEqual([held.length, waiting.length, heldCount, waitingCount], [100, 100, many, many]);
  deepEqual(waiting.map(({ blockedBy }) => blockedBy.length), Array(100).fill(8));
  equal(waiting[99]!.position, 100);
});
