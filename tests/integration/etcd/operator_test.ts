/**
 * What operators do to a cluster under running daemons: replace a member, let it fill up and make room,
 * forget its history, go back to a snapshot.
 *
 * @module
 */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { type Client, connect, LockError } from "../../../client/mod.ts";
import { ClusterStorm, GRACE_MS } from "../../support/cluster_storm.ts";
import { type DaemonProcess, startDaemonProcess, temporaryDirectory } from "../../support/daemon.ts";
import { EtcdCluster, NO_ETCD } from "../../support/etcd_cluster.ts";
import {
  askGateway,
  compact,
  makeRoom,
  NO_ETCDCTL,
  replaceMember,
  restoreSnapshot,
  takeSnapshot,
} from "../../support/etcd_operator.ts";
import { eventually, within } from "../../support/eventually.ts";
import { randomFrom } from "../../support/random.ts";
import { pause } from "../../support/storm_players.ts";
import { Wire } from "../../support/wire.ts";

const LONG_MS = 30_000;
const FLAGS = ["--etcd-lease", "3s", "--etcd-call", "1s", "--heartbeat", "1s"];

Deno.test({
  name:
    "[I-1] [I-2] [I-6] members that are replaced one after the other, the leader too, lose no lock and no request",
  ignore: NO_ETCD !== undefined,
  async fn() {
    using directory = temporaryDirectory();
    await using storm = await ClusterStorm.open(directory.path, randomFrom(1));
    const { players, cluster } = storm;
    await using keeper = await connect(storm.servers(0), { grace: GRACE_MS });
    const kept = await keeper.acquire("kept");
    const playing = Promise.all([0, 1, 2, 3].map((index) => storm.play(index)));
    const fromMs = performance.now();
    for (const gone of [await cluster.leader(), await cluster.follower()]) {
      await gone.kill();
      // The others agree on a leader before they agree on anything else.
      await eventually("others lead", () => cluster.leader(), LONG_MS);
      const member = await replaceMember(cluster, gone);
      await eventually("the new one serves", () => serves(member.url), LONG_MS);
    }
    const toMs = performance.now();
    console.log(
      `two members replaced in ${Math.round(toMs - fromMs)} ms: service gap ${
        players.gapMs(fromMs, toMs)
      } ms`,
    );
    players.isOver = true;
    await within("the players end", playing, LONG_MS);
    deepEqual(players.faults(), []);
    equal(kept.signal.aborted, false);
    const { members } = await askGateway(cluster.members[0]!, "cluster/member/list");
    equal(members.length, 3);
    await kept.release();
  },
});

Deno.test({
  name:
    "[I-4] [I-15] a full database: locks are released and renewed, who wants one is told, and all goes on when there is room again",
  ignore: NO_ETCD !== undefined,
  async fn() {
    await using cluster = await EtcdCluster.start({
      members: 1,
      flags: ["--quota-backend-bytes", `${2 ** 20}`],
    });
    const [member] = cluster.members;
    using directory = temporaryDirectory();
    await using daemon = await startDaemonProcess(directory.path, ["--etcd", cluster.urls, ...FLAGS]);
    await using client = await connect(daemon.url, { grace: 15_000 });
    await using other = await connect(daemon.url, { grace: 15_000 });
    const [kept, wanted] = [await client.acquire("kept"), await client.acquire("wanted")];
    const next = other.acquire("wanted");
    next.catch(() => {});
    await eventually("it waits", async () => (await client.who("wanted")).waiting.length === 1);
    const value = btoa("x".repeat(100_000));
    await eventually("the database is full", async () => {
      try {
        await askGateway(member!, "kv/put", { key: btoa("other/filling"), value });
        return false;
      } catch (error) {
        return /space exceeded/.test(String(error));
      }
    });
    await rejects(client.acquire("new"), (error) => {
      return error instanceof LockError && error.code === "STORE_UNAVAILABLE" && /full/.test(error.message);
    });
    await wanted.release();
    // Longer than a lease: it is renewed all the same.
    await pause(4_000);
    equal(kept.signal.aborted, false);
    deepEqual((await client.who("wanted")).held, [], "to be given on takes room");
    await makeRoom(member!);
    const lock = await within("the next one has it when there is room", next, LONG_MS);
    ok(lock.token > wanted.token);
    await lock.release();
    await (await client.acquire("new")).release();
    await kept.release();
    await eventually("nothing is left", async () => (await Array.fromAsync(other.list())).length === 0);
  },
});

Deno.test({
  name:
    "[I-1] [I-15] a daemon whose watch was cut while etcd forgot its history lists all anew, and misses nothing",
  ignore: NO_ETCD !== undefined,
  async fn() {
    await using cluster = await EtcdCluster.start({ members: 1 });
    const [member] = cluster.members;
    using directory = temporaryDirectory();
    await using wire = await Wire.open(Number(new URL(cluster.urls).port));
    const start = (url: string) => startDaemonProcess(directory.path, ["--etcd", url, ...FLAGS]);
    await using cutOff = await start(`http://127.0.0.1:${wire.port}`);
    await using daemon = await start(cluster.urls);
    await using waiter = await connect(cutOff.url, { grace: 15_000, name: "waiter" });
    await using holder = await connect(daemon.url, { name: "holder" });
    const [first, second] = [await holder.acquire("first"), await holder.acquire("second")];
    const waits = [waiter.acquire("first"), waiter.acquire("second")];
    for (const name of ["first", "second"]) {
      await eventually("it waits", async () => (await holder.who(name)).waiting.length === 1);
    }
    wire.cut();
    // Handed over, and free without anybody who could hand it over, while its daemon hears nothing.
    await first.release();
    await second.release();
    for (let count = 0; count < 20; count++) await (await holder.acquire("other")).release();
    await compact(member!);
    wire.mend();
    for (const [index, lock] of (await within("both are granted", Promise.all(waits), LONG_MS)).entries()) {
      ok(lock.token > [first, second][index]!.token);
      await lock.release();
    }
    await eventually("nothing is left", async () => (await Array.fromAsync(holder.list())).length === 0);
    const followed = cutOff.log.filter(({ event }) => event === "etcd.following").length;
    ok(followed >= 2, "it found its way back");
    equal(
      cutOff.log.some(({ event, error }) => event === "etcd.lost" && /has forgotten/.test(`${error}`)),
      true,
    );
  },
});

for (const token of [undefined, "another"]) {
  const how = token === undefined ? "under its old name, so at lower revisions" : "under a new name";
  Deno.test({
    name:
      `[I-2] a daemon that lives through the restore of a snapshot, ${how}, grants nothing until it is started anew`,
    ignore: NO_ETCD !== undefined || NO_ETCDCTL !== undefined,
    async fn() {
      await using cluster = await EtcdCluster.start({ members: 1 });
      const [member] = cluster.members;
      using directory = temporaryDirectory();
      const start = () => startDaemonProcess(directory.path, ["--etcd", cluster.urls, ...FLAGS]);
      await using daemon = await start();
      await using client = await connect(daemon.url, { reconnect: false });
      const file = `${directory.path}/snapshot`;
      takeSnapshot(member!, file);
      const held = await client.acquire("held");
      const told = new Promise((resolve) => held.signal.addEventListener("abort", resolve));
      for (let count = 0; count < 10; count++) await (await client.acquire("x")).release();
      const before = await client.acquire("x");
      await restoreSnapshot(member!, file, token);
      await cluster.ready();
      const finding = await eventually("it says what is wrong", () => unfit(daemon), LONG_MS);
      match(finding, /not the one that it was.*restored from a snapshot/);
      await rejects(refused(client), /STORE_UNAVAILABLE/);
      await within("holders are told", told, LONG_MS);
      await using again = await start();
      await using other = await connect(again.url);
      const { token: lower } = await other.acquire("x");
      console.log(`token ${before.token} before the snapshot was restored ${how}, ${lower} after`);
      ok(lower < before.token, "this is why");
    },
  });
}

async function serves(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(500) });
    return (await response.json()).health === "true";
  } catch {
    // Not yet there.
    return false;
  }
}

function unfit({ log }: DaemonProcess): string | undefined {
  return log.find(({ event }) => event === "etcd.unfit")?.["finding"] as string | undefined;
}

/** Asks for a lock as long as that is granted. */
async function refused(client: Client): Promise<void> {
  try {
    for (;;) await (await client.acquire("new")).release();
  } catch (error) {
    throw error instanceof LockError ? new Error(error.code) : error;
  }
}
