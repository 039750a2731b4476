/**
 * Waits that are cancelled in the moment in which they are granted. `tests/support/store_scenario.ts` tells how to read the scenarios.
 *
 * @module
 */
import { deepEqual } from "node:assert/strict";
import type { SessionId } from "../../../../../server/store/store.ts";
import { said } from "../../../../support/stage_steps.ts";
import { playOnStores } from "../../../../support/store_scenario.ts";
import { FakeEtcdStage } from "../../../../support/store_stage.ts";

Deno.test("[I-4] EtcdStore leaves nothing of a wait that was granted while its timeout was looked at, and cancelled meanwhile", async () => {
  // At how many turns of the event loop after the timeout the cancel comes.
  for (let turns = 0; turns < 8; turns++) {
    await using stage = new FakeEtcdStage();
    await playOnStores(stage, "a 1 EX -> +a1\nb 1 EX wait 100 ->");
    stage.nowMs = 200;
    stage.effects = [];
    stage.home("a").release({ session: "a" as SessionId, request: 2, lock: 1 }, 200);
    stage.home("b").tick(200);
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
    stage.home("b").cancel("b" as SessionId, 2, 1);
    await stage.settle();
    deepEqual(stage.etcd.keys("t/h/"), [], `${turns} turns: ${said(stage)}`);
    deepEqual(stage.etcd.keys("t/w/"), []);
    deepEqual(stage.home("b").lockCount, 0);
  }
});
