/**
 * Conversions whose claims are answered later, as on a directory that is shared through NFS, or that the
 * world outside refuses.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { TRY_ADMISSION_MS } from "../../../../server/lock/table.ts";
import { play, playOn } from "../../../support/lock_scenario.ts";

Deno.test("[P-38] a conversion that the world outside refuses waits in the old mode, and is tried again", () => {
  const bench = play(`
    a 1 PR         -> +a1
    world outside  ->
    a conv 1 EX as 7 wait 0 -> -a7 BUSY
    a conv 1 EX as 8 ->
    b 1 PR wait 0  -> -b1 BUSY
    retry          ->
    c 1 EX         ->
    world yes      ->
    retry          -> ~a8 EX
    a off 1        -> =a1, +c1`);
  ok(bench.claims.count.awaitOutside >= 2);
});

Deno.test("[P-38] a conversion whose claim fails leaves the old mode held", () => {
  play(`
    a 1 PR         -> +a1
    b 1 PR         -> +b1
    world STORE_UNAVAILABLE ->
    a conv 1 EX as 7 ->
    b off 1        -> =b1, -a7 STORE_UNAVAILABLE
    a conv 1 EX as 8 -> -a8 STORE_UNAVAILABLE
    world yes      ->
    b 2 CW wait 0  -> -b2 BUSY
    b 3 PR         -> +b3`);
});

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
