import { ok } from "node:assert/strict";
import { compatible } from "../../../server/lock/mode.ts";
import { GrpcCalls } from "../../../server/store/etcd/grpc_calls.ts";
import type { SessionId } from "../../../server/store/store.ts";
import { STORE_SCENARIOS } from "../../conformance/store_suite.ts";
import { EtcdCluster, NO_ETCD } from "../../support/etcd_cluster.ts";
import { playOnStores } from "../../support/store_scenario.ts";
import { EtcdStage } from "../../support/store_stage.ts";

Deno.test({
  name: "EtcdStore on a real cluster of three members does what every store does",
  ignore: NO_ETCD !== undefined,
  async fn(test) {
    await using cluster = await EtcdCluster.start();
    let index = 0;
    for (const [name, scenario] of Object.entries(STORE_SCENARIOS)) {
      const prefix = `t${index++}/`;
      await test.step(name, async () => {
        await using stage = new EtcdStage({
          prefix,
          calls: () => new GrpcCalls({ endpoints: cluster.urls.split(","), callMs: 2_000 }),
        });
        await playOnStores(stage, scenario);
      });
    }
  },
});

Deno.test({
  name: "[I-16] EtcdStore grants waiters of three daemons first in, first out",
  ignore: NO_ETCD !== undefined,
  async fn() {
    await using cluster = await EtcdCluster.start();
    await using stage = new EtcdStage({
      calls: () => new GrpcCalls({ endpoints: cluster.urls.split(","), callMs: 2_000 }),
    });
    const modes = ["EX", "PR", "PR", "PW", "EX", "CR", "CW", "EX"] as const;
    await playOnStores(stage, "h 1 EX -> +h1");
    const waiters = Array.from({ length: 24 }, (_, index) => `w${index}`);
    for (const [index, waiter] of waiters.entries()) {
      await playOnStores(stage, `${waiter} 1 ${modes[index % modes.length]} ->`);
    }
    const order: string[] = [];
    // Whoever is granted lets go at once, so each comes to its turn.
    stage.effects = [];
    stage.home("h").release({ session: "h" as SessionId, request: 2, lock: 1 }, 0);
    while (order.length < waiters.length) {
      await stage.settle();
      const granted = stage.effects.flatMap((one) => one.type === "granted" ? [one.session] : []);
      stage.effects = [];
      ok(granted.length > 0, `somebody is granted after ${order}`);
      order.push(...granted.sort((one, other) => waiters.indexOf(one) - waiters.indexOf(other)));
      for (const session of granted) stage.home(session).release({ session, request: 2, lock: 1 }, 0);
    }
    // Readers that pass nobody whom they conflict with may be granted together with others, never before an
    // earlier one in conflict.
    const place = (waiter: string) => order.indexOf(waiter);
    for (const [later, name] of waiters.entries()) {
      for (const [earlier, other] of waiters.slice(0, later).entries()) {
        const [one, two] = [modes[earlier % modes.length], modes[later % modes.length]];
        if (one && two && !compatible(one, two)) {
          ok(place(other) < place(name), `${other} before ${name}: ${order}`);
        }
      }
    }
  },
});
