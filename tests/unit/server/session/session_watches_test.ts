// Watches of sessions that come, go and are resumed. The clock is a number.
import { deepEqual, equal } from "node:assert/strict";
import { OPEN_ACCESS } from "../../../../server/session/access.ts";
import { Ear, SessionBench } from "../../../support/session_bench.ts";

const GRACE_MS = 10_000;

Deno.test("[P-62] a session that is resumed is told that it missed events, if it did", () => {
  using bench = new SessionBench();
  const [ear, again, third] = [new Ear(), new Ear(), new Ear()];
  const session = bench.open(ear, GRACE_MS);
  const other = bench.open(new Ear());
  const secret = session.secret?.tell() ?? "";
  session.watch(1, "x");
  bench.acquire(other, 1);
  session.leave(ear);
  equal(bench.sessions.nextDueMs, bench.nowMs + GRACE_MS, "nothing is to be done for it meanwhile");
  other.release(2, 1);
  bench.sessions.resume(again, { session: session.id, secret }, {
    attempt: 1,
    access: OPEN_ACCESS,
    transport: "tcp",
  });
  bench.pass(0);
  bench.acquire(other, 3);
  deepEqual([ear.heard, again.heard], [["watching", "event"], ["resync", "event"]]);
  session.leave(again);
  bench.sessions.resume(third, { session: session.id, secret }, {
    attempt: 2,
    access: OPEN_ACCESS,
    transport: "tcp",
  });
  bench.pass(0);
  other.release(4, 3);
  deepEqual(third.heard, ["event"], "nothing happened while it was away");
});

Deno.test("[P-56] a watch ends with its session, however that ends", () => {
  using bench = new SessionBench();
  const { sessions } = bench;
  const ears = [new Ear(), new Ear(), new Ear()] as const;
  const [plain, graced, ended] = [
    bench.open(ears[0]),
    bench.open(ears[1], GRACE_MS),
    bench.open(ears[2], GRACE_MS),
  ];
  for (const session of [plain, graced, ended]) session.watch(1, "");
  equal(sessions.watches.size, 3);
  plain.leave(ears[0]);
  equal(sessions.watches.size, 2);
  ended.end();
  equal(sessions.watches.size, 1);
  graced.leave(ears[1]);
  equal(sessions.watches.size, 1);
  bench.pass(GRACE_MS);
  equal(sessions.watches.size, 0);
  sessions.watches.checkInvariants();
});

Deno.test("[P-31] a cancel ends a watch, and a request of the same id all the same", () => {
  using bench = new SessionBench();
  const ear = new Ear();
  const session = bench.open(ear);
  session.watch(5, "none of these");
  // Against the rules, but a cancel has to hold what it says of the acquire.
  bench.acquire(session, 5);
  session.cancel(6, 5);
  deepEqual([bench.sessions.watches.size, bench.store.lockCount], [0, 0]);
  session.watch(7, "");
  session.cancel(8, 7);
  session.cancel(9, 7);
  deepEqual(ear.heard, ["watching", "granted", "cancelled", "watching", "cancelled", "cancelled"]);
});
