/**
 * Conversions that are asked for again, refused, or end with their lock; `tests/support/lock_scenario.ts`
 * tells how to read the scenarios.
 *
 * @module
 */
import { equal } from "node:assert/strict";
import { play } from "../../../support/lock_scenario.ts";

Deno.test("[P-31] LockTable.cancel of a convert that was done changes nothing", () => {
  play(`
    a 1 PR         -> +a1
    a conv 1 EX as 7 -> ~a7 EX
    a cancel 7     -> was ended
    b 1 CR wait 0  -> -b1 BUSY
    a cancel 1     -> was held
    b 2 EX         -> +b2`);
});

Deno.test("[P-42] LockTable takes a convert with the same id for the same convert", () => {
  play(`
    a 1 PR         -> +a1
    b 1 PR         -> +b1
    a conv 1 EX as 7 ->
    a conv 1 EX as 7 ->              # one answer, when it is decided
    a conv 1 EX as 8 -> -a8 BAD_REQUEST
    a conv 1 PW as 7 -> -a7 BAD_REQUEST
    a conv 1 PR as 9 -> -a9 BAD_REQUEST
    b off 1        -> =b1, ~a7 EX
    a conv 1 EX as 7 -> ~a7 EX       # done again, which changes nothing
    b 2 CR wait 0  -> -b2 BUSY
    a off 1        -> =a1
    a conv 1 EX as 7 -> -a7 NOT_HELD`);
});

Deno.test("[P-42] LockTable refuses to convert with the id of something else that lives", () => {
  play(`
    a 1 PR         -> +a1
    a 2 PR y       -> +a2
    b 1 PR         -> +b1
    b 2 PR y       -> +b2
    a conv 1 EX as 7 ->
    a conv 2 EX as 7 -> -a7 BAD_REQUEST
    a conv 2 EX as 1 -> -a1 BAD_REQUEST
    a 7 EX z       -> -a7 BAD_REQUEST
    b off 1        -> =b1, ~a7 EX
    b off 2        -> =b2
    a conv 2 EX as 7 -> ~a7 EX`);
});

Deno.test("[P-42] LockTable converts no lock of several names, and none that is not held", () => {
  play(`
    a 1 EX x,y     -> +a1
    a conv 1 PR as 7 -> -a7 BAD_REQUEST
    b 1 EX         ->
    b conv 1 PR as 7 -> -b7 NOT_HELD
    b conv 9 PR as 8 -> -b8 NOT_HELD
    a off 1        -> =a1, +b1`);
});

Deno.test("[P-8] [P-30] a lock that ends while it is converted: the convert is answered, by NOT_HELD", () => {
  const endings = [
    ["a off 1", "-a7 NOT_HELD, =a1, +c1"],
    ["a cancel 1", "-a7 NOT_HELD, +c1, was held"],
    ["b break x 1 why", "broke a1, -a7 NOT_HELD, !a1 broken, +c1"],
    ["at 90", "-a7 NOT_HELD, !a1 expired, +c1"],
    ["a end", "+c1"],
  ];
  for (const [command, said] of endings) {
    const bench = play(`
      a 1 PR ttl 90  -> +a1 until 90
      b 1 PR         -> +b1
      a conv 1 EX as 7 ->
      c 1 PR         ->
      at 60          -> ?a1 30
      ${command}     -> ${said}
      at 1000        ->
      b off 1        -> =b1
      c off 1        -> =c1`);
    equal(bench.table.resources.size, 0);
  }
  play(`
    a 1 PR         -> +a1
    b 1 PR         -> +b1
    a conv 1 EX as 7 ->
    lose           -> -a7 NOT_HELD, !a1, !b1`);
});

Deno.test("[P-13] [P-39] the end of a session lets conversions and waiters go that it stood in the way of", () => {
  play(`
    a 1 PR         -> +a1
    b 1 PR         -> +b1
    a conv 1 EX as 7 ->
    c 1 PR         ->
    a end          -> +c1            # its conversion was in the way of c
    b conv 1 EX as 7 ->
    c end          -> ~b7 EX
    b end          ->`);
});

Deno.test("[P-51] LockTable.refuseWaiters ends a conversion that waits, and the lock stays", () => {
  play(`
    a 1 PR         -> +a1
    b 1 PR         -> +b1
    a conv 1 EX as 7 wait 50 ->
    c 1 CR         ->
    drain          -> -a7 DRAINING, -c1 DRAINING
    at 100         ->
    b off 1        -> =b1
    c 2 CW wait 0  -> -c2 BUSY
    a conv 1 CR as 8 -> ~a8 CR
    a off 1        -> =a1`);
});

Deno.test("[P-29] a conversion that waits is one of the waits of its session", () => {
  play(
    `
    h 1 EX y       -> +h1
    a 1 PR         -> +a1
    a 2 PR         -> +a2
    b 1 PR         -> +b1
    a 3 EX y       ->
    a conv 1 EX as 7 -> -a7 LIMIT
    a conv 1 EX as 8 wait 0 -> -a8 BUSY
    a cancel 3     -> -a3 CANCELLED, was waiting
    a conv 1 EX as 9 ->
    a 10 EX y      -> -a10 LIMIT
    a off 2        -> =a2
    b off 1        -> =b1, ~a9 EX
    a 11 EX y      ->`,
    { waitersPerSessionMax: 1 },
  );
});
