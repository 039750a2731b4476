// The life of a session, as the table in server/session/sessions.ts draws it. The clock is a number.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { inspect } from "node:util";
import { OPEN_ACCESS } from "../../../../server/session/access.ts";
import { Ear, SessionBench } from "../../../support/session_bench.ts";

const GRACE_MS = 10_000;

Deno.test("[P-13] leave ends a session without a grace, with its locks and waits", () => {
  using bench = new SessionBench();
  const ear = new Ear();
  const session = bench.open(ear);
  bench.acquire(session, 1);
  session.leave(ear);
  deepEqual([session.stage, bench.sessions.size, bench.store.lockCount], ["ended", 0, 0]);
  bench.check();
});

Deno.test("[P-15] leave detaches a session with a grace: its locks stay, its waits are granted", () => {
  using bench = new SessionBench();
  const [ear, other] = [new Ear(), new Ear()];
  const holder = bench.open(other);
  bench.acquire(holder, 1, { name: "y" });
  const session = bench.open(ear, GRACE_MS);
  bench.acquire(session, 1);
  bench.acquire(session, 2, { name: "y" });
  session.leave(ear);
  equal(session.stage, "detached");
  holder.release(2, 1);
  bench.pass(GRACE_MS - 1);
  const { locks, waiting } = bench.store.holdingsOf(session.id);
  deepEqual(locks.map(({ lock, name }) => [lock, name]), [[1, "x"], [2, "y"]]);
  deepEqual(waiting, []);
  deepEqual(ear.heard, ["granted"]);
});

Deno.test("[P-15] tick ends a detached session when its grace is over, and grants what waited for it", () => {
  using bench = new SessionBench();
  const [ear, heir] = [new Ear(), new Ear()];
  const session = bench.open(ear, GRACE_MS);
  bench.acquire(session, 1);
  bench.acquire(bench.open(heir), 1);
  session.leave(ear);
  equal(bench.sessions.nextDueMs, bench.nowMs + GRACE_MS);
  bench.pass(GRACE_MS - 1);
  deepEqual(heir.heard, []);
  bench.pass(1);
  deepEqual(heir.heard, ["granted"]);
  deepEqual([session.stage, bench.sessions.size, bench.sessions.nextDueMs], ["ended", 1, Infinity]);
});

Deno.test("[P-15] resume opens a detached session for a new listener, and its time does not run on", () => {
  using bench = new SessionBench();
  const [ear, again] = [new Ear(), new Ear()];
  const session = bench.open(ear, GRACE_MS);
  const secret = session.secret?.tell() ?? "";
  bench.acquire(session, 1);
  session.leave(ear);
  bench.pass(GRACE_MS - 1);
  equal(
    bench.sessions.resume(again, { session: session.id, secret }, {
      attempt: 1,
      access: OPEN_ACCESS,
      transport: "websocket",
    }),
    session,
  );
  deepEqual([session.stage, session.transport, ear.hungUp], ["open", "websocket", undefined]);
  bench.pass(2 * GRACE_MS);
  session.release(2, 1);
  deepEqual(again.heard, ["released"]);
  // The grace begins anew with each connection that ends.
  session.leave(again);
  bench.pass(GRACE_MS - 1);
  equal(session.stage, "detached");
});

Deno.test("[P-15] resume refuses wrong secrets, ended sessions and those without a grace, all alike", () => {
  using bench = new SessionBench();
  const ear = new Ear();
  const [session, plain] = [bench.open(ear, GRACE_MS), bench.open(ear)];
  const secret = session.secret?.tell() ?? "";
  const attempts = [
    [session.id, "secret of another"],
    [session.id, ""],
    [session.id, secret.slice(1)],
    [plain.id, secret],
    [plain.id, ""],
    ["nobody", secret],
  ] as const;
  for (const [id, wrong] of attempts) {
    equal(
      bench.sessions.resume(new Ear(), { session: id, secret: wrong }, {
        attempt: 2,
        access: OPEN_ACCESS,
        transport: "tcp",
      }),
      undefined,
      `${id} ${wrong}`,
    );
  }
  session.end();
  equal(
    bench.sessions.resume(new Ear(), { session: session.id, secret }, {
      attempt: 3,
      access: OPEN_ACCESS,
      transport: "tcp",
    }),
    undefined,
  );
  equal(ear.hungUp, undefined);
});

Deno.test("[P-16] resume takes an open session over: the old listener is hung up on, and its end changes nothing", () => {
  using bench = new SessionBench();
  const [ear, again] = [new Ear(), new Ear()];
  const session = bench.open(ear, GRACE_MS);
  const secret = session.secret?.tell() ?? "";
  bench.acquire(session, 1);
  bench.sessions.resume(again, { session: session.id, secret }, {
    attempt: 4,
    access: OPEN_ACCESS,
    transport: "tcp",
  });
  equal(ear.hungUp, "the session was resumed by another connection");
  session.leave(ear);
  equal(session.stage, "open");
  session.release(2, 1);
  deepEqual([ear.heard, again.heard], [["granted"], ["released"]]);
  bench.check();
});

Deno.test("[P-15] losses are remembered, the last ones, whether somebody listened or not", () => {
  using bench = new SessionBench({ lossesPerSessionMax: 2 });
  const ear = new Ear();
  const [session, plain] = [bench.open(ear, GRACE_MS), bench.open(new Ear())];
  for (const request of [1, 2]) {
    bench.acquire(session, request, { name: `n${request}`, ttlMs: 900 + request });
  }
  bench.acquire(session, 3, { name: "n3", ttlMs: 2_000 });
  bench.acquire(plain, 1, { ttlMs: 1_000 });
  bench.pass(1_000);
  deepEqual(session.lost.map(({ lock, reason }) => [lock, reason]), [[1, "expired"], [2, "expired"]]);
  session.leave(ear);
  bench.pass(1_000);
  deepEqual(session.lost.map(({ lock }) => lock), [2, 3]);
  deepEqual(plain.lost, []);
});

Deno.test("[P-15] refusal keeps graces out while too many sessions are detached, and no others", () => {
  using bench = new SessionBench({ detachedSessionsMax: 1 });
  const [first, second] = [new Ear(), new Ear()];
  const [session, late] = [bench.open(first, GRACE_MS), bench.open(second, GRACE_MS)];
  equal(bench.sessions.refusal(GRACE_MS), undefined);
  session.leave(first);
  equal(bench.sessions.refusal(GRACE_MS)?.code, "LIMIT");
  equal(bench.sessions.open(new Ear(), undefined, { access: OPEN_ACCESS, graceMs: GRACE_MS }), undefined);
  equal(bench.sessions.refusal(0), undefined);
  // What was promised is kept.
  late.leave(second);
  deepEqual([late.stage, bench.sessions.detachedCount], ["detached", 2]);
  bench.pass(GRACE_MS);
  equal(bench.sessions.refusal(GRACE_MS), undefined);
});

Deno.test("[P-15] a grace is at most graceMsMax", () => {
  using bench = new SessionBench({ graceMsMax: 5_000 });
  equal(bench.open(new Ear(), GRACE_MS).graceMs, 5_000);
  using none = new SessionBench({ graceMsMax: 0 });
  const session = none.open(new Ear(), GRACE_MS);
  deepEqual([session.graceMs, session.secret], [0, undefined]);
});

Deno.test("[P-51] a drain ends detached sessions that hold nothing, and keeps the others for the time of their grace", () => {
  using bench = new SessionBench();
  const [ear, again] = [new Ear(), new Ear()];
  const [holder, waiter] = [bench.open(ear, GRACE_MS), bench.open(ear, GRACE_MS)];
  const secret = holder.secret?.tell() ?? "";
  bench.acquire(holder, 1);
  bench.acquire(waiter, 1);
  holder.leave(ear);
  waiter.leave(ear);
  bench.sessions.drain(30_000);
  equal(bench.sessions.hangUp("idle"), 1);
  deepEqual([holder.stage, waiter.stage], ["detached", "ended"]);
  equal(bench.sessions.refusal()?.code, "DRAINING");
  bench.pass(4_000);
  equal(bench.sessions.drainsInMs, 26_000);
  equal(
    bench.sessions.resume(again, { session: holder.id, secret }, {
      attempt: 5,
      access: OPEN_ACCESS,
      transport: "tcp",
    }),
    holder,
  );
  holder.leave(again);
  bench.pass(GRACE_MS);
  equal(bench.sessions.hangUp("idle"), 0);
});

Deno.test("a secret is told once, and no printing of a session shows it", () => {
  using bench = new SessionBench();
  const session = bench.open(new Ear(), GRACE_MS);
  const shown = () => inspect(session, { depth: 9, showHidden: true }) + JSON.stringify(session.secret);
  ok(!shown().includes("secret of"));
  match(session.secret?.tell() ?? "", /^secret of /);
  equal(session.secret?.tell(), undefined);
  ok(!shown().includes("secret of"));
});

Deno.test("releaseAll is answered before the session's own waits are granted by it", () => {
  using bench = new SessionBench();
  const ear = new Ear();
  const session = bench.open(ear);
  bench.acquire(session, 1);
  bench.acquire(session, 2);
  session.releaseAll(3);
  deepEqual(ear.heard, ["granted", "released-all", "granted"]);
  equal(bench.store.lockCount, 1);
});
