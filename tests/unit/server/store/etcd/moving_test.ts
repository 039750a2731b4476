/**
 * Sessions that move to another daemon. `tests/support/store_scenario.ts` tells how to read the scenarios.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import type { Overtaken } from "../../../../../server/store/overtaken.ts";
import type { EtcdStore } from "../../../../../server/store/etcd/etcd_store.ts";
import type { Adopted, SessionId, Unavailable } from "../../../../../server/store/store.ts";
import { eventually } from "../../../../support/eventually.ts";
import { breathe, pass, said } from "../../../../support/stage_steps.ts";
import { playOnStores } from "../../../../support/store_scenario.ts";
import { FakeEtcdStage } from "../../../../support/store_stage.ts";

const LEASE_MS = 10_000;

Deno.test("[P-15] [I-5] EtcdStore moves a session to another daemon with its locks, waits and conversions, and shuts the old one out", async () => {
  await using stage = new FakeEtcdStage();
  const [one, two] = stage.stores;
  ok(one && two);
  one.openSession("a" as SessionId, { name: "a" }, 0, { graceMs: 5_000, digest: "d1" });
  stage.move("a", one);
  await playOnStores(
    stage,
    `
    a 1 PR x       -> +a1
    b 1 PR x       -> +b1
    b 2 EX y       -> +b2
    a 2 EX y       ->
    a 3 EX z ttl 9000 -> +a3
    a set 3 text   -> =a3 set
    a conv 1 EX as 7 ->`,
  );
  const before = one.holdingsOf("a" as SessionId);
  equal(await adopt(two, "wrong"), undefined);
  const adopted = await adopt(two, "d1");
  ok(adopted && "graceMs" in adopted);
  deepEqual([adopted.graceMs, adopted.client], [5_000, { name: "a" }]);
  await stage.settle();
  deepEqual(said(stage), ["session-gone a"], "the old daemon hangs up, and nothing is lost");
  deepEqual(two.holdingsOf("a" as SessionId), before);
  equal(one.locksOf("a" as SessionId), 0);
  stage.move("a", two);
  await playOnStores(
    stage,
    `
    b off 2        -> =b2, +a2
    b off 1        -> =b1, ~a7 EX
    a 2 EX y       -> +a2
    a 3 EX z       -> +a3
    a off 3        -> =a3
    c 1 EX z       -> +c1 "text"
    a 4 PR x wait 0 -> -a4 BUSY
    a off 1        -> =a1
    a off 2        -> =a2`,
  );
});

Deno.test("[I-15] EtcdStore grants a session what became free while no daemon had it", async () => {
  await using stage = new FakeEtcdStage();
  const [one, two] = openAtFirst(stage);
  await playOnStores(
    stage,
    "b 1 EX -> +b1\na 1 EX ->\na 2 PR y -> +a2\nb 2 PR y -> +b2\na conv 2 EX as 7 ->",
  );
  one.leaveSession("a" as SessionId);
  // By hand, so that nobody hands over.
  stage.etcd.transact({
    when: [],
    then: [{ do: "delete", key: "t/h/x\x004b.1" }, { do: "delete", key: "t/h/y\x005b.2" }],
    otherwise: [],
  });
  await breathe();
  ok(await adopt(two, "d1"));
  await stage.settle();
  deepEqual(said(stage), ["converted a7", "granted a1", "lost b1 store", "lost b2 store"]);
});

Deno.test("[I-15] EtcdStore grants a session what became free, also when it tried so for the session before that left and came back", async () => {
  await using stage = new FakeEtcdStage();
  const [one] = stage.stores;
  ok(one);
  one.openSession("a" as SessionId, undefined, 0, { graceMs: 5_000, digest: "d1" });
  stage.move("a", one);
  await playOnStores(stage, "b 1 EX -> +b1\na 1 EX ->");
  const gives = (text: string) => /"put","key":"t\/h\/x/.test(text);
  let tries = 0;
  stage.etcd.fate = ({ then }) => gives(JSON.stringify(then)) && ++tries > 0 ? "request-lost" : "fine";
  // By hand, so that nobody hands over.
  stage.etcd.transact({ when: [], then: [{ do: "delete", key: "t/h/x\x004b.1" }], otherwise: [] });
  // It goes on trying, and rests longer each time: now for longer than the move takes.
  await eventually("it rests", () => tries > 6);
  one.leaveSession("a" as SessionId);
  ok(await adopt(one, "d1"));
  stage.etcd.fate = () => "fine";
  await stage.settle();
  deepEqual(said(stage), ["granted a1", "lost b1 store"]);
});

Deno.test("EtcdStore lets a daemon that is paused while its session moves change nothing any more", async () => {
  await using stage = new FakeEtcdStage();
  const [one, two] = openAtFirst(stage);
  await playOnStores(stage, "a 1 EX -> +a1");
  // Sent before the move, carried out after it.
  stage.etcd.fate = (transaction) => JSON.stringify(transaction).includes("run-1") ? "fine" : "late";
  one.acquire({ session: "a" as SessionId, request: 2, names: ["y"], mode: "EX", waitMs: Infinity }, 0);
  one.release({ session: "a" as SessionId, request: 3, lock: 1 });
  await breathe();
  const adopted = await adopt(two, "d1");
  ok(adopted && "graceMs" in adopted);
  stage.etcd.deliver();
  stage.etcd.fate = () => "fine";
  await stage.settle();
  deepEqual(stage.etcd.keys("t/h/"), ["t/h/x\x004a.1"]);
  one.endSession("a" as SessionId);
  await stage.settle();
  equal(stage.etcd.leases.size, 1, "it is not its to end");
});

Deno.test("EtcdStore leaves a session with a grace to other daemons when its own ends, and no other", async () => {
  await using stage = new FakeEtcdStage();
  const [one, two] = stage.stores;
  ok(one && two);
  one.openSession("a" as SessionId, undefined, 0, { graceMs: 5_000, digest: "d1" });
  one.openSession("b" as SessionId, undefined, 0);
  stage.move("a", one);
  stage.move("b", one);
  await playOnStores(stage, "a 1 EX -> +a1\nb 1 EX y -> +b1");
  deepEqual([one.leaveSession("a" as SessionId), one.leaveSession("b" as SessionId)], [true, false]);
  const adopted = await adopt(two, "d1");
  ok(adopted && "graceMs" in adopted);
  equal(two.holdingsOf("a" as SessionId).locks.length, 1);
});

Deno.test("EtcdStore gives up a session with a grace when etcd does not answer in time, and leaves it with its locks for another daemon", async () => {
  await using stage = new FakeEtcdStage({ leaseMs: LEASE_MS });
  const [one, two] = openAtFirst(stage);
  await playOnStores(
    stage,
    "a 1 EX -> +a1\nb 1 EX y -> +b1\na 2 EX y ->\na 3 PR z -> +a3\nc 1 PR z -> +c1\na conv 3 EX as 7 ->",
  );
  stage.etcd.isDown = true;
  stage.etcd.cut();
  // Nobody looks before a message comes: that must be enough.
  stage.nowMs += LEASE_MS;
  one.checkSession("a" as SessionId, stage.nowMs);
  deepEqual(stage.effects.map((effect) => effect.type === "session-gone" && effect.isResumable), [true]);
  stage.etcd.isDown = false;
  await pass(stage, 3_000);
  const adopted = await adopt(two, "d1");
  ok(adopted && "graceMs" in adopted);
  const { locks, waiting } = two.holdingsOf("a" as SessionId);
  deepEqual([locks.map(({ lock }) => lock), waiting], [[1, 3], [2, 7]]);
});

Deno.test("[P-15] EtcdStore takes a session over also when the first answer to that is lost", async () => {
  await using stage = new FakeEtcdStage();
  const [one, two] = openAtFirst(stage);
  await playOnStores(stage, "a 1 EX -> +a1");
  let lost = 0;
  const moves = (text: string) => text.includes("run-1");
  stage.etcd.fate = ({ then }) => moves(JSON.stringify(then)) && lost++ === 0 ? "answer-lost" : "fine";
  const adopted = await adopt(two, "d1", 5);
  ok(adopted && "graceMs" in adopted, JSON.stringify(adopted));
  deepEqual(two.holdingsOf("a" as SessionId).locks.map(({ lock }) => lock), [1]);
  deepEqual(await adopt(one, "d1", 5), {
    code: "BAD_REQUEST",
    message: "Cannot resume the session: the id 5 is not above 5, that of its last resume",
  });
});

Deno.test("[I-1] [I-12] EtcdStore vouches for no session whose lease ends while it is taken over", async () => {
  await using stage = new FakeEtcdStage();
  const [one, two] = openAtFirst(stage);
  await playOnStores(stage, "a 1 EX -> +a1\nb 1 EX ->");
  one.leaveSession("a" as SessionId);
  const [lease] = [...stage.etcd.entries.values()].flatMap(({ key, lease }) =>
    key === "t/s/a" ? [lease] : []
  );
  // In time to be taken over, too late to be renewed.
  const moves = (text: string) => text.includes("run-1");
  stage.etcd.fate = ({ then }) => {
    if (moves(JSON.stringify(then))) setTimeout(() => setTimeout(() => stage.etcd.endLease(lease ?? 0)));
    return "fine";
  };
  equal(await adopt(two, "d1"), undefined);
  deepEqual(two.holdingsOf("a" as SessionId).locks, []);
  await stage.settle();
  deepEqual(stage.etcd.keys("t/h/"), ["t/h/x\x004b.1"]);
});

Deno.test("EtcdStore keeps nothing of a session that it took over and could not renew", async () => {
  await using stage = new FakeEtcdStage();
  const [one, two] = openAtFirst(stage);
  await playOnStores(stage, "a 1 EX -> +a1");
  one.leaveSession("a" as SessionId);
  stage.etcd.renews = false;
  const adopted = await adopt(two, "d1");
  equal(adopted && "code" in adopted && adopted.code, "STORE_UNAVAILABLE");
  equal(two.lockCount, 0);
  stage.etcd.renews = true;
  const again = await adopt(two, "d1", 2);
  ok(again && "graceMs" in again, JSON.stringify(again));
  deepEqual(two.holdingsOf("a" as SessionId).locks.map(({ lock }) => lock), [1]);
  equal(two.lockCount, 1);
});

Deno.test("[P-16] EtcdStore has all daemons know of a resume at the daemon that has the session", async () => {
  await using stage = new FakeEtcdStage();
  const [one, two] = openAtFirst(stage);
  await playOnStores(stage, "a 1 EX -> +a1");
  one.resumed("a" as SessionId, 7);
  await stage.settle();
  deepEqual(await adopt(two, "d1", 6), {
    code: "BAD_REQUEST",
    message: "Cannot resume the session: the id 6 is not above 7, that of its last resume",
  });
  deepEqual(said(stage), [], "it stays where it is");
  await playOnStores(stage, "a off 1 -> =a1");
  const adopted = await adopt(two, "d1", 8);
  ok(adopted && "graceMs" in adopted);
});

/** Two daemons, the first of which has the session `a`. */
function openAtFirst(stage: FakeEtcdStage): [EtcdStore, EtcdStore] {
  const [one, two] = stage.stores;
  ok(one && two);
  one.openSession("a" as SessionId, undefined, 0, { graceMs: 5_000, digest: "d1" });
  stage.move("a", one);
  return [one, two];
}

async function adopt(
  store: EtcdStore,
  digest: string,
  attempt = 1,
): Promise<Adopted | undefined | Unavailable | Overtaken> {
  return await new Promise((resolve) => {
    store.adoptSession(
      "a" as SessionId,
      { attempt, isProven: (known) => known === digest, isWanted: () => true },
      resolve,
    );
  });
}
