/**
 * Circles of owners that wait for each other; `tests/support/lock_scenario.ts` tells how to read the
 * scenarios. A circle is told as who waits for what, one after the other: `b2 x a2 y`.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { LockBench } from "../../../support/lock_bench.ts";
import { play } from "../../../support/lock_scenario.ts";

Deno.test("[P-33] a wait for the own owner is refused with DEADLOCK", () => {
  play(`
    a 1 EX owner o -> +a1
    a 2 EX owner o -> -a2 DEADLOCK: a2 x
    a 3 EX owner o wait 50 -> -a3 DEADLOCK: a3 x
    a 4 NL owner o -> +a4
    a 5 EX y owner o -> +a5
    a off 1        -> =a1
    a 6 EX owner o -> +a6`);
});

Deno.test("[P-33] an owner is one of its session: the same word of another session is another one", () => {
  play(`
    a 1 EX owner o -> +a1
    b 1 EX owner o ->
    a 2 EX y owner p -> +a2
    a 3 EX owner p ->                # two owners of one session wait like any others
    a off 1        -> =a1, +b1
    b off 1        -> =b1, +a3`);
});

Deno.test("[P-33] [P-23] requests without an owner wait for each other for ever, and for themselves", () => {
  play(`
    a 1 EX x       -> +a1
    b 1 EX y       -> +b1
    a 2 EX y       ->
    b 2 EX x       ->
    a 3 EX x       ->
    a off 1        -> =a1, +b2
    b off 2        -> =b2, +a3`);
});

Deno.test("[P-33] two owners, two names: the wait that closes the circle is refused, and the circle is told", () => {
  const bench = new LockBench();
  bench.open("a", "b");
  bench.acquire("a", 1, "EX", { name: "x", owner: "o" });
  bench.acquire("b", 1, "PR", { name: "y", owner: "p" });
  bench.acquire("a", 2, "EX", { name: "y", owner: "o", reason: "why" });
  bench.acquire("b", 2, "PR", { name: "x", owner: "p" });
  bench.acquire("b", 3, "CR", { name: "z", owner: "p" });
  const [, , refused, ...rest] = bench.effects;
  equal(rest.length, 1, "the others are not touched");
  ok(refused?.type === "refused");
  equal(refused.code, "DEADLOCK");
  const told = refused.cycle?.map(({ session, request, name, mode, owner, reason }) => {
    return { session, request, name, mode, owner, reason };
  });
  deepEqual(told, [
    { session: "b", request: 2, name: "x", mode: "PR", owner: "p", reason: undefined },
    { session: "a", request: 2, name: "y", mode: "EX", owner: "o", reason: "why" },
  ]);
  equal(refused.message, "Cannot lock x in PR: it would wait for itself, in a circle of 2");
  bench.release("b", 1);
  ok(
    bench.effects.some((effect) =>
      effect.type === "granted" && effect.session === "a" && effect.request === 2
    ),
  );
  bench.check();
});

Deno.test("[P-33] three owners: only the wait that closes the circle is refused", () => {
  play(`
    a 1 EX x owner o -> +a1
    b 1 EX y owner o -> +b1
    c 1 EX z owner o -> +c1
    a 2 EX y owner o ->
    b 2 EX z owner o ->
    c 2 EX x owner o -> -c2 DEADLOCK: c2 x a2 y b2 z
    d 1 EX x owner o ->              # is in no circle
    c off 1        -> =c1, +b2
    b off 1        -> =b1, +a2`);
});

Deno.test("[P-33] a wait: 0 is BUSY even where a wait would be a DEADLOCK", () => {
  play(`
    a 1 EX x owner o -> +a1
    b 1 EX y owner p -> +b1
    a 2 EX y owner o ->
    b 2 EX x owner p wait 0 -> -b2 BUSY
    b 3 EX y owner p wait 0 -> -b3 BUSY
    b 4 EX x owner p wait 1 -> -b4 DEADLOCK: b4 x a2 y`);
});

Deno.test("[P-33] a wait with an end can be in a circle as well, until it ends", () => {
  play(`
    a 1 EX x owner o -> +a1
    b 1 EX y owner p -> +b1
    a 2 EX y owner o wait 50 ->
    b 2 EX x owner p -> -b2 DEADLOCK: b2 x a2 y
    at 50          -> -a2 TIMEOUT
    b 3 EX x owner p ->
    a 3 EX y owner o wait 50 -> -a3 DEADLOCK: a3 y b3 x
    b cancel 3     -> -b3 CANCELLED, was waiting
    a 4 EX y owner o ->
    a end          ->
    b 5 EX x owner p -> +b5`);
});

Deno.test("[P-33] no victim without a circle: not what waits behind one, nor what conflicts with nobody", () => {
  play(`
    a 1 PR x owner o -> +a1
    b 1 PR y owner p -> +b1
    a 2 EX y owner o ->
    b 2 PR x owner p -> +b2          # compatible: nothing to wait for
    b 3 CR x owner p -> +b3
    b 4 EX x owner q ->              # another owner than p
    c 1 EX x owner o ->
    b off 1        -> =b1, +a2`);
});

Deno.test("[P-33] a circle through a waiter that stands before: first in, first out is a wait as well", () => {
  play(`
    a 1 PR x owner o -> +a1
    b 1 EX y owner p -> +b1
    w 1 EX z owner q -> +w1
    w 2 EX x owner q ->              # waits for a
    b 2 PR x owner p ->              # waits for w alone, which was first
    w 3 EX y owner q -> -w3 DEADLOCK: w3 y b2 x
    a 2 EX z owner o -> -a2 DEADLOCK: a2 z w2 x
    a off 1        -> =a1, +w2
    w off 2        -> =w2, +b2`);
});

Deno.test("[P-33] a circle through a waiter without owner in between", () => {
  play(`
    a 1 PR x owner o -> +a1
    n 1 EX x       ->                # waits for a
    b 1 EX y owner p -> +b1
    b 2 PR x owner p ->              # waits for n
    a 2 EX y owner o -> -a2 DEADLOCK: a2 y b2 x n1 x
    n cancel 1     -> -n1 CANCELLED, +b2, was waiting
    a 3 EX y owner o ->`);
});

Deno.test("[P-33] a holder without owner is the end of every chain, whatever its session waits for", () => {
  play(`
    n 1 EX x       -> +n1
    b 1 EX y owner p -> +b1
    n 2 EX y       ->
    b 2 EX x owner p ->
    n off 1        -> =n1, +b2`);
});

Deno.test("[P-33] a circle through a request of several names, at any of them", () => {
  play(`
    a 1 EX x owner o -> +a1
    b 1 EX y owner p -> +b1
    c 1 EX z owner q -> +c1
    a 2 EX y,z owner o ->
    b 2 EX w,x owner p -> -b2 DEADLOCK: b2 x a2 y
    c 2 EX w,x owner q -> -c2 DEADLOCK: c2 x a2 z
    b off 1        -> =b1
    c 3 EX x owner q -> -c3 DEADLOCK: c3 x a2 z
    c 4 EX y owner q -> -c4 DEADLOCK: c4 y a2 z   # y is free, but a was first there
    c off 1        -> =c1, +a2`);
  play(`
    a 1 EX x,y owner o -> +a1
    a 2 EX y,z owner o -> -a2 DEADLOCK: a2 y
    a 3 EX z owner o -> +a3`);
});

Deno.test("[P-33] [P-39] a circle through a conversion", () => {
  play(`
    a 1 PR x owner o -> +a1
    b 1 PR x owner p -> +b1
    b 2 EX y owner p -> +b2
    a conv 1 EX as 7 ->              # waits for b
    b 3 EX y owner p wait 0 -> -b3 BUSY
    a 8 EX z owner o -> +a8
    b 9 EX z owner p -> -b9 DEADLOCK: b9 z a1 x
    b off 1        -> =b1, ~a7 EX`);
  play(`
    a 1 PR x owner o -> +a1
    b 1 PR x owner p -> +b1
    a 2 EX y owner o -> +a2
    b 2 EX y owner p ->
    a conv 1 EX as 7 -> -a7 DEADLOCK: a1 x b2 y
    b off 1        -> =b1
    a conv 1 EX as 8 -> ~a8 EX`);
});

Deno.test("[P-33] a conversion that waits for another lock of its own owner is refused", () => {
  play(`
    a 1 PR owner o -> +a1
    a 2 PR owner o -> +a2
    a 3 PR         -> +a3
    a conv 1 EX as 7 -> -a7 DEADLOCK: a1 x
    a off 2        -> =a2
    a conv 1 EX as 8 ->              # a3 has no owner: it is another one
    a off 3        -> =a3, ~a8 EX`);
});

Deno.test("[P-33] [P-39] a circle that a conversion closes since it goes before a waiter", () => {
  play(`
    h 1 NL x       -> +h1
    b 1 CR x owner p -> +b1
    c 1 PR x       -> +c1
    w 1 EX z owner q -> +w1
    w 2 CW x owner q ->              # waits for c
    b 2 EX z owner p ->              # waits for w
    h conv 1 EX as 7 -> -h7 DEADLOCK: h1 x b2 z w2 x
    c off 1        -> =c1, +w2`);
});

Deno.test("[P-33] [P-39] a circle that a conversion closes though it need not wait itself", () => {
  play(`
    a 1 NL x owner o -> +a1
    c 1 PR x       -> +c1
    w 1 EX y owner q -> +w1
    w 2 EX x owner q ->              # waits for c, not for an NL
    a 2 EX y owner o ->              # waits for w
    a conv 1 CR as 7 -> -a7 DEADLOCK: a2 y w2 x
    a conv 1 CR as 8 wait 0 -> -a8 DEADLOCK: a2 y w2 x
    c off 1        -> =c1, +w2
    w off 1        -> =w1, +a2`);
});

Deno.test("[P-33] an owner with several waits is in a circle with each of them", () => {
  play(`
    a 1 EX x owner o -> +a1
    b 1 EX y owner p -> +b1
    c 1 EX z owner q -> +c1
    a 2 EX y owner o ->
    a 3 EX z owner o ->
    b 2 EX x owner p -> -b2 DEADLOCK: b2 x a2 y
    c 2 EX x owner q -> -c2 DEADLOCK: c2 x a3 z
    b off 1        -> =b1, +a2
    c 3 EX x owner q -> -c3 DEADLOCK: c3 x a3 z`);
});

Deno.test("[P-33] a circle through a lock that is still being admitted", () => {
  play(`
    b 1 EX y owner p -> +b1
    world later    ->
    a 1 EX x owner o ->
    b 2 EX x owner p ->              # waits for a
    a 2 EX y owner o -> -a2 DEADLOCK: a2 y b2 x
    late a 1 yes   -> +a1`);
});

Deno.test("[P-33] [P-39] a circle that closes when a request that was being admitted has to wait again", () => {
  // c waits for w, w for n at u; the conversion of b waits for c and n, and goes before n as soon as n has to
  // wait.
  play(`
    b 1 NL x       -> +b1
    c 1 CR x owner r -> +c1
    w 1 EX y owner q -> +w1
    c 2 EX y owner r ->
    world later    ->
    n 1 PR u,x     ->
    w 2 EX u owner q ->
    b conv 1 EX as 7 ->
    late n 1 outside x -> -b7 DEADLOCK: b1 x c2 y w2 u n1 x
    world yes      ->
    late n 1 yes u -> +n1
    n off 1        -> =n1, +w2`);
});

Deno.test("[P-33] a circle is looked for among as many as wait", () => {
  const most = 5_000;
  const bench = new LockBench();
  bench.open("s");
  for (let id = 1; id <= most; id++) bench.acquire("s", id, "EX", { name: `n${id}`, owner: `o${id}` });
  for (let id = 1; id < most; id++) {
    bench.acquire("s", most + id, "EX", { name: `n${id + 1}`, owner: `o${id}` });
  }
  bench.effects = [];
  bench.acquire("s", 2 * most, "EX", { name: "n1", owner: `o${most}` });
  const [refused] = bench.effects;
  ok(refused?.type === "refused" && refused.code === "DEADLOCK");
  equal(refused.cycle?.length, most);
});

Deno.test("[P-33] waiters of one name in one mode are looked through once, not once for each", () => {
  const most = 3_000;
  const bench = new LockBench();
  bench.open("s", "t");
  bench.acquire("s", 1, "CR", { owner: "hot" });
  for (let id = 2; id <= most; id++) bench.acquire("s", id, "EX", { name: `n${id}`, owner: `o${id}` });
  for (let id = 2; id <= most; id++) bench.acquire("s", most + id, "EX", { owner: `o${id}` });
  bench.acquire("t", 1, "EX", { name: "n2" });
  bench.effects = [];
  bench.acquire("s", 3 * most, "EX", { name: "n2", owner: "hot" });
  const [refused] = bench.effects;
  ok(refused?.type === "refused" && refused.code === "DEADLOCK");
});
