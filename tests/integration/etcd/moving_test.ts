/**
 * Clients that go on at another daemon of the cluster, with what they hold and wait for.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { connect } from "../../../client/mod.ts";
import { GrpcCalls } from "../../../server/store/etcd/grpc_calls.ts";
import { startDaemonProcess, temporaryDirectory } from "../../support/daemon.ts";
import { EtcdCluster, NO_ETCD } from "../../support/etcd_cluster.ts";
import { eventually, within } from "../../support/eventually.ts";
import { connectRaw } from "../../support/raw_peer.ts";

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

Deno.test({
  name:
    "[P-16] a resume that was overtaken by one at the daemon that has the session does nothing at another one",
  ignore: NO_ETCD !== undefined,
  async fn() {
    await using cluster = await EtcdCluster.start({ members: 1 });
    using directory = temporaryDirectory();
    const start = () => startDaemonProcess(directory.path, ["--etcd", cluster.urls, "--heartbeat", "0ms"]);
    await using one = await start();
    await using two = await start();
    await using first = await connectRaw(one, "tcp", { hello: false });
    const { session, secret } = await first.ask({ id: 1, op: "hello", version: 1, grace: 60_000 });
    await first.ask({ id: 2, op: "acquire", name: "x" });
    const hello = { op: "hello", version: 1, resume: { session, secret } };
    await using again = await connectRaw(one, "tcp", { hello: false });
    equal((await again.ask({ id: 9, ...hello })).resumed, true);
    const key = `distrilock/s/${session}`;
    using disposal = new DisposableStack();
    const calls = disposal.adopt(
      new GrpcCalls({ endpoints: [cluster.urls], callMs: 2_000 }),
      (each) => each.close(),
    );
    await eventually("the cluster is told", async () => {
      const { entries } = await calls.list({ key, end: `${key}0`, limit: 1 });
      return entries[0]?.value.includes('"attempt":9');
    });
    await using late = await connectRaw(two, "tcp", { hello: false });
    for (const id of [5, 9]) equal((await late.ask({ id, ...hello })).error.code, "BAD_REQUEST");
    equal((await again.ask({ id: 10, op: "verify", lock: 2 })).ok, true);
    const moved = await late.ask({ id: 11, ...hello });
    deepEqual(moved.locks.map(({ lock }: { lock: number }) => lock), [2]);
  },
});
