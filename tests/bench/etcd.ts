/**
 * What a lock in etcd costs beside a bare put and delete of the same client: `deno task bench-etcd`. One
 * member and three, one request in flight and 64. Compare ratios within one run.
 *
 * @module
 */
import { connect } from "../../client/mod.ts";
import { GrpcCalls } from "../../server/store/etcd/grpc_calls.ts";
import { put, remove } from "../../server/store/etcd/transaction.ts";
import { startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { EtcdCluster } from "../support/etcd_cluster.ts";

const RUN_MS = 3_000;

/** Pairs a second, with so many in flight. */
async function measure(inFlight: number, pair: (lane: number) => Promise<void>): Promise<number> {
  const endMs = performance.now() + RUN_MS;
  let pairs = 0;
  const lane = async (index: number) => {
    while (performance.now() < endMs) {
      await pair(index);
      pairs++;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, index) => lane(index)));
  return Math.round(pairs / (RUN_MS / 1_000));
}

console.log("| members | in flight | put + delete, pairs/s | locks, pairs/s | of that |");
console.log("|---|---|---|---|---|");
for (const members of [1, 3] as const) {
  await using cluster = await EtcdCluster.start({ members });
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path, ["--etcd", cluster.urls]);
  await using client = await connect(daemon.url);
  const calls = new GrpcCalls({ endpoints: cluster.urls.split(","), callMs: 5_000 });
  for (const inFlight of [1, 64]) {
    const bare = await measure(inFlight, async (lane) => {
      await calls.transact({ when: [], then: [put(`bare/${lane}`, "value")], otherwise: [] });
      await calls.transact({ when: [], then: [remove(`bare/${lane}`)], otherwise: [] });
    });
    const locks = await measure(inFlight, async (lane) => {
      const lock = await client.acquire(`bench/${lane}`);
      await lock.release();
    });
    console.log(`| ${members} | ${inFlight} | ${bare} | ${locks} | ${(locks / bare).toFixed(2)} |`);
  }
  calls.close();
}
