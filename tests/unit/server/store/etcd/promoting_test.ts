/**
 * Who is granted what became free, when nobody handed it over. `tests/support/store_scenario.ts` tells how to
 * read the scenarios.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import type { SessionId } from "../../../../../server/store/store.ts";
import { breathe, said } from "../../../../support/stage_steps.ts";
import { playOnStores } from "../../../../support/store_scenario.ts";
import { FakeEtcdStage } from "../../../../support/store_stage.ts";

const CROWD = 300;

Deno.test("[I-15] EtcdStore grants a crowd what became free, a few at a time and each once", async () => {
  await using stage = new FakeEtcdStage({ daemons: 1 });
  const [store] = stage.stores;
  await playOnStores(stage, "holder 1 EX -> +holder1");
  for (let index = 0; index < CROWD; index++) {
    const session = `s${index}` as SessionId;
    stage.home(session).acquire({ session, request: 1, names: ["x"], mode: "PR", waitMs: Infinity }, 0);
  }
  await stage.settle();
  equal(store?.waiterCount, CROWD);
  let asked = 0;
  let most = 0;
  const before = stage.etcd.transactions + 1;
  stage.etcd.fate = () => {
    most = Math.max(most, ++asked - (stage.etcd.transactions - before));
    return "fine";
  };
  // By hand, so that nobody hands over.
  const key = "t/h/x\x004holder.1";
  stage.etcd.transact({ when: [], then: [{ do: "delete", key }], otherwise: [] });
  for (let turns = 0; (store?.lockCount ?? 0) < CROWD && turns < CROWD; turns++) await breathe();
  await stage.settle();
  deepEqual([store?.lockCount, store?.waiterCount, asked], [CROWD, 0, CROWD]);
  ok(most <= 64, `${most} at a time`);
});

Deno.test("[I-15] EtcdStore is not taken in by what is below a longer prefix that looks like a lock of ours", async () => {
  await using stage = new FakeEtcdStage();
  const value = JSON.stringify({ names: ["x"], sinceMs: 1 });
  const keys = ["t/h/h/x\x004other.1", "t/h/w/x\x004other.2", "t/w/w/x\x004other.3"];
  for (const key of keys) {
    stage.etcd.transact({ when: [], then: [{ do: "put", key, value }], otherwise: [] });
  }
  await playOnStores(
    stage,
    `
    a 1 EX   -> +a1
    b 1 EX   ->
    c 1 EX   ->
    a off 1  -> =a1, +b1`,
  );
  stage.etcd.transact({ when: [], then: [{ do: "delete", key: "t/h/x\x004b.1" }], otherwise: [] });
  await breathe();
  await stage.settle();
  deepEqual(said(stage), ["granted c1", "lost b1 store"]);
});
