/**
 * Transactions whose answers are lost, that are lost themselves, or that are carried out long after they were
 * given up: the suite of all stores has to come out the same, and nothing may be left behind.
 *
 * @module
 */
import { deepEqual, ok } from "node:assert/strict";
import type { SessionId } from "../../../../../server/store/store.ts";
import { STORE_SCENARIOS } from "../../../../conformance/store_suite.ts";
import type { Fate } from "../../../../support/fake_etcd.ts";
import { oneOf, randomFrom } from "../../../../support/random.ts";
import { breathe, said } from "../../../../support/stage_steps.ts";
import { playOnStores } from "../../../../support/store_scenario.ts";
import { FakeEtcdStage } from "../../../../support/store_stage.ts";

/** One transaction of three has a fate, by the dice of a seed. */
function fated(seed: number, fates: readonly [Fate, ...Fate[]], stage: FakeEtcdStage): () => Fate {
  const random = randomFrom(seed);
  return () => {
    // What was held back is carried out when others have been since.
    if (random(6) === 0) stage.etcd.deliver();
    return random(3) === 0 ? oneOf(random, fates) : "fine";
  };
}

const FATES: Readonly<Record<string, readonly [Fate, ...Fate[]]>> = {
  "lost answers": ["answer-lost"],
  "lost requests": ["request-lost"],
  "late requests": ["late"],
  "all of that": ["answer-lost", "late", "request-lost"],
};

for (const [what, fates] of Object.entries(FATES)) {
  for (const seed of [1, 2]) {
    Deno.test(`EtcdStore comes out the same when transactions meet ${what}, seed ${seed}`, async (test) => {
      for (const [name, scenario] of Object.entries(STORE_SCENARIOS)) {
        await test.step(name, async () => {
          await using stage = new FakeEtcdStage();
          stage.etcd.fate = fated(seed, fates, stage);
          await playOnStores(stage, scenario);
          stage.etcd.fate = () => "fine";
          stage.etcd.deliver();
          await endAll(stage);
          deepEqual(stage.etcd.keys().filter((key) => !/^t\/[bv]\//.test(key)), []);
          deepEqual(stage.etcd.leases.size, 0);
        });
      }
    });
  }
}

/** Ends all sessions, and waits until that is done. */
async function endAll(stage: FakeEtcdStage): Promise<void> {
  for (const session of "abcdefgh") {
    stage.home(session).endSession(session as never, stage.nowMs);
  }
  await stage.settle();
}

Deno.test("[I-4] [I-5] EtcdStore makes no lock of an acquire that is carried out when its lock was released long ago", async () => {
  await using stage = new FakeEtcdStage();
  await playOnStores(stage, "a 1 EX z -> +a1");
  let isFirst = true;
  stage.etcd.fate = (transaction) => {
    const isAcquire = isFirst && transaction.then.some((operation) => operation.do === "put");
    if (isAcquire) isFirst = false;
    return isAcquire ? "late" : "fine";
  };
  await playOnStores(stage, "a 2 EX -> +a2\na off 2 -> =a2");
  stage.etcd.deliver();
  await playOnStores(stage, "b 1 EX wait 0 -> +b1");
});

Deno.test("[I-4] EtcdStore leaves nothing of an acquire that is cancelled while it is under way", async () => {
  for (const fate of ["fine", "answer-lost", "late"] as const) {
    await using stage = new FakeEtcdStage();
    await playOnStores(stage, "a 1 EX z -> +a1");
    let isFirst = true;
    stage.etcd.fate = () => {
      const now = isFirst ? fate : "fine";
      isFirst = false;
      return now;
    };
    const home = stage.home("a");
    const session = "a" as SessionId;
    home.acquire({ session, request: 2, names: ["x"], mode: "EX", waitMs: Infinity }, 0);
    // It is sent by now, and not answered.
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    ok(!isFirst);
    home.cancel(session, 3, 2, 0);
    await stage.settle();
    stage.etcd.deliver();
    await stage.settle();
    deepEqual(stage.effects.map(({ type }) => type), ["refused", "cancelled"], fate);
    deepEqual([...stage.etcd.keys("t/h/x"), ...stage.etcd.keys("t/w/")], [], fate);
  }
});

Deno.test("EtcdStore tells who holds at once also beside others that write to the cluster, when it has cleaned up what was not there", async () => {
  await using stage = new FakeEtcdStage();
  await playOnStores(stage, "a 1 PR -> +a1");
  const a = stage.home("a");
  const session = "a" as SessionId;
  let lost = 0;
  const converts = (text: string) => text.includes("t/h/x");
  stage.etcd.fate = ({ then }) => {
    stage.etcd.transact({ when: [], then: [{ do: "put", key: "other", value: "" }], otherwise: [] });
    return converts(JSON.stringify(then)) && lost++ === 0 ? "answer-lost" : "fine";
  };
  a.convert({ session, request: 5, lock: 1, mode: "CR", waitMs: 0 }, 0);
  await breathe();
  await stage.stores[0]?.settled();
  a.who(session, 9, "x", 0);
  await breathe();
  deepEqual(said(stage), ["converted a5", "described a9"]);
});
