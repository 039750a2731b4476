/**
 * What every store has to do: scenarios that are played on each of them. `tests/support/store_scenario.ts`
 * tells how to read them. On an etcd cluster the sessions of a scenario are at several daemons.
 *
 * @module
 */
import { playOnStores } from "../support/store_scenario.ts";
import type { StoreStage } from "../support/store_stage.ts";

/** The scenarios by their names. */
export const STORE_SCENARIOS: Readonly<Record<string, string>> = {
  "[P-23] grants in the order of arrival": `
    a 1 EX     -> +a1
    b 1 EX     ->
    c 1 EX     ->
    a 2 EX     ->            # two requests of one session conflict like any others
    a off 1    -> =a1, +b1
    b off 1    -> =b1, +c1
    c off 1    -> =c1, +a2
    a off 2    -> =a2`,
  "[P-23] lets no newcomer overtake an earlier waiter that conflicts with it": `
    a 1 PR     -> +a1
    b 1 EX     ->
    c 1 PR     ->            # compatible with the lock in force, but b was first
    d 1 PR wait 0 -> -d1 BUSY
    e 1 NL     -> +e1        # conflicts with nobody, so overtakes nobody
    a off 1    -> =a1, +b1
    b off 1    -> =b1, +c1`,
  "[P-23] lets a waiter pass those that it does not conflict with": `
    a 1 PW     -> +a1
    b 1 PR     ->
    c 1 CR     -> +c1        # compatible with PW and with the waiting PR
    d 1 CW     ->
    a off 1    -> =a1, +b1   # d conflicts with b
    e 1 CW     ->
    b off 1    -> =b1, +d1, +e1`,
  "[P-23] grants compatible neighbours at the head together": `
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
    e off 1    -> =e1, +f1`,
  "[P-23] [P-31] ends waits by their time and by their session's wish": `
    a 1 EX     -> +a1
    b 1 EX wait 50 ->
    c 1 EX     ->
    c cancel 1 -> -c1 CANCELLED, was waiting
    at 49      ->
    at 50      -> -b1 TIMEOUT
    a cancel 1 -> was held
    b 2 EX wait 0 -> +b2
    b cancel 1 -> was ended
    c 1 EX     -> -c1 NOT_HELD
    c cancel 7 -> was ended
    c 7 EX     -> -c7 NOT_HELD`,
  "[P-25] an acquire sent again is the same lock or wait": `
    a 1 EX     -> +a1
    a 1 EX     -> +a1
    a 1 PR     -> -a1 BAD_REQUEST
    b 1 EX     ->
    b 1 EX     ->
    a off 1    -> =a1, +b1
    a off 1 as 8 -> -a8 NOT_HELD
    a 1 EX     -> -a1 NOT_HELD`,
  "[P-13] [I-14] ends what a session holds and waits for with it": `
    a 1 EX x   -> +a1
    a 2 EX y   -> +a2
    b 1 EX x   ->
    a 3 EX x   ->
    c 1 PR y   ->
    a end      -> +b1, +c1
    b end      ->
    c end      ->`,
  "[P-38] converts down at once and grants those who waited": `
    a 1 EX     -> +a1
    b 1 PR     ->
    c 1 PR     ->
    d 1 EX     ->
    e 1 PR     ->
    a conv 1 PR as 7 -> ~a7 PR, +b1, +c1   # d conflicts with a, e with d
    a conv 1 NL as 8 -> ~a8 NL
    b off 1    -> =b1
    c off 1    -> =c1, +d1
    a off 1    -> =a1`,
  "[P-38] lets a conversion wait for the other holders, and holds the old mode until then": `
    a 1 PR     -> +a1
    b 1 PR     -> +b1
    c 1 CR     -> +c1
    a conv 1 EX as 7 ->
    d 1 PR wait 0 -> -d1 BUSY       # the conversion goes first
    b off 1    -> =b1
    c off 1    -> =c1, ~a7 EX
    d 2 CR wait 0 -> -d2 BUSY
    a conv 1 PR as 8 -> ~a8 PR
    d 3 PR     -> +d3`,
  "[P-38] ends conversions by their time and by their session's wish; the old mode is held": `
    a 1 PR     -> +a1
    b 1 PR     -> +b1
    a conv 1 EX as 7 wait 0 -> -a7 BUSY
    a conv 1 EX as 8 wait 50 ->
    at 50      -> -a8 TIMEOUT
    a conv 1 EX as 9 ->
    a cancel 9 -> -a9 CANCELLED, was waiting
    c 1 PR     -> +c1
    a off 1    -> =a1`,
  "[P-39] of two conversions that wait for each other one is refused": `
    a 1 PR     -> +a1
    b 1 PR     -> +b1
    a conv 1 EX as 7 ->
    b conv 1 EX as 7 -> -b7 DEADLOCK
    b off 1    -> =b1, ~a7 EX`,
  "[P-42] a lock of several names or one that is being converted is not converted": `
    a 1 PR x,y -> +a1
    a conv 1 EX as 7 -> -a7 BAD_REQUEST
    b 1 PR x   -> +b1
    b conv 1 EX as 7 ->
    b conv 1 EX as 7 ->
    b conv 1 PW as 8 -> -b8 BAD_REQUEST
    b conv 5 PW as 8 -> -b8 NOT_HELD
    a off 1    -> =a1, ~b7 EX`,
  "[P-39] a lock that ends answers its conversion": `
    a 1 PR     -> +a1
    b 1 PR     -> +b1
    a conv 1 EX as 7 ->
    a off 1    -> =a1, -a7 NOT_HELD
    c 1 PR wait 0 -> +c1`,
  "[P-32] [I-8] grants all names of a request or none": `
    a 1 EX y   -> +a1
    b 1 EX x,y ->
    c 1 EX x   ->              # x is free, but b was first
    d 1 PR x wait 0 -> -d1 BUSY
    e 1 NL x   -> +e1
    a off 1    -> =a1, +b1
    b off 1    -> =b1, +c1`,
  "[P-32] requests of several names never deadlock with one another": `
    a 1 EX x,y -> +a1
    b 1 EX y,z ->
    c 1 EX z,x ->
    d 1 EX x,y ->
    e 1 EX z   ->              # z is free, but b and c come first
    a off 1    -> =a1, +b1
    b off 1    -> =b1, +c1
    c off 1    -> =c1, +d1, +e1`,
  "[P-33] [I-9] refuses the wait that closes a circle, and no other": `
    a 1 EX x owner o -> +a1
    b 1 EX y owner o -> +b1
    c 1 EX z owner o -> +c1
    a 2 EX y owner o ->
    b 2 EX z owner o ->
    c 2 EX x owner o -> -c2 DEADLOCK
    d 1 EX x owner o ->              # is in no circle
    c off 1    -> =c1, +b2
    b off 1    -> =b1, +a2`,
  "[P-33] refuses a wait for the own owner": `
    a 1 EX owner o -> +a1
    a 2 EX owner o -> -a2 DEADLOCK
    a 3 EX owner o wait 50 -> -a3 DEADLOCK
    a 4 NL owner o -> +a4
    a 5 EX owner p ->
    a off 1    -> =a1, +a5`,
  "[P-33] requests without an owner are never refused for a circle": `
    a 1 EX x   -> +a1
    b 1 EX y   -> +b1
    a 2 EX y   ->
    b 2 EX x   ->
    a off 1    -> =a1, +b2
    b off 1    -> =b1, +a2`,
  "[P-34] [P-43] ends a lock whose time is over, unless it is renewed": `
    a 1 EX ttl 300 -> +a1
    b 1 EX     ->
    at 200     -> ?a1 100
    a renew 1 ttl 300 as 8 -> ^a1
    at 400     -> ?a1 100
    at 500     -> !a1 expired, +b1
    a renew 1 ttl 300 as 9 -> -a9 NOT_HELD`,
  "[P-35] ends a lock that was held for too long, renewed or not": `
    a 1 EX ttl 300 hold 450 -> +a1
    at 200     -> ?a1 100
    a renew 1 ttl 300 as 8 -> ^a1
    at 450     -> !a1 max-hold
    b 1 EX wait 0 -> +b1`,
  "[P-37] [P-53] tells a holder who wishes it that somebody waits": `
    a 1 PR yield -> +a1
    b 1 PR     -> +b1
    c 1 EX     -> %a1 x c1
    b off 1    -> =b1
    a off 1    -> =a1, +c1`,
  "[P-44] breaks the lock that is meant, and no later one": `
    a 1 EX     -> +a1
    b 1 EX     ->
    c break x of a1 why -> broke a1, !a1 broken, +b1
    c break x of a1 why -> -c0 STALE_TOKEN
    b off 1    -> =b1
    c break x of a1 why -> -c0 NOT_HELD
    a off 1    -> -a1 NOT_HELD`,
  "[P-44] breaks a lock of several names whole": `
    a 1 EX x,y -> +a1
    b 1 EX y   ->
    c break x of a1 why -> broke a1, !a1 broken, +b1`,
  "releases all that a session holds": `
    a 1 EX x   -> +a1
    a 2 PR y   -> +a2
    b 1 EX x   ->
    a 3 EX x   ->
    a off-all as 9 -> =a9 all 2, +b1
    b off 1    -> =b1, +a3
    c off-all as 9 -> =c9 all 0`,
  "[P-59] gives a value to later holders, and says when its writer died": `
    a 1 EX     -> +a1
    a set 1 one -> =a1 set
    a off 1    -> =a1
    b 1 PW     -> +b1 "one"
    b set 1 two -> =b1 set
    c 1 EX     ->
    b end      -> +c1 "two"?
    c set 1 three -> =c1 set
    c conv 1 CR as 7 -> ~c7 CR
    d 1 PR     -> +d1 "three"
    d set 1 no as 8 -> -d8 BAD_REQUEST`,
  "[P-58] asks the arbiter whether a lock is held": `
    a 1 EX     -> +a1
    a verify 1 as 8 -> ok a1
    a off 1    -> =a1
    a verify 1 as 9 -> -a9 NOT_HELD`,
};

/** Plays all scenarios, each on a stage of its own. */
export function storeSuite(what: string, stage: () => StoreStage): void {
  for (const [name, scenario] of Object.entries(STORE_SCENARIOS)) {
    Deno.test(`${what}: ${name}`, async () => {
      await using made = stage();
      await playOnStores(made, scenario);
    });
  }
}
