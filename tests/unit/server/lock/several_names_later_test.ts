/**
 * Locks of several names: claims that answer later, limits, and what is told.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { LockBench } from "../../../support/lock_bench.ts";
import { play, playOn, takeHappenings } from "../../../support/lock_scenario.ts";

Deno.test("[P-32] claims that answer later: the request is granted when the last one has", () => {
  play(`
    world later    ->
    a 1 EX x,y,z   ->
    b 1 EX y wait 0 -> -b1 BUSY
    late a 1 yes z ->
    late a 1 yes x ->
    b 2 EX x wait 0 -> -b2 BUSY
    late a 1 yes y -> +a1
    a off 1        -> =a1`);
});

Deno.test("[P-32] claims that answer later: outside gives back what was there and what is still asked for", () => {
  play(`
    world later    ->
    a 1 EX x,y,z   ->
    late a 1 yes x ->
    late a 1 outside y ->          # x is given back, z will be
    b 1 PR x wait 0 -> -b1 BUSY    # a waits there
    c 1 NL z       ->
    late c 1 yes   -> +c1
    world outside  ->
    late a 1 yes z ->              # nobody wants it any more
    c off 1        -> =c1
    world yes      ->
    retry y        -> +a1
    a off 1        -> =a1`);
});

Deno.test("[P-32] claims that answer later: a refusal of one name frees those who wait at the others", () => {
  for (const code of ["STORE_UNAVAILABLE", "LIMIT"]) {
    play(`
    world later    ->
    a 1 EX x,y,z   ->
    world yes      ->
    b 1 EX x       ->
    c 1 EX z       ->
    late a 1 yes x ->
    late a 1 ${code} y -> -a1 ${code}, +b1
    late a 1 yes z -> +c1
    b off 1        -> =b1
    c off 1        -> =c1`);
  }
  play(`
    world later    ->
    a 1 EX x,y wait 0 ->
    world yes      ->
    b 1 EX x       ->
    late a 1 yes x ->
    late a 1 outside y -> -a1 BUSY, +b1`);
});

Deno.test("[P-32] claims that answer later: nothing is left of a refused request that nobody waited behind", () => {
  const bench = play(`
    world later    ->
    a 1 EX x,y     ->
    late a 1 yes x ->
    late a 1 LIMIT y -> -a1 LIMIT`);
  equal(bench.table.resources.size, 0);
  equal(bench.claims.claimed.size, 0);
});

Deno.test("[P-32] claims that answer later: cancel and end of session let the names go when their answers are there", () => {
  for (const [command, said] of [["cancel 1", "-a1 CANCELLED, was waiting"], ["end", ""]]) {
    const bench = play(`
    world later    ->
    a 1 EX x,y     ->
    world yes      ->
    b 1 EX x       ->
    c 1 EX y       ->
    late a 1 yes x ->
    a ${command}   -> ${said?.replace(", was", ", +b1, was") || "+b1"}
    late a 1 yes y -> +c1
    b off 1        -> =b1
    c off 1        -> =c1`);
    equal(bench.claims.claimed.size, 0);
  }
});

Deno.test("[P-32] [P-50] a claim that is lost while others of the request are asked for is not part of the grant", () => {
  const bench = play(`
    world later    ->
    a 1 EX x,y     ->
    late a 1 yes x ->
    lose x         ->
    late a 1 yes y ->
    late a 1 yes x ->
    late a 1 yes y -> +a1`);
  deepEqual([...bench.claims.claimed].sort(), [["x", "EX"], ["y", "EX"]]);
});

Deno.test("[P-29] [P-32] each name counts in the limits of a session, held and waited for", () => {
  play(
    `
    a 1 PR x,y,z   -> +a1
    a 2 PR u,v     -> -a2 LIMIT
    a 3 PR u       -> +a3
    b 1 EX x,y     ->
    b 2 EX x       -> -b2 LIMIT
    b cancel 1     -> -b1 CANCELLED, was waiting
    b 3 EX x       ->
    b 4 EX y       ->
    b 5 EX y       -> -b5 LIMIT
    b 6 EX q       -> +b6
    a off 1        -> =a1, +b3, +b4
    b 7 EX u       ->`,
    { locksPerSessionMax: 4, waitersPerSessionMax: 2 },
  );
  play(
    `
    a 1 EX x       -> +a1
    b 1 EX x       ->
    c 1 EX y,x     -> -c1 QUEUE_FULL
    c 2 EX y       -> +c2`,
    { queueLengthMax: 1 },
  );
});

Deno.test("[P-26] [P-32] a refused request of several names is told who holds each of them", () => {
  const bench = new LockBench();
  bench.open("a", "b", "c");
  bench.acquire("a", 1, "EX", { name: "x" });
  bench.acquire("b", 1, "EX", { name: "z" });
  bench.acquire("c", 1, "EX", { names: ["z", "y", "x"], waitMs: 0 });
  const refused = bench.effects.at(-1);
  ok(refused?.type === "refused");
  deepEqual(refused.blockedBy?.map(({ session }) => session), ["a", "b"]);
  equal(refused.message, "Cannot lock z, y and 1 more in EX: held in EX by a and 1 more");
});

Deno.test("[P-32] watchers hear of every name of a request", () => {
  const bench = new LockBench();
  bench.watch();
  playOn(
    bench,
    `
    a 1 EX y       -> +a1
    b 1 EX x,y     ->
    a off 1        -> =a1, +b1
    b off 1        -> =b1`,
  );
  deepEqual(takeHappenings(bench), [
    ...["granted a1 y", "waiting b1 x", "waiting b1 y", "released a1 y"],
    ...["granted b1 x", "granted b1 y", "released b1 x", "released b1 y"],
  ]);
});

Deno.test("[P-32] many requests of several names that are refused at once leave nothing behind", () => {
  const bench = new LockBench();
  const names = ["x", "y", "z"];
  bench.open("h", "s");
  bench.acquire("h", 1, "EX", { names });
  for (let id = 1; id <= 5_000; id++) bench.acquire("s", id, "EX", { names });
  bench.claims.answer = () => "STORE_UNAVAILABLE";
  bench.release("h", 1);
  equal(bench.effects.filter((effect) => effect.type === "refused").length, 5_000);
  equal(bench.table.resources.size, 0);
});
