/**
 * Sessions on an etcd that cannot be reached, that gives their leases away, that is full, or that has
 * forgotten. `tests/support/store_scenario.ts` tells how to read the scenarios.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import type { SessionId } from "../../../../../server/store/store.ts";
import { eventually } from "../../../../support/eventually.ts";
import { breathe, pass, said } from "../../../../support/stage_steps.ts";
import { playOnStores } from "../../../../support/store_scenario.ts";
import { FakeEtcdStage } from "../../../../support/store_stage.ts";

const LEASE_MS = 10_000;

Deno.test("[I-17] EtcdStore answers in time when etcd does not: tries, waits, releases, reads", async () => {
  await using stage = new FakeEtcdStage({ leaseMs: 60_000 });
  await playOnStores(stage, "a 1 EX -> +a1\nb 1 EX y -> +b1");
  stage.etcd.isDown = true;
  stage.etcd.cut();
  const a = stage.home("a");
  const wish = { session: "a" as SessionId, mode: "EX", names: ["z"] } as const;
  a.acquire({ ...wish, request: 2, waitMs: 0 }, 0);
  a.acquire({ ...wish, request: 3, waitMs: 100, names: ["u"] }, 0);
  a.acquire({ ...wish, request: 4, waitMs: Infinity, names: ["v"] }, 0);
  a.acquire({ ...wish, request: 5, waitMs: 100, names: ["y"] }, 0);
  a.release({ session: wish.session, request: 9, lock: 1 }, 0);
  a.who(wish.session, 10, "x", 0);
  a.break({ session: wish.session, request: 11, name: "y", token: 1, reason: "why" }, 0);
  await pass(stage, 1_000);
  deepEqual(said(stage), [
    "refused a2 STORE_UNAVAILABLE",
    // Nobody is known to be in its way, so what it waited for is an answer.
    "refused a3 STORE_UNAVAILABLE",
    "refused a5 TIMEOUT",
  ]);
  equal(a.available, false);
  await pass(stage, 4_500);
  deepEqual(said(stage), [
    "refused a10 STORE_UNAVAILABLE",
    "refused a11 STORE_UNAVAILABLE",
    "refused a4 STORE_UNAVAILABLE",
    "refused a9 STORE_UNAVAILABLE",
  ]);
  stage.etcd.isDown = false;
  await pass(stage, 5_000);
  await stage.settle();
  // The release goes through in the end; what was refused is held by nobody.
  deepEqual(stage.etcd.keys("t/h/"), ["t/h/y\x004b.1"]);
  deepEqual(stage.etcd.keys("t/w/"), []);
});

Deno.test("EtcdStore tells holders that their locks are lost before their leases can be given away, and waits keep their places", async () => {
  await using stage = new FakeEtcdStage({ leaseMs: LEASE_MS });
  await playOnStores(stage, "a 1 EX -> +a1\nb 1 EX y -> +b1\na 2 EX y ->\nb 2 PR z -> +b2");
  await pass(stage, 20_000);
  deepEqual(said(stage), [], "leases are renewed");
  stage.etcd.isDown = true;
  stage.etcd.cut();
  await pass(stage, LEASE_MS * 0.6);
  deepEqual(said(stage), []);
  await pass(stage, LEASE_MS * 0.4);
  deepEqual(said(stage), ["lost a1 store", "lost b1 store", "lost b2 store"]);
  deepEqual(stage.stores.map((store) => store.lockCount), [0, 0, 0]);
  // The leases have survived, say since the members elected a leader anew.
  stage.etcd.isDown = false;
  await pass(stage, 5_000);
  await stage.settle();
  deepEqual(said(stage), ["granted a2"], "what was lost is given to whoever waits");
  deepEqual(stage.etcd.keys("t/h/"), ["t/h/y\x004a.2"]);
});

Deno.test("[P-18] EtcdStore.validForMs is what is left of the lease, and of the grace, and never ends sooner than was said", async () => {
  await using stage = new FakeEtcdStage({ leaseMs: LEASE_MS });
  const a = stage.home("a");
  const validForMs = () => a.validForMs("a" as SessionId, stage.nowMs);
  a.openSession("graceful" as SessionId, undefined, stage.nowMs, { graceMs: 60_000, digest: "d" });
  equal(a.validForMs("graceful" as SessionId, stage.nowMs), 69_500);
  a.openSession("a" as SessionId, undefined, stage.nowMs);
  equal(validForMs(), 9_500, "it has no lease, and whichever it gets will be younger");
  let endMs = stage.nowMs + validForMs();
  const said = () => {
    const before = endMs;
    endMs = stage.nowMs + validForMs();
    ok(endMs >= before, `${endMs} after ${before}`);
    return endMs - stage.nowMs;
  };
  await pass(stage, 1_000);
  stage.etcd.isDown = true;
  a.acquire(
    { session: "a" as SessionId, request: 1, names: ["x"], mode: "EX", waitMs: Infinity },
    stage.nowMs,
  );
  equal(said(), 9_500, "its lease is being made");
  await pass(stage, 500);
  said();
  stage.etcd.isDown = false;
  await pass(stage, 1_000);
  await stage.settle();
  equal(a.lockCount, 1);
  for (let round = 0; round < 20; round++) {
    await pass(stage, 1_000);
    ok(said() > LEASE_MS / 2);
  }
  stage.etcd.isDown = true;
  stage.etcd.cut();
  await pass(stage, LEASE_MS / 2);
  ok(said() > 0);
  await pass(stage, LEASE_MS);
  ok(said() < 0);
  equal(a.lockCount, 0);
  stage.etcd.isDown = false;
  await pass(stage, 2_000);
  ok(said() > LEASE_MS / 2, "its lease lives again");
});

Deno.test("[P-18] EtcdStore counts a lease from the attempt that may have made it, when that was not answered", async () => {
  await using stage = new FakeEtcdStage({ leaseMs: LEASE_MS });
  const [session, names] = ["a" as SessionId, ["x"]];
  const a = stage.home(session);
  a.openSession(session, undefined, stage.nowMs);
  stage.etcd.fate = () => {
    stage.nowMs += 3_000;
    stage.etcd.fate = () => "fine";
    return "answer-lost";
  };
  a.acquire({ session, request: 1, names, mode: "EX", waitMs: Infinity }, stage.nowMs);
  await stage.settle();
  equal(a.lockCount, 1);
  equal(a.validForMs(session, stage.nowMs), 6_500);
});

Deno.test("EtcdStore ends a session whose lease is gone, and gives what it had to others", async () => {
  await using stage = new FakeEtcdStage({ leaseMs: LEASE_MS });
  await playOnStores(stage, "a 1 EX -> +a1\nb 1 EX ->\na 2 EX y -> +a2\nc 1 EX z -> +c1\na 3 EX z ->");
  const [lease] = stage.etcd.leases.keys();
  stage.etcd.endLease(lease ?? 0);
  await stage.settle();
  await breathe();
  await stage.settle();
  deepEqual(said(stage), [
    "granted b1",
    "lost a1 store",
    "lost a2 store",
    "refused a3 SESSION_GONE",
    "session-gone a",
  ]);
});

Deno.test("EtcdStore lets locks go when etcd is full, and says so to those who want one", async () => {
  await using stage = new FakeEtcdStage();
  await playOnStores(stage, "a 1 EX -> +a1\nb 1 EX ->\nb 2 EX y -> +b2");
  stage.etcd.fate = () => "full";
  const [a, b] = [stage.home("a"), stage.home("b")];
  a.release({ session: "a" as SessionId, request: 8, lock: 1 }, 0);
  b.release({ session: "b" as SessionId, request: 9, lock: 2 }, 0);
  b.acquire({ session: "b" as SessionId, request: 3, names: ["z"], mode: "EX", waitMs: 0 }, 0);
  await breathe();
  deepEqual(said(stage), ["refused b3 STORE_UNAVAILABLE", "released a8", "released b9"]);
  stage.etcd.fate = () => "fine";
  await stage.settle();
  deepEqual(said(stage), ["granted b1"], "whoever waits has it as soon as there is room");
});

Deno.test("EtcdStore finds its way back after etcd cut its streams, and after it forgot the past", async () => {
  for (const forgets of [false, true]) {
    await using stage = new FakeEtcdStage();
    await playOnStores(stage, "a 1 EX -> +a1\nb 1 EX ->\nc 1 EX ->");
    stage.etcd.isDown = true;
    stage.etcd.cut();
    // Somebody else changes what there is: a goes, b is granted, a third of them comes.
    stage.etcd.isDown = false;
    const wait = stage.etcd.entries.get("t/w/x\x004b.1");
    ok(wait);
    stage.etcd.transact({
      when: [],
      then: [
        { do: "delete", key: "t/h/x\x004a.1" },
        { do: "delete", key: wait.key },
        { do: "put", key: "t/h/x\x004b.1", value: wait.value, lease: wait.lease },
      ],
      otherwise: [],
    });
    if (forgets) stage.etcd.compact();
    stage.effects = [];
    await eventually("they hear of it", () => stage.effects.some(({ type }) => type === "granted"));
    await stage.settle();
    deepEqual(said(stage), ["granted b1", "lost a1 store"]);
    await playOnStores(stage, "b off 1 -> =b1, +c1");
  }
});

Deno.test("[I-15] EtcdStore knows a lock that was granted and converted while etcd forgot the past, and lets others share it", async () => {
  await using stage = new FakeEtcdStage();
  await playOnStores(stage, "a 1 EX -> +a1\nb 1 EX ->\nc 1 PR ->");
  stage.etcd.cut();
  const wait = stage.etcd.entries.get("t/w/x\x004b.1");
  ok(wait);
  stage.etcd.transact({
    when: [],
    then: [
      { do: "delete", key: "t/h/x\x004a.1" },
      { do: "delete", key: wait.key },
      { do: "put", key: "t/h/x\x005b.1", value: wait.value, lease: wait.lease },
    ],
    otherwise: [],
  });
  stage.etcd.compact();
  stage.effects = [];
  await eventually("they hear of it", () => stage.effects.some(({ type }) => type === "granted"));
  await stage.settle();
  deepEqual(said(stage), ["granted b1", "granted c1", "lost a1 store"]);
});

Deno.test("[I-4] EtcdStore does not grant what was taken away while its session was not to be relied on", async () => {
  await using stage = new FakeEtcdStage({ leaseMs: LEASE_MS });
  await playOnStores(stage, "a 1 EX y -> +a1");
  // Its lease was not renewed in time, and lives: what it is given meanwhile it has when that is known.
  stage.nowMs = LEASE_MS;
  const wish = { session: "a" as SessionId, mode: "EX", waitMs: Infinity } as const;
  stage.home("a").acquire({ ...wish, request: 2, names: ["x"] }, LEASE_MS);
  stage.home("a").acquire({ ...wish, request: 3, names: ["z"] }, LEASE_MS);
  await breathe();
  stage.etcd.transact({ when: [], then: [{ do: "delete", key: "t/h/x\x004a.2" }], otherwise: [] });
  await breathe();
  deepEqual(said(stage), ["lost a1 store"]);
  await pass(stage, 1_000);
  await stage.settle();
  deepEqual(said(stage), ["granted a3", "refused a2 CANCELLED"]);
});

Deno.test("[P-29] EtcdStore refuses the wait that is one too many, not those before it", async () => {
  await using stage = new FakeEtcdStage({ limits: { waitersPerSessionMax: 1, locksPerSessionMax: 3 } });
  const [store] = stage.stores;
  ok(store);
  await playOnStores(stage, "a 1 EX -> +a1\nb 1 EX y -> +b1");
  const home = stage.home("a");
  for (const request of [2, 3, 4, 5]) {
    const wish = { session: "a" as SessionId, mode: "EX", names: ["y"], waitMs: Infinity } as const;
    home.acquire({ ...wish, request }, 0);
  }
  await stage.settle();
  deepEqual(said(stage), ["refused a3 LIMIT", "refused a4 LIMIT", "refused a5 LIMIT"]);
  await playOnStores(stage, "b off 1 -> =b1, +a2");
});
