/**
 * Claims that are answered later, as on a directory that is shared through NFS.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { nameState } from "../../../../server/lock/description.ts";
import { TRY_ADMISSION_MS } from "../../../../server/lock/table.ts";
import { LockBench } from "../../../support/lock_bench.ts";
import { play } from "../../../support/lock_scenario.ts";

Deno.test("LockTable.admitted grants late", () => {
  play(`
    world later    ->
    a 1 EX wait 50 ->
    b 1 EX wait 0  -> -b1 BUSY        # a has its place already
    a 1 EX         ->                 # a retry is the same wait
    late a 1 yes   -> +a1
    at 1000        ->
    a 1 EX         -> +a1
    a off 1        -> =a1`);
});

Deno.test("LockTable.admitted refuses late, and asks for the next one", () => {
  play(`
    world later    ->
    a 1 EX         ->
    b 1 EX         ->
    late a 1 STORE_UNAVAILABLE -> -a1 STORE_UNAVAILABLE
    late b 1 LIMIT -> -b1 LIMIT
    a 1 EX         -> -a1 NOT_HELD`);
});

Deno.test("[P-23] LockTable.admitted queues a request that the world refused at the place of its arrival", () => {
  play(`
    world later    ->
    a 1 EX         ->
    b 1 EX         ->
    c 1 PR         ->
    late a 1 outside ->
    world yes      ->
    retry          -> +a1
    a off 1        -> =a1, +b1
    b off 1        -> =b1, +c1`);
});

Deno.test("LockTable.admitted does not ask again at once for what the world just refused", () => {
  const bench = play(`
    world later    ->
    a 1 EX         ->
    b 1 EX         ->
    late a 1 outside ->`);
  equal(bench.claims.count.admit, 1);
  equal(bench.claims.count.awaitOutside, 1);
  deepEqual(bench.claims.pending, []);
});

Deno.test("LockTable.admitted asks for others that a refused request does not stand in the way of", () => {
  play(`
    world later    ->
    a 1 CR         ->
    b 1 PW         ->
    late b 1 outside ->
    late a 1 yes   -> +a1
    retry          ->
    late b 1 yes   -> +b1`);
});

Deno.test("[P-23] LockTable.admitted gives up a try that the world refused", () => {
  play(`
    world later    ->
    a 1 EX wait 0  ->
    late a 1 outside -> -a1 BUSY`);
});

Deno.test("[P-23] [P-27] LockTable answers a try whose claim hangs after TRY_ADMISSION_MS, and never grants it", () => {
  play(`
    world later    ->
    a 1 EX wait 0  ->
    at ${TRY_ADMISSION_MS - 1} ->
    at ${TRY_ADMISSION_MS} -> -a1 BUSY
    b 1 EX         ->                # waits for the answer to a
    late a 1 yes   ->                # b is asked for next
    late b 1 yes   -> +b1
    a off 1        -> -a1 NOT_HELD`);
});

Deno.test("[I-17] [P-27] LockTable never grants what timed out while its claim was asked for", () => {
  play(`
    world later    ->
    a 1 PR wait 50 ->
    b 1 PR         ->
    at 50          -> -a1 TIMEOUT
    late b 1 yes   -> +b1
    late a 1 yes   ->
    a cancel 1     -> was ended
    b off 1        -> =b1`);
});

Deno.test("[P-27] [P-31] LockTable never grants what was cancelled while its claim was asked for", () => {
  play(`
    world later    ->
    a 1 EX         ->
    b 1 EX         ->
    a cancel 1     -> -a1 CANCELLED, was waiting
    a cancel 1     -> was ended
    a 1 EX         -> -a1 NOT_HELD
    late a 1 yes   ->
    late b 1 yes   -> +b1
    b off 1        -> =b1`);
});

Deno.test("[P-13] LockTable never grants what its session ended while its claim was asked for", () => {
  for (const answer of ["yes", "outside", "STORE_UNAVAILABLE"]) {
    play(`
      world later    ->
      a 1 EX wait 50 ->
      b 1 EX         ->
      a end          ->
      at 100         ->
      late a 1 ${answer} ->
      late b 1 yes   -> +b1
      b end          ->`);
  }
});

Deno.test("[P-51] LockTable.refuseWaiters ends a wait whose claim was asked for", () => {
  play(`
    world later    ->
    a 1 EX         ->
    b 1 EX         ->
    drain          -> -a1 DRAINING, -b1 DRAINING
    late a 1 yes   ->`);
});

Deno.test("[P-50] LockTable.lose leaves what is being admitted to its own answer", () => {
  play(`
    a 1 CR         -> +a1
    world later    ->
    b 1 CR         ->
    lose           -> !a1
    late b 1 yes   -> +b1`);
});

Deno.test("[P-29] LockTable counts a request that is being admitted as one of its session", () => {
  play(
    `
    world later    ->
    a 1 EX         ->
    a 2 EX y       ->
    a 3 EX z       -> -a3 LIMIT
    late a 1 yes   -> +a1
    late a 2 yes   -> +a2`,
    { locksPerSessionMax: 2 },
  );
});

Deno.test("[P-26] LockTable names neither a hanging request as its own blocker nor one that was withdrawn", () => {
  const bench = new LockBench();
  bench.open("a", "b", "c");
  bench.claims.answer = () => "later";
  bench.acquire("a", 1, "EX", { waitMs: 50 });
  bench.acquire("b", 1, "EX", { waitMs: 60 });
  bench.table.expire(bench.now = 70);
  bench.acquire("c", 1, "EX", { waitMs: 0 });
  const [first, second, third, ...rest] = bench.effects;
  deepEqual(rest, []);
  ok(first?.type === "refused" && second?.type === "refused" && third?.type === "refused");
  deepEqual(first.blockedBy, []);
  match(first.message, /the store has not decided yet/);
  deepEqual(second.blockedBy, [], "a has gone");
  deepEqual(third.blockedBy, []);
});

Deno.test("[P-40] nameState shows a request that is being admitted as a waiter, in the order of arrival", () => {
  const bench = new LockBench();
  bench.open("a");
  bench.acquire("a", 1, "CR");
  bench.claims.answer = () => "later";
  bench.acquire("a", 2, "PR");
  bench.acquire("a", 3, "EX");
  bench.acquire("a", 4, "EX");
  bench.table.cancel("a" as never, 4, 0);
  const resource = bench.table.resources.get("x");
  ok(resource);
  const { held, waiting, heldCount, waitingCount } = nameState(resource, 8, 0);
  deepEqual([held, waiting].map((list) => list.map((party) => party.request)), [[1], [2, 3]]);
  deepEqual([heldCount, waitingCount], [1, 2]);
  bench.admitted(bench.claims.pending[0] as never, "yes");
  deepEqual(nameState(resource, 1, 0).held.map((party) => party.request), [1]);
  deepEqual(nameState(resource, 1, 0).heldCount, 2);
});
