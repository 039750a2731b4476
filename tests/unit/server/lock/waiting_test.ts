/**
 * Who gets a lock when, as scenarios; `tests/support/lock_scenario.ts` tells how to read them.
 *
 * @module
 */
import { play } from "../../../support/lock_scenario.ts";

Deno.test("[P-23] LockTable grants in the order of arrival", () => {
  play(`
    a 1 EX     -> +a1
    b 1 EX     ->
    c 1 EX     ->
    a 2 EX     ->            # two requests of one session conflict like any others
    a off 1    -> =a1, +b1
    b off 1    -> =b1, +c1
    c off 1    -> =c1, +a2
    a off 2    -> =a2`);
});

Deno.test("[P-23] LockTable lets no newcomer overtake an earlier waiter that conflicts with it", () => {
  play(`
    a 1 PR     -> +a1
    b 1 EX     ->
    c 1 PR     ->            # compatible with the lock in force, but b was first
    d 1 PR wait 0 -> -d1 BUSY
    e 1 NL     -> +e1        # conflicts with nobody, so overtakes nobody
    a off 1    -> =a1, +b1
    b off 1    -> =b1, +c1`);
});

Deno.test("[P-23] LockTable lets a waiter pass those that it does not conflict with", () => {
  play(`
    a 1 PW     -> +a1
    b 1 PR     ->
    c 1 CR     -> +c1        # compatible with PW and with the waiting PR
    d 1 CW     ->
    a off 1    -> =a1, +b1   # d conflicts with b
    e 1 CW     ->
    b off 1    -> =b1, +d1, +e1`);
});

Deno.test("[P-23] LockTable grants compatible neighbours at the head together", () => {
  play(`
    a 1 EX     -> +a1
    b 1 PR     ->
    c 1 CR     ->
    d 1 PR     ->
    e 1 EX     ->
    f 1 PR     ->
    a off 1    -> =a1, +b1, +c1, +d1
    b off 1    -> =b1
    c off 1    -> =c1
    d off 1    -> =d1, +e1
    e off 1    -> =e1, +f1`);
});

Deno.test("[P-23] LockTable lets no stream of readers starve a writer", () => {
  play(`
    a 1 PR     -> +a1
    w 1 EX     ->
    b 1 PR     ->
    a 2 PR     ->
    a off 1    -> =a1, +w1
    w off 1    -> =w1, +b1, +a2`);
});

Deno.test("[P-23] LockTable ends a wait at its time, not before, and grants whom it was in the way of", () => {
  play(`
    a 1 PR         -> +a1
    b 1 EX wait 50 ->
    c 1 PR         ->
    at 49.9        ->
    at 50          -> -b1 TIMEOUT, +c1
    at 1000        ->`);
});

Deno.test("[P-23] LockTable grants a waiter at its last moment", () => {
  play(`
    a 1 EX         -> +a1
    b 1 EX wait 50 ->
    at 49.9        ->
    a off 1        -> =a1, +b1
    at 1000        ->`);
});

Deno.test("[P-27] LockTable grants nothing after a TIMEOUT", () => {
  play(`
    a 1 EX         -> +a1
    b 1 EX wait 50 ->
    at 50          -> -b1 TIMEOUT
    a off 1        -> =a1
    b cancel 1     -> was ended
    b off 1        -> -b1 NOT_HELD
    b 1 EX         -> -b1 NOT_HELD
    a 2 EX wait 0  -> +a2`);
});

Deno.test("[P-27] [P-31] LockTable.cancel withdraws a wait, releases a lock, and leaves what ended alone", () => {
  play(`
    a 1 EX         -> +a1
    b 1 EX         ->
    c 1 EX         ->
    b cancel 1     -> -b1 CANCELLED, was waiting
    b cancel 1     -> was ended
    a cancel 1     -> +c1, was held
    a cancel 1     -> was ended
    b 1 EX         -> -b1 NOT_HELD`);
});

Deno.test("[P-31] LockTable.cancel of a waiter grants those that only it stood in the way of", () => {
  play(`
    a 1 PR         -> +a1
    b 1 EX         ->
    c 1 PR         ->
    d 1 EX         ->
    e 1 PR         ->
    b cancel 1     -> -b1 CANCELLED, +c1, was waiting`);
});

Deno.test("[P-27] [P-31] LockTable.cancel that comes before its acquire keeps it from being granted", () => {
  play(`
    a 1 CR y       -> +a1
    a cancel 3     -> was ended
    a 3 EX         -> -a3 NOT_HELD
    a 4 EX         -> +a4
    nobody cancel 1 -> was ended`);
});

Deno.test("[P-25] LockTable takes a repeated id for the same request", () => {
  play(`
    a 1 EX         -> +a1
    a 1 EX         -> +a1          # held: granted again
    b 1 EX wait 50 ->
    b 1 EX wait 0  ->              # waits: one answer, when it is decided
    a 1 PR         -> -a1 BAD_REQUEST
    a 1 EX y       -> -a1 BAD_REQUEST
    b 1 PR         -> -b1 BAD_REQUEST
    b 1 EX y       -> -b1 BAD_REQUEST
    a off 1        -> =a1, +b1
    a 1 EX         -> -a1 NOT_HELD # has ended
    a 7 PR y       -> +a7
    a 6 PR y       -> -a6 NOT_HELD # never was, but ids rise
    b off 1        -> =b1`);
});

Deno.test("[P-25] LockTable refuses the id of a request that was refused", () => {
  play(`
    a 1 EX         -> +a1
    b 1 EX wait 0  -> -b1 BUSY
    a off 1        -> =a1
    b 1 EX wait 0  -> -b1 NOT_HELD
    b 2 EX wait 0  -> +b2`);
});

Deno.test("[P-30] LockTable.release frees only a lock that the session holds, once", () => {
  play(`
    a 1 EX         -> +a1
    b 1 EX         ->
    b off 1        -> -b1 NOT_HELD   # waits
    a off 7        -> -a7 NOT_HELD   # never was
    a off 1 5      -> =a5 of 1, +b1
    a off 1 6      -> -a6 NOT_HELD
    a 7 PR         ->
    nobody off 1   -> -nobody1 NOT_HELD
    b off 1        -> =b1, +a7
    a off 1        -> -a1 NOT_HELD   # a later lock is not touched
    a off 7        -> =a7`);
});

Deno.test("[P-29] LockTable refuses more locks and waits than a session may have", () => {
  play(
    `
    a 1 EX         -> +a1
    a 2 EX y       -> +a2
    a 3 EX z       -> +a3
    a 4 EX w       -> -a4 LIMIT
    a 1 EX         -> +a1            # a retry is no new lock
    b 1 EX         ->
    b 2 EX y       ->
    b 3 EX z       -> -b3 LIMIT      # waitersPerSessionMax
    b 4 EX v       -> +b4            # a lock is not a wait
    b 5 EX u       -> -b5 LIMIT      # locks and waits together
    a off 1        -> =a1, +b1       # nothing that was there is touched
    a off 2        -> =a2, +b2`,
    { locksPerSessionMax: 3, waitersPerSessionMax: 2 },
  );
});

Deno.test("[P-29] LockTable refuses more waiters of a name than may queue", () => {
  play(
    `
    a 1 EX         -> +a1
    b 1 EX         ->
    c 1 EX         ->
    d 1 EX         -> -d1 QUEUE_FULL
    d 2 EX wait 0  -> -d2 BUSY
    d 3 EX y       -> +d3
    b cancel 1     -> -b1 CANCELLED, was waiting
    d 4 EX         ->
    a off 1        -> =a1, +c1`,
    { queueLengthMax: 2 },
  );
});

Deno.test("[P-13] LockTable.endSession frees all that the session held and withdraws its waits", () => {
  play(`
    a 1 EX         -> +a1
    a 2 EX y       -> +a2
    b 1 PR         ->
    b 2 EX y wait 50 ->
    a 3 EX         ->
    c 1 PR         ->
    a end          -> +b1, +c1, +b2
    a end          ->
    a 4 EX z       -> -a4 SESSION_GONE
    b end          ->
    at 1000        ->
    c end          ->`);
});

Deno.test("[P-50] LockTable.lose ends the locks of a name, tells their holders and keeps the waiters", () => {
  play(`
    a 1 PR         -> +a1
    b 1 PR         -> +b1
    c 1 EX         ->
    d 1 PR         ->
    lose           -> !a1, !b1, +c1
    a off 1        -> -a1 NOT_HELD
    lose           -> !c1, +d1
    d off 1        -> =d1
    lose           ->`);
});

Deno.test("[P-51] LockTable.refuseWaiters ends every wait and keeps every lock", () => {
  play(`
    a 1 EX         -> +a1
    b 1 EX wait 50 ->
    c 1 EX y       -> +c1
    a 2 PR y       ->
    drain          -> -a2 DRAINING, -b1 DRAINING
    at 1000        ->
    a off 1        -> =a1
    c off 1        -> =c1`);
});

Deno.test("LockTable waits for what other processes hold, and grants when it is told to try again", () => {
  play(`
    world outside  ->
    a 1 EX wait 0  -> -a1 BUSY
    a 2 PR         ->
    b 1 PR         ->            # compatible with a, and refused by the world as well
    c 1 EX         ->
    retry          ->
    world yes      ->
    retry          -> +a2, +b1
    a off 2        -> =a2
    b off 1        -> =b1, +c1`);
});

Deno.test("LockTable promotes the waiters of a name when a newcomer finds the world gone", () => {
  play(`
    world outside  ->
    a 1 PR         ->
    b 1 PR         ->
    world yes      ->
    c 1 PR         -> +c1, +a1, +b1`);
});

Deno.test("LockTable refuses waiters whose claim fails, and goes on with the next", () => {
  play(`
    a 1 EX         -> +a1
    b 1 PR         ->
    c 1 EX         ->
    world STORE_UNAVAILABLE ->
    a off 1        -> =a1, -b1 STORE_UNAVAILABLE, -c1 STORE_UNAVAILABLE
    world LIMIT    ->
    d 1 EX         -> -d1 LIMIT
    world yes      ->
    d 2 EX         -> +d2`);
});
