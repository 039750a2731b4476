/**
 * Waits that are cancelled in the moment in which they are granted. `tests/support/store_scenario.ts` tells
 * how to read the scenarios.
 *
 * @module
 */
import { deepEqual } from "node:assert/strict";
import type { SessionId } from "../../../../../server/store/store.ts";
import { said } from "../../../../support/stage_steps.ts";
import { playOnStores } from "../../../../support/store_scenario.ts";
import { FakeEtcdStage } from "../../../../support/store_stage.ts";

/**
 * How many turns of the event loop later something comes, and how late daemons hear of what happened in etcd.
 */
const TIMES = [0, 20].flatMap((lagMs) => [0, 1, 2, 3, 4, 5, 6, 7].map((turns) => ({ turns, lagMs })));

/** Lets so many turns of the event loop go by. */
async function turnsPass(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("[I-4] EtcdStore leaves nothing of a wait that was granted while its timeout was looked at, and cancelled meanwhile", async () => {
  for (const { turns, lagMs } of TIMES) {
    await using stage = new FakeEtcdStage();
    stage.etcd.lagMs = lagMs;
    await playOnStores(stage, "a 1 EX -> +a1\nb 1 EX wait 100 ->");
    stage.nowMs = 200;
    stage.effects = [];
    stage.home("a").release({ session: "a" as SessionId, request: 2, lock: 1 }, 200);
    stage.home("b").tick(200);
    await turnsPass(turns);
    stage.home("b").cancel("b" as SessionId, 2, 1, stage.nowMs);
    await stage.settle();
    deepEqual(stage.etcd.keys("t/h/"), [], `${turns} turns, ${lagMs} ms: ${said(stage)}`);
    deepEqual(stage.etcd.keys("t/w/"), []);
    deepEqual(stage.home("b").lockCount, 0);
  }
});

Deno.test("[I-7] EtcdStore knows in which mode a lock is whose conversion was done while its timeout was looked at", async () => {
  for (const { turns, lagMs } of TIMES) {
    await using stage = new FakeEtcdStage();
    stage.etcd.lagMs = lagMs;
    await playOnStores(stage, "a 1 PR -> +a1\nb 1 PR -> +b1\na conv 1 EX as 2 wait 100 ->");
    stage.nowMs = 200;
    stage.effects = [];
    stage.home("b").release({ session: "b" as SessionId, request: 2, lock: 1 }, 200);
    await turnsPass(turns);
    stage.home("a").tick(200);
    await stage.settle();
    const what = `${turns} turns, ${lagMs} ms`;
    const [isDone] = stage.effects.flatMap(({ type }) => {
      return type === "converted" ? [true] : type === "refused" ? [false] : [];
    });
    deepEqual(stage.etcd.keys("t/h/"), [`t/h/x\0${isDone ? 4 : 5}a.1`], `${what}: ${said(stage)}`);
    await playOnStores(stage, "a off 1 -> =a1");
    deepEqual(stage.etcd.keys("t/h/"), [], what);
  }
});
