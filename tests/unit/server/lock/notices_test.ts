/**
 * How locks are broken, and what holders and watchers are told; `tests/support/lock_scenario.ts` tells how to
 * read the scenarios.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { LockBench } from "../../../support/lock_bench.ts";
import { play, playOn, takeHappenings } from "../../../support/lock_scenario.ts";

Deno.test("[P-44] break ends the lock of a name that has the token, and tells its holder", () => {
  const bench = new LockBench();
  bench.open("a", "b", "admin");
  bench.watch();
  bench.acquire("a", 1, "EX", { reason: "nightly" });
  bench.acquire("b", 1, "EX");
  const [granted] = bench.effects;
  ok(granted?.type === "granted");
  bench.effects = [];
  const { token } = granted.fenced[0];
  bench.table.break({ session: "admin" as never, request: 9, name: "x", token, reason: "host is gone" }, 0);
  const [broken, lost, next] = bench.effects;
  ok(broken?.type === "broken" && lost?.type === "lost" && next?.type === "granted");
  deepEqual(broken.parties.map(({ session, token, reason }) => [session, token, reason]), [[
    "a",
    token,
    "nightly",
  ]]);
  deepEqual(lost, { type: "lost", session: "a", lock: 1, name: "x", token, reason: "broken" });
  deepEqual([next.session, next.request], ["b", 1]);
  ok(next.fenced[0].token > token, "[P-24] the next one has a greater token");
  deepEqual(takeHappenings(bench), [
    "granted a1 x",
    "waiting b1 x",
    "broken a1 x host is gone",
    "granted b1 x",
  ]);
  bench.check();
});

Deno.test("[P-44] break compares: a later lock is not hit, nor one of another name, nor one that only waits", () => {
  play(`
    a 1 EX         -> +a1             # token 1
    z break x 2 why -> -z0 STALE_TOKEN
    z break x 0 why -> -z0 STALE_TOKEN
    z break y 1 why -> -z0 NOT_HELD
    a off 1        -> =a1
    z break x 1 why -> -z0 NOT_HELD
    b 1 EX         -> +b1             # token 2
    c 1 EX         ->
    z break x 1 why -> -z0 STALE_TOKEN
    z break x 2 why -> broke b1, !b1 broken, +c1
    z break x 2 why -> -z0 STALE_TOKEN`);
});

Deno.test("[P-44] break tells with which token the name is held", () => {
  const bench = play("a 1 EX -> +a1");
  bench.table.break({ session: "z" as never, request: 9, name: "x", token: 7, reason: "" }, 0);
  const [refused] = bench.effects;
  ok(refused?.type === "refused");
  match(refused.message, /^Cannot break x with token 7: it is held with token 1$/);
});

Deno.test("[P-32] [P-44] break of one name ends the lock of all its names", () => {
  play(`
    a 1 EX x,y     -> +a1             # tokens 1 and 2
    b 1 EX x       ->
    c 1 EX y       ->
    z break y 1 why -> -z0 STALE_TOKEN
    z break y 2 why -> broke a1, !a1 broken, +b1, +c1`);
});

Deno.test("[P-44] break ends a lock that is being converted by the token that it has, not the one that it had", () => {
  play(`
    a 1 PR         -> +a1
    a conv 1 EX as 7 -> ~a7 EX        # token 2
    z break x 1 why -> -z0 STALE_TOKEN
    z break x 2 why -> broke a1, !a1 broken`);
});

Deno.test("[P-44] break passes over NL, which keeps nobody out, and what is converted from it", () => {
  play(`
    a 1 PR         -> +a1             # token 1
    n 1 NL         -> +n1             # shares it
    b 1 EX         ->
    n conv 1 EX as 7 ->
    z break x 1 why -> broke a1, !a1 broken, ~n7 EX
    n off 1        -> =n1, +b1
    b off 1        -> =b1
    n 8 NL         -> +n8             # token 3
    z break x 3 why -> -z0 NOT_HELD
    n off 8        -> =n8`);
});

Deno.test("[P-37] [P-53] a holder that wishes so is told once of everybody who begins to wait for its lock", () => {
  play(`
    a 1 PR yield   -> +a1
    b 1 PR yield   -> +b1
    c 1 PR         -> +c1             # does not wish it
    d 1 CR wait 0  -> +d1
    e 1 EX wait 0  -> -e1 BUSY        # did not wait
    e 2 EX         -> %a1 x e2, %b1 x e2
    e 2 EX         ->                 # the same wait
    f 1 PR         ->                 # waits for e, not for the holders
    b off 1        -> =b1
    g 1 CW         -> %a1 x g1
    retry          ->`);
});

Deno.test("[P-39] [P-53] a holder is told of a conversion that waits for its lock, not of its own", () => {
  play(`
    a 1 PR yield   -> +a1
    b 1 PR yield   -> +b1
    b conv 1 EX as 7 -> %a1 x b1
    a off 1        -> =a1, ~b7 EX`);
});

Deno.test("[P-32] [P-53] a holder of several names is told which one somebody waits for", () => {
  play(`
    a 1 EX x,y,z yield -> +a1
    b 1 EX w,y,z   -> %a1 y b1, %a1 z b1`);
});

Deno.test("[P-53] a waiter that the world outside refuses again and again is told of once", () => {
  const bench = play(`
    a 1 CR yield   -> +a1
    world later    ->
    b 1 PR         ->
    late b 1 outside ->`);
  bench.watch();
  playOn(
    bench,
    `
    c 1 EX         -> %a1 x c1
    retry          ->
    late b 1 outside ->
    retry          ->
    late b 1 outside ->
    world yes      ->
    a off 1        -> =a1, +b1`,
  );
  deepEqual(takeHappenings(bench), ["waiting c1 x", "released a1 x", "granted b1 x"]);
});

Deno.test("LockTable.watch hears of each name in the order in which things happened", () => {
  const bench = new LockBench();
  bench.watch();
  playOn(
    bench,
    `
    a 1 EX ttl 90  -> +a1 until 90
    a 1 EX         -> +a1 until 90    # no grant anew
    b 1 PR         ->
    b 1 PR         ->
    c 1 PR wait 50 ->
    d 1 EX wait 0  -> -d1 BUSY
    d 2 EX         ->
    e 1 EX         ->
    f 1 EX         ->
    e cancel 1     -> -e1 CANCELLED, was waiting
    f end          ->
    at 50          -> -c1 TIMEOUT
    at 60          -> ?a1 30
    at 90          -> !a1 expired, +b1
    lose           -> !b1, +d2
    g 1 EX         ->
    drain          -> -g1 DRAINING
    d end          ->`,
  );
  deepEqual(takeHappenings(bench), [
    ...["granted a1 x", "waiting b1 x", "waiting c1 x", "waiting d2 x", "waiting e1 x", "waiting f1 x"],
    ...["gave-up e1 x", "gave-up f1 x session", "gave-up c1 x", "lost a1 x expired", "granted b1 x"],
    ...["lost b1 x store", "granted d2 x", "waiting g1 x", "gave-up g1 x", "lost d2 x session"],
  ]);
});

Deno.test("LockTable.watch hears that a waiter was refused, and nothing of one that never waited", () => {
  const bench = new LockBench();
  bench.watch();
  playOn(
    bench,
    `
    a 1 EX         -> +a1
    b 1 EX         ->
    c 1 EX x,y     ->
    world LIMIT    ->
    a off 1        -> =a1, -b1 LIMIT, -c1 LIMIT
    d 1 EX         -> -d1 LIMIT
    world later    ->
    d 2 EX         ->
    d cancel 2     -> -d2 CANCELLED, was waiting
    late d 2 yes   ->
    d 3 EX         ->
    late d 3 LIMIT -> -d3 LIMIT
    d 4 EX         ->
    late d 4 outside ->
    retry          ->
    late d 4 LIMIT -> -d4 LIMIT`,
  );
  deepEqual(takeHappenings(bench), [
    ...["granted a1 x", "waiting b1 x", "waiting c1 x", "waiting c1 y", "released a1 x"],
    ...["gave-up b1 x", "gave-up c1 x", "gave-up c1 y", "waiting d4 x", "gave-up d4 x"],
  ]);
});

Deno.test("LockTable.watch tells who it was, with what others may know of it", () => {
  const bench = new LockBench();
  bench.open("a");
  bench.watch();
  bench.now = 5;
  const labels = { job: "nightly" };
  bench.acquire("a", 1, "EX", { owner: "o", reason: "rebill", labels, ttlMs: 90 });
  const [happening] = bench.happenings;
  const known = { owner: "o", reason: "rebill", labels, expires: 95, since: 5, token: 1 };
  deepEqual(happening?.party, { session: "a", request: 1, mode: "EX", client: { name: "a" }, ...known });
  bench.table.watch(undefined);
  bench.release("a", 1);
  equal(bench.happenings.length, 1);
});
