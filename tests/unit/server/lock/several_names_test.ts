/**
 * Several names in one request, all or none; `tests/support/lock_scenario.ts` tells how to read the
 * scenarios.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { nameState } from "../../../../server/lock/description.ts";
import { LockBench } from "../../../support/lock_bench.ts";
import { play, playOn, takeHappenings } from "../../../support/lock_scenario.ts";

Deno.test("[P-32] LockTable grants all names of a request at once, sorted, each with its token, and one release frees all", () => {
  const bench = new LockBench();
  bench.open("a");
  bench.acquire("a", 1, "EX", { names: ["z", "x", "y"] });
  const [grant] = bench.effects;
  ok(grant?.type === "granted");
  deepEqual(grant.fenced.map(({ name }) => name), ["x", "y", "z"]);
  equal(new Set(grant.fenced.map(({ token }) => token)).size, 3);
  ok(grant.fenced.every(({ token }) => token > 0));
  bench.effects = [];
  playOn(
    bench,
    `
    a 1 EX y,z,x   -> +a1          # in whatever order it is asked for again
    a 1 EX x,y     -> -a1 BAD_REQUEST
    b 1 EX x       ->
    b 2 EX y       ->
    b 3 EX z wait 0 -> -b3 BUSY
    a off 1        -> =a1, +b1, +b2`,
  );
});

Deno.test("[I-8] [P-32] LockTable holds no part of a request that waits for one of its names", () => {
  const bench = play(`
    a 1 EX y       -> +a1
    b 1 EX x,y,z   ->
    c 1 NL x       -> +c1`);
  for (const name of ["x", "z"]) equal(bench.table.resources.get(name)?.held.size, name === "x" ? 1 : 0);
  deepEqual([...bench.claims.claimed.keys()], ["y"]);
  const { resources } = bench.table;
  deepEqual(
    [...resources.values()].map((one) => nameState(one, 9, 0)).map(({ name, heldCount, waitingCount }) =>
      `${name} ${heldCount} ${waitingCount}`
    ).sort(),
    ["x 1 1", "y 1 1", "z 0 1"],
  );
});

Deno.test("[P-32] [P-23] LockTable lets nobody pass a request of several names that waits, at any of them, in conflict", () => {
  play(`
    a 1 EX y       -> +a1
    b 1 EX x,y     ->
    c 1 EX x       ->              # x is free, but b was first
    d 1 PR x wait 0 -> -d1 BUSY
    e 1 NL x       -> +e1
    a off 1        -> =a1, +b1
    b off 1        -> =b1, +c1`);
});

Deno.test("[P-32] LockTable lets those pass that a waiting request of several names does not conflict with", () => {
  play(`
    a 1 EX y       -> +a1
    b 1 PR x,y     ->              # kept by y
    c 1 EX x       ->              # conflicts with b at x
    d 1 CR x       ->              # only c is in its way
    c cancel 1     -> -c1 CANCELLED, +d1, was waiting
    e 1 PR x       -> +e1
    a off 1        -> =a1, +b1`);
});

Deno.test("[P-32] LockTable grants a waiter behind one of several names that another name keeps", () => {
  play(`
    a 1 EX y       -> +a1
    h 1 EX x       -> +h1
    b 1 PR x,y     ->
    c 1 PR x       ->
    d 1 EX x       ->
    e 1 PR x       ->
    h off 1        -> =h1, +c1     # b is kept by y; d conflicts with b, e with d
    a off 1        -> =a1, +b1
    b off 1        -> =b1
    c off 1        -> =c1, +d1
    d off 1        -> =d1, +e1`);
});

Deno.test("[P-32] LockTable lets requests of several names never deadlock with one another", () => {
  play(`
    a 1 EX x,y     -> +a1
    b 1 EX y,z     ->
    c 1 EX z,x     ->
    d 1 EX x,y     ->
    e 1 EX z       ->              # z is free, but b and c come first
    a off 1        -> =a1, +b1
    b off 1        -> =b1, +c1
    c off 1        -> =c1, +d1, +e1`);
  // All rotations of a circle of names, asked for in the opposite orders.
  const bench = new LockBench();
  const names = ["p", "q", "r", "s"];
  bench.open(...names, "h");
  bench.acquire("h", 1, "EX", { names });
  names.forEach((session, index) => {
    const order = [...names.slice(index), ...names.slice(0, index)];
    bench.acquire(session, 1, "EX", { names: index % 2 ? order.reverse() : order });
  });
  bench.release("h", 1);
  for (const session of names) bench.release(session, 1);
  const granted = bench.effects.filter((effect) => effect.type === "granted").map((effect) => effect.session);
  deepEqual(granted, ["h", ...names]);
  equal(bench.table.resources.size, 0);
});

Deno.test("[P-32] LockTable.cancel of a request of several names frees those behind it at every name", () => {
  play(`
    a 1 EX y       -> +a1
    b 1 EX x,y,z   ->
    c 1 EX x       ->
    d 1 PR z       ->
    e 1 EX y       ->
    b cancel 1     -> -b1 CANCELLED, +c1, +d1, was waiting
    a off 1        -> =a1, +e1`);
});

Deno.test("[P-32] [P-23] a wait for several names that times out frees those behind it at every name", () => {
  play(`
    a 1 EX y       -> +a1
    b 1 EX x,y,z wait 50 ->
    c 1 EX x       ->
    d 1 PR z       ->
    at 50          -> -b1 TIMEOUT, +c1, +d1
    a off 1        -> =a1`);
});

Deno.test("[P-32] [P-13] the end of a session frees all names of its requests", () => {
  play(`
    a 1 EX x,y     -> +a1
    b 1 EX y,z     ->
    c 1 EX x       ->
    d 1 EX z       ->
    b end          -> +d1
    a end          -> +c1
    c end          ->
    d end          ->`);
});

Deno.test("[P-32] [P-50] the loss of one name ends the lock of all its names", () => {
  play(`
    a 1 EX x,y     -> +a1
    b 1 EX y       ->
    c 1 EX x       ->
    lose y         -> !a1, +c1, +b1
    a off 1        -> -a1 NOT_HELD`);
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
