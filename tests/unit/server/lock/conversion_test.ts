/**
 * Locks that change their mode in place; `tests/support/lock_scenario.ts` tells how to read the scenarios.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { LockBench } from "../../../support/lock_bench.ts";
import { play, playOn, takeHappenings } from "../../../support/lock_scenario.ts";

Deno.test("[P-38] LockTable converts down at once, keeps the token and grants those who waited", () => {
  const bench = play(`
    a 1 EX         -> +a1
    b 1 PR         ->
    c 1 PR         ->
    d 1 EX         ->
    e 1 PR         ->
    a conv 1 PR as 7 -> ~a7 PR, +b1, +c1   # d conflicts with a, e with d
    a conv 1 NL as 8 -> ~a8 NL
    b off 1        -> =b1
    c off 1        -> =c1, +d1
    a off 1        -> =a1`);
  const tokens = new LockBench();
  tokens.open("a");
  tokens.acquire("a", 1, "EX");
  tokens.convert("a", 1, "CR", { request: 2 });
  const [granted, converted] = tokens.effects;
  ok(granted?.type === "granted" && converted?.type === "converted");
  equal(converted.token, granted.fenced[0].token);
  equal(bench.table.resources.get("x")?.held.size, 1);
});

Deno.test("[P-38] LockTable converts up at once where nobody is in the way, with a new token", () => {
  const bench = new LockBench();
  bench.open("a", "b");
  bench.acquire("a", 1, "PR");
  bench.convert("a", 1, "EX", { request: 2, waitMs: 0 });
  const [granted, converted] = bench.effects;
  ok(granted?.type === "granted" && converted?.type === "converted");
  ok(converted.token > granted.fenced[0].token);
  bench.acquire("b", 1, "CR", { waitMs: 0 });
  const refused = bench.effects.at(-1);
  ok(refused?.type === "refused" && refused.code === "BUSY");
  equal(refused.blockedBy?.[0]?.token, converted.token);
  bench.effects = [];
  playOn(
    bench,
    `
    a 1 EX         -> -a1 BAD_REQUEST  # it was acquired in PR
    a 1 PR         -> +a1              # the same acquire again: the lock as it is now
    a off 1        -> =a1`,
  );
});

Deno.test("[P-38] LockTable lets a conversion wait for the other holders, and holds the old mode until then", () => {
  play(`
    a 1 PR         -> +a1
    b 1 PR         -> +b1
    c 1 CR         -> +c1
    a conv 1 EX as 7 ->
    d 1 PR wait 0  -> -d1 BUSY       # the conversion goes first
    d 2 CW wait 0  -> -d2 BUSY
    d 3 NL         -> +d3
    b off 1        -> =b1
    c off 1        -> =c1, ~a7 EX
    a off 1        -> =a1`);
});

Deno.test("[P-39] LockTable lets a conversion go before all that wait for a first lock", () => {
  play(`
    a 1 PR         -> +a1
    b 1 PR         -> +b1
    c 1 EX         ->
    d 1 PR         ->
    a conv 1 PW as 7 ->
    b off 1        -> =b1, ~a7 PW
    a conv 1 PR as 8 -> ~a8 PR
    a conv 1 EX as 9 -> ~a9 EX       # nobody else holds: past the queue, at once
    a off 1        -> =a1, +c1
    c off 1        -> =c1, +d1`);
});

Deno.test("[P-39] LockTable does conversions first in, first out where they conflict", () => {
  play(`
    a 1 NL         -> +a1
    b 1 NL         -> +b1
    c 1 NL         -> +c1
    e 1 NL         -> +e1
    h 1 EX         -> +h1
    a conv 1 PR as 2 ->
    b conv 1 EX as 2 ->
    c conv 1 PR as 2 ->              # compatible with a, conflicts with b
    e conv 1 CR as 2 ->              # conflicts with b alone
    h off 1        -> =h1, ~a2 PR
    a off 1        -> =a1, ~b2 EX
    b off 1        -> =b1, ~c2 PR, ~e2 CR`);
});

Deno.test("[P-39] LockTable does a conversion that a later one clears the way for", () => {
  play(`
    a 1 NL         -> +a1
    b 1 PR         -> +b1
    c 1 CR         -> +c1
    d 1 PR         -> +d1
    a conv 1 CW as 2 ->              # waits for b and d
    b conv 1 CW as 2 ->              # waits for d
    d off 1        -> =d1, ~b2 CW, ~a2 CW`);
});

Deno.test("[P-38] LockTable converts between PR and CW, which cover neither one the other", () => {
  const bench = play(`
    a 1 PR         -> +a1
    b 1 CR         -> +b1
    a conv 1 CW as 2 -> ~a2 CW
    c 1 CW         -> +c1
    a conv 1 PR as 3 ->
    c off 1        -> =c1, ~a3 PR`);
  deepEqual([...bench.claims.claimed], [["x", "PR"]]);
});

Deno.test("[I-7] [P-38] a conversion that times out, is cancelled, or would not wait leaves the old mode held", () => {
  play(`
    a 1 PR         -> +a1
    b 1 PR         -> +b1
    a conv 1 EX as 7 wait 0 -> -a7 BUSY
    c 1 PR wait 0  -> +c1            # nothing is left of the conversion
    c off 1        -> =c1
    a conv 1 EX as 8 wait 50 ->
    c 2 PR         ->
    at 49.9        ->
    at 50          -> -a8 TIMEOUT, +c2
    a conv 1 PW as 9 ->
    d 1 PR         ->
    a cancel 9     -> -a9 CANCELLED, +d1, was waiting
    a cancel 9     -> was ended
    e 1 CW wait 0  -> -e1 BUSY       # PR is held as before
    b off 1        -> =b1
    c off 2        -> =c2
    d off 1        -> =d1
    e 2 CW wait 0  -> -e2 BUSY
    a off 1        -> =a1`);
});

Deno.test("[P-39] of two that wait for each other's lock to convert exactly one gets DEADLOCK, owners or not", () => {
  for (const [a, b] of [["", ""], [" owner o", ""], ["", " owner o"], [" owner o", " owner p"]]) {
    play(`
      a 1 PR${a}     -> +a1
      b 1 PR${b}     -> +b1
      a conv 1 EX as 7 ->
      b conv 1 EX as 7 -> -b7 DEADLOCK: b1 x a1 x
      b conv 1 PW as 8 -> -b8 DEADLOCK: b1 x a1 x
      b conv 1 EX as 9 wait 0 -> -b9 BUSY
      b conv 1 CR as 10 -> ~b10 CR
      b off 1        -> =b1, ~a7 EX`);
  }
});

Deno.test("[P-39] of three that wait for each other's lock to convert two get DEADLOCK", () => {
  play(`
    a 1 PR         -> +a1
    b 1 PR         -> +b1
    c 1 PR         -> +c1
    a conv 1 EX as 7 ->
    b conv 1 EX as 7 -> -b7 DEADLOCK: b1 x a1 x
    c conv 1 PW as 7 -> -c7 DEADLOCK: c1 x a1 x
    b off 1        -> =b1
    c off 1        -> =c1, ~a7 EX`);
});

Deno.test("[P-39] conversions that wait for a third one only get no DEADLOCK", () => {
  play(`
    a 1 NL         -> +a1
    b 1 NL         -> +b1
    c 1 EX         -> +c1
    a conv 1 EX as 7 ->
    b conv 1 EX as 7 ->
    c off 1        -> =c1, ~a7 EX
    a off 1        -> =a1, ~b7 EX`);
});

Deno.test("[P-26] [P-38] a BUSY or TIMEOUT of a conversion tells who is in the way", () => {
  const bench = new LockBench();
  bench.open("a", "b", "c");
  bench.acquire("a", 1, "PR");
  bench.acquire("b", 1, "PR");
  bench.acquire("c", 1, "NL");
  bench.convert("a", 1, "EX", { request: 2, waitMs: 9 });
  bench.convert("c", 1, "PR", { request: 2, waitMs: 0 });
  bench.table.expire(bench.now = 9);
  const [busy, timeout] = bench.effects.slice(-2);
  ok(busy?.type === "refused" && timeout?.type === "refused");
  deepEqual([busy.code, timeout.code], ["BUSY", "TIMEOUT"]);
  deepEqual(busy.blockedBy?.map(({ session, convertingTo }) => [session, convertingTo]), [["a", "EX"]]);
  deepEqual(timeout.blockedBy?.map(({ session }) => session), ["b"]);
  equal(timeout.message, "Cannot convert x from PR to EX: held in PR by b");
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
