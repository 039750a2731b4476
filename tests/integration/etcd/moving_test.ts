/**
 * Clients that go on at another daemon of the cluster, with what they hold and wait for.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { connect } from "../../../client/mod.ts";
import { startDaemonProcess, temporaryDirectory } from "../../support/daemon.ts";
import { EtcdCluster, NO_ETCD } from "../../support/etcd_cluster.ts";
import { within } from "../../support/eventually.ts";

const FLAGS = ["--etcd-lease", "3s", "--heartbeat", "1s"];

Deno.test({
  name: "[P-15] a client whose daemon is killed goes on at another one, with its locks and waits",
  ignore: NO_ETCD !== undefined,
  async fn() {
    await using cluster = await EtcdCluster.start({ members: 1 });
    using directory = temporaryDirectory();
    const start = () => startDaemonProcess(directory.path, ["--etcd", cluster.urls, ...FLAGS]);
    await using one = await start();
    await using two = await start();
    await using mover = await connect([one.url, two.url], { name: "mover", grace: 8_000 });
    await using other = await connect(two.url, { name: "other" });
    const held = await mover.acquire("held");
    const blocker = await other.acquire("wanted");
    const wanted = mover.acquire("wanted");
    let lost = false;
    held.signal.addEventListener("abort", () => lost = true);
    one.kill("SIGKILL");
    await blocker.release();
    const got = await within("the wait is granted at the other daemon", wanted);
    equal(lost, false);
    equal(await other.tryAcquire("held"), null, "nobody else got it meanwhile");
    await held.release();
    ok(await other.tryAcquire("held"));
    await got.release();
  },
});

Deno.test({
  name: "[I-18] a client whose daemon drains goes on at another one at once",
  ignore: NO_ETCD !== undefined,
  async fn() {
    await using cluster = await EtcdCluster.start({ members: 1 });
    using directory = temporaryDirectory();
    const start = () => startDaemonProcess(directory.path, ["--etcd", cluster.urls, ...FLAGS]);
    await using one = await start();
    await using two = await start();
    await using mover = await connect([one.url, two.url], { name: "mover", grace: 8_000 });
    await using other = await connect(two.url, { name: "other" });
    const held = await mover.acquire("held");
    one.kill("SIGTERM");
    const { code } = await within("the daemon ends", one.status);
    equal(code, 0);
    equal(held.signal.aborted, false);
    const state = await other.who("held");
    deepEqual(state.held.map(({ client }) => client?.name), ["mover"]);
    await held.release();
    ok(await other.tryAcquire("held"));
  },
});
