import { deepEqual } from "node:assert/strict";
import { playOnStores } from "../../../../support/store_scenario.ts";
import { FakeEtcdStage } from "../../../../support/store_stage.ts";

/** How many transactions a scenario takes. */
async function cost(stage: FakeEtcdStage, scenario: string): Promise<number> {
  const before = stage.etcd.transactions;
  await playOnStores(stage, scenario);
  return stage.etcd.transactions - before;
}

Deno.test("EtcdStore takes one transaction for an acquire that nobody is in the way of, and one for its release", async () => {
  await using stage = new FakeEtcdStage();
  // The first one makes the session as well.
  await playOnStores(stage, "a 1 EX z -> +a1\nb 1 PR z wait 0 -> -b1 BUSY");
  const costs = [
    await cost(stage, "a 2 EX -> +a2"),
    await cost(stage, "a off 2 -> =a2"),
    await cost(stage, "a 3 PR p,q,r -> +a3"),
    await cost(stage, "b 2 PR q -> +b2"),
    await cost(stage, "a off 3 -> =a3"),
    await cost(stage, "b conv 2 EX as 9 -> ~b9 EX"),
    await cost(stage, "b conv 2 EX as 9 -> ~b9 EX"),
  ];
  deepEqual(costs, [1, 1, 1, 1, 1, 1, 0]);
});

Deno.test("EtcdStore takes one transaction to wait, and the one of the release to hand over, to several at once", async () => {
  await using stage = new FakeEtcdStage();
  await playOnStores(stage, "a 1 EX -> +a1\nb 1 NL -> +b1\nc 1 NL -> +c1\nd 1 NL -> +d1");
  const costs = [
    await cost(stage, "b 2 PR ->"),
    await cost(stage, "c 2 PR ->"),
    await cost(stage, "d 2 EX ->"),
    await cost(stage, "a off 1 -> =a1, +b2, +c2"),
    await cost(stage, "b off 2 -> =b2"),
    await cost(stage, "c off 2 -> =c2, +d2"),
  ];
  deepEqual(costs, [1, 1, 1, 1, 1, 1]);
});
