/**
 * A client whose daemon says nothing any more: it cannot tell whether that still renews the lease of its
 * session.
 *
 * @module
 */
import { equal, ok } from "node:assert/strict";
import { connect, LockLostError } from "../../../client/mod.ts";
import { startDaemonProcess, temporaryDirectory } from "../../support/daemon.ts";
import { EtcdCluster, NO_ETCD } from "../../support/etcd_cluster.ts";
import { within } from "../../support/eventually.ts";

const LEASE_MS = 3_000;

Deno.test({
  name:
    "[P-18] [I-1] [I-12] a client without a grace whose daemon stands still has lost its locks before others get them",
  ignore: NO_ETCD !== undefined,
  async fn() {
    await using cluster = await EtcdCluster.start({ members: 1 });
    using directory = temporaryDirectory();
    // Without heartbeats nothing else tells the client.
    const flags = ["--etcd", cluster.urls, "--etcd-lease", `${LEASE_MS}ms`, "--heartbeat", "0ms"];
    await using one = await startDaemonProcess(directory.path, flags);
    await using two = await startDaemonProcess(directory.path, flags);
    await using bound = await connect(one.url, { name: "bound", reconnect: false });
    await using other = await connect(two.url, { name: "other", reconnect: false });
    const held = await bound.acquire("x");
    await new Promise((resolve) => setTimeout(resolve, 2 * LEASE_MS));
    ok(!held.signal.aborted, "while the daemon answers it is vouched for");
    ok(held.remaining() <= LEASE_MS, `${held.remaining()}`);
    const lost = new Promise<number>((resolve) =>
      held.signal.addEventListener("abort", () => resolve(performance.now()))
    );
    const next = other.acquire("x").then((lock) => ({ lock, ms: performance.now() }));
    const fromMs = performance.now();
    one.kill("SIGSTOP");
    const { lock, ms } = await within("the next one gets it", next, 10 * LEASE_MS);
    const lostMs = await within("the client finds out", lost, LEASE_MS);
    ok(ms > lostMs, `had by the next one ${lostMs - ms} ms before its holder gave it up`);
    ok(lock.token > held.token);
    equal((held.signal.reason as LockLostError).reason, "store");
    console.log(
      `daemon stands still: lost after ${Math.round(lostMs - fromMs)} ms, next holder after ${
        Math.round(ms - fromMs)
      } ms`,
    );
  },
});
