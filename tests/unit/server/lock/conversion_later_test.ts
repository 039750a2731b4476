/**
 * Conversions whose claims answer later, and what watchers hear of them.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { TRY_ADMISSION_MS } from "../../../../server/lock/table.ts";
import { LockBench } from "../../../support/lock_bench.ts";
import { play, playOn, takeHappenings } from "../../../support/lock_scenario.ts";

Deno.test("[P-38] claims that answer later: the old mode is held until the answer, and the new one reserved", () => {
  const bench = play(`
    a 1 PR         -> +a1
    world later    ->
    a conv 1 EX as 7 ->
    a conv 1 EX as 7 ->
    b 1 PR         ->
    late a 7 yes   -> ~a7 EX
    a conv 1 NL as 8 -> ~a8 NL
    late b 1 yes   -> +b1
    b off 1        -> =b1
    a off 1        -> =a1`);
  equal(bench.claims.claimed.size, 0);
});

Deno.test("[P-38] claims that answer later: outside lets the conversion wait, a refusal ends it", () => {
  const bench = play(`
    a 1 PR         -> +a1
    world later    ->
    a conv 1 EX as 7 ->
    late a 7 outside ->
    b 1 PR wait 0  -> -b1 BUSY`);
  deepEqual(bench.claims.pending, [], "what the world just refused is not asked for again at once");
  playOn(
    bench,
    `
    retry          ->
    late a 7 LIMIT -> -a7 LIMIT
    a conv 1 EX as 8 wait 0 ->
    late a 8 outside -> -a8 BUSY
    world yes      ->
    b 2 PR         -> +b2`,
  );
});

Deno.test("[P-38] claims that answer later: those behind a try that the world refused are asked for", () => {
  play(`
    a 1 NL         -> +a1
    world later    ->
    a conv 1 PW as 7 wait 0 ->
    b 1 PW         ->
    late a 7 outside -> -a7 BUSY
    late b 1 yes   -> +b1`);
});

Deno.test("[P-23] [P-38] claims that answer later: a try that hangs is BUSY after TRY_ADMISSION_MS", () => {
  play(`
    a 1 PR         -> +a1
    world later    ->
    a conv 1 EX as 7 wait 0 ->
    at ${TRY_ADMISSION_MS - 1} ->
    at ${TRY_ADMISSION_MS} -> -a7 BUSY
    late a 7 yes   ->
    world yes      ->
    b 1 PR         -> +b1`);
});

Deno.test("[P-31] [P-38] claims that answer later: a conversion that was withdrawn is never done", () => {
  for (
    const [command, said] of [
      ["a cancel 7", "-a7 CANCELLED, was waiting"],
      ["at 50", "-a7 TIMEOUT"],
      ["drain", "-a7 DRAINING"],
    ]
  ) {
    for (const answer of ["yes", "outside", "LIMIT"]) {
      const bench = play(`
        a 1 PR         -> +a1
        world later    ->
        a conv 1 EX as 7 wait 50 ->
        ${command}     -> ${said}
        late a 7 ${answer} ->
        world yes      ->
        b 1 PR         -> +b1`);
      deepEqual([...bench.claims.claimed], [["x", "PR"]]);
    }
  }
});

Deno.test("[P-38] claims that answer later: an answer for a lock that has ended leaves the next holder alone", () => {
  for (const answer of ["yes", "outside", "LIMIT"]) {
    const bench = play(`
      a 1 PR         -> +a1
      world later    ->
      a conv 1 EX as 7 ->
      a off 1        -> -a7 NOT_HELD, =a1
      world yes      ->
      b 1 PR         -> +b1
      late a 7 ${answer} ->
      c 1 EX wait 0  -> -c1 BUSY
      b off 1        -> =b1`);
    equal(bench.claims.claimed.size, 0);
    const lonely = play(`
      a 1 PR         -> +a1
      world later    ->
      a conv 1 EX as 7 ->
      a end          ->
      late a 7 ${answer} ->`);
    equal(lonely.claims.claimed.size, 0);
    equal(lonely.table.resources.size, 0);
  }
});

Deno.test("[P-38] claims that answer later: while PR is converted to CW both are claimed", () => {
  const bench = play(`
    a 1 PR         -> +a1
    b 1 NL         -> +b1
    world later    ->
    a conv 1 CW as 7 ->
    world yes      ->
    b off 1        -> =b1`);
  const { resources } = bench.table;
  equal(bench.claims.claimed.get("x"), "PW", "what is settled meanwhile covers the old and the new mode");
  equal(resources.get("x")?.heldModes, 8);
  playOn(bench, "late a 7 yes -> ~a7 CW");
  equal(bench.claims.claimed.get("x"), "CW");
});

Deno.test("[P-38] watchers hear of a conversion before those that it granted, and of none that changed nothing", () => {
  const bench = new LockBench();
  bench.watch();
  playOn(
    bench,
    `
    a 1 EX         -> +a1
    b 1 PR         ->
    a conv 1 EX as 7 -> ~a7 EX
    a conv 1 PR as 8 -> ~a8 PR, +b1
    a conv 1 EX as 9 wait 0 -> -a9 BUSY
    b off 1        -> =b1
    a conv 1 EX as 10 -> ~a10 EX`,
  );
  deepEqual(takeHappenings(bench), [
    ...["granted a1 x", "waiting b1 x", "converted a1 x", "granted b1 x", "released b1 x", "converted a1 x"],
  ]);
});

Deno.test("[P-39] many conversions that wait are done at once when they can be", () => {
  const most = 3_000;
  const bench = new LockBench();
  bench.open("h", "s", "t");
  bench.acquire("h", 1, "EX");
  for (let id = 1; id <= most; id++) bench.acquire("s", id, "NL");
  for (let id = 1; id <= most; id++) bench.convert("s", id, "PR", { request: most + id });
  bench.effects = [];
  bench.release("h", 1);
  equal(bench.effects.filter((effect) => effect.type === "converted").length, most);
  bench.check();
});
