/**
 * How long locks live; `tests/support/lock_scenario.ts` tells how to read the scenarios.
 *
 * @module
 */
import { play } from "../../../support/lock_scenario.ts";

Deno.test("[P-34] a lock with a ttl ends so long after its grant, its holder is told, and waiters get it", () => {
  play(`
    a 1 EX ttl 90  -> +a1 until 90
    b 1 EX         ->
    at 59.9        ->
    at 60          -> ?a1 30
    at 89.9        ->
    at 90          -> !a1 expired, +b1
    a off 1        -> -a1 NOT_HELD
    a renew 1      -> -a1 NOT_HELD
    at 1000        ->`);
});

Deno.test("[P-34] the life of a lock begins with its grant, not with its wait", () => {
  play(`
    a 1 EX         -> +a1
    b 1 EX ttl 90 wait 500 ->
    at 400         ->
    a off 1        -> =a1, +b1 until 490
    at 460         -> ?b1 30
    b 1 EX         -> +b1 until 490   # asked for again, as it is
    at 490         -> !b1 expired`);
});

Deno.test("[P-43] renew lets a lock live its ttl from now, or another one from now on", () => {
  play(`
    a 1 EX ttl 90  -> +a1 until 90
    at 50          ->
    a renew 1      -> ^a1 until 140
    at 90          ->
    a renew 1 ttl 300 -> ^a1 until 390
    at 200         ->
    a renew 1      -> ^a1 until 500
    at 400         -> ?a1 100
    a renew 1 ttl 9 -> ^a1 until 409
    at 406         -> ?a1 3
    at 409         -> !a1 expired`);
});

Deno.test("[P-43] renew gives a lock without end an end, or nothing", () => {
  play(`
    a 1 EX         -> +a1
    a renew 1      -> ^a1
    at 1000        ->
    a renew 1 ttl 90 -> ^a1 until 1090
    at 1089        -> ?a1 1
    b renew 1      -> -b1 NOT_HELD
    b 1 EX         ->
    b renew 1      -> -b1 NOT_HELD    # waits
    at 1090        -> !a1 expired, +b1`);
});

Deno.test("[P-35] [P-43] maxHold ends a lock, renewed or not", () => {
  play(`
    a 1 EX hold 90 -> +a1 until 90
    a renew 1      -> ^a1 until 90
    at 60          -> ?a1 30
    at 90          -> !a1 max-hold
    a 2 EX ttl 60 hold 100 -> +a2 until 150
    at 120         ->
    a renew 2      -> ^a2 until 180
    at 150         ->
    a renew 2 ttl 5000 -> ^a2 until 190
    at 190         -> !a2 max-hold`);
});

Deno.test("[P-34] [P-35] the reason of the end is the one that came first", () => {
  play(`
    a 1 EX ttl 50 hold 90 -> +a1 until 50
    b 1 EX y ttl 90 hold 50 -> +b1 until 50
    at 1000        -> !a1 expired, !b1 max-hold`);
});

Deno.test("[P-52] a holder is warned when a third of the life is left, of ttl or maxHold, the shorter", () => {
  play(`
    a 1 EX x ttl 90 hold 900 -> +a1 until 90
    a 2 EX y ttl 900 hold 90 -> +a2 until 90
    at 59          ->
    at 60          -> ?a1 30, ?a2 30`);
});

Deno.test("[P-52] a holder is warned once a life, and a renewal begins a new one", () => {
  play(`
    a 1 EX ttl 90  -> +a1 until 90
    at 60          -> ?a1 30
    at 61          ->
    at 70          ->
    a renew 1      -> ^a1 until 160
    at 129         ->
    at 130         -> ?a1 30
    at 159         ->
    at 160         -> !a1 expired`);
});

Deno.test("[P-34] what falls due while nobody looked is done in the order in which it fell due", () => {
  play(`
    a 1 EX ttl 90  -> +a1 until 90
    b 1 EX wait 80 ->
    c 1 EX ttl 60  ->
    at 1000        -> -b1 TIMEOUT, !a1 expired, +c1 until 1060
    at 2000        -> !c1 expired`);
});

Deno.test("[P-34] a lock that is released, or ended with its session, does not expire", () => {
  play(`
    a 1 EX ttl 90  -> +a1 until 90
    a off 1        -> =a1
    b 1 EX ttl 90  -> +b1 until 90
    b end          ->
    c 1 EX ttl 90 hold 50 -> +c1 until 50
    at 40          -> ?c1 10
    c cancel 1     -> was held
    at 1000        ->`);
});

Deno.test("[P-34] [P-38] a conversion leaves the life of a lock as it is", () => {
  play(`
    a 1 EX ttl 90  -> +a1 until 90
    at 50          ->
    a conv 1 PR as 7 -> ~a7 PR
    at 60          -> ?a1 30
    a conv 1 EX as 8 -> ~a8 EX
    at 90          -> !a1 expired`);
});

Deno.test("[P-32] [P-34] a lock of several names ends at all of them", () => {
  play(`
    a 1 EX x,y ttl 90 -> +a1 until 90
    b 1 EX y       ->
    c 1 EX x       ->
    at 60          -> ?a1 30
    at 90          -> !a1 expired, +c1, +b1`);
});
