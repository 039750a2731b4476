/**
 * Requests of several names whose claims are answered later, as on a directory that is shared through NFS, or
 * that the world outside refuses.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { LockBench } from "../../../support/lock_bench.ts";
import { play, playOn } from "../../../support/lock_scenario.ts";

Deno.test("[P-32] a name that another process holds keeps all: nothing of the request stays claimed", () => {
  const bench = play(`
    world y outside ->
    a 1 EX x,y,z wait 0 -> -a1 BUSY
    a 2 EX x,y,z   ->
    b 1 EX x       ->              # behind a
    c 1 NL x       -> +c1`);
  deepEqual([...bench.claims.claimed.keys()], []);
  deepEqual([...bench.claims.awaited], ["y"]);
  playOn(
    bench,
    `
    world yes      ->
    retry y        -> +a2
    a off 2        -> =a2, +b1`,
  );
});

Deno.test("[P-32] a name whose claim fails refuses all, and the names before it are given back", () => {
  play(`
    world y LIMIT  ->
    a 1 EX x,y     -> -a1 LIMIT
    b 1 EX x       -> +b1
    a 2 EX x,y     ->
    a 3 EX z       -> +a3
    a 4 PR x,z     ->
    c 1 EX z       ->
    b off 1        -> =b1, -a2 LIMIT
    a off 3        -> =a3, +a4
    a off 4        -> =a4, +c1`);
});

Deno.test("[P-32] a waiter of several names that is refused frees those behind it at its other names", () => {
  play(`
    h 1 EX x       -> +h1
    world y LIMIT  ->
    a 1 EX x,y,z   ->
    b 1 EX z       ->
    c 1 EX x       ->
    h off 1        -> =h1, -a1 LIMIT, +c1, +b1`);
});

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

Deno.test("[P-24] [P-32] a request whose last claim comes late has no lower token than a compatible grant of the meantime", () => {
  const bench = new LockBench();
  bench.open("a", "b", "c");
  bench.claims.answer = ({ resource: { name } }) => name === "y" ? "later" : "yes";
  bench.acquire("a", 1, "PR", { names: ["x", "y"] });
  bench.acquire("b", 1, "PR", { name: "x" });
  const [asked] = bench.claims.pending;
  ok(asked);
  bench.admitted(asked, "yes");
  bench.release("a", 1);
  bench.release("b", 1);
  bench.acquire("c", 1, "EX", { name: "x" });
  const grants = bench.effects.filter((effect) => effect.type === "granted");
  const tokens = grants.map(({ session, fenced }) => ({ session, token: fenced[0].token }));
  deepEqual(tokens.map(({ session }) => session), ["b", "a", "c"]);
  const [b, a, c] = tokens.map(({ token }) => token) as [number, number, number];
  ok(a >= b && c > a, `${tokens}`);
});

Deno.test("[P-32] [P-53] a holder beside an answer that nobody wants any more is told of a waiter once", () => {
  play(`
    world x later  ->
    a 1 PR x,y yield ->
    world yes      ->
    lose y         -> +a1            # both were asked for anew; the first answer for x is still to come
    b 1 EX x       -> %a1 x b1
    lose x         -> !a1
    late a 1 yes x -> +b1`);
});
