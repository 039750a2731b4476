/**
 * Members that cannot reach each other, while their clients reach all of them.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { type Client, connect, LockError } from "../../../client/mod.ts";
import { startDaemon, temporaryDirectory } from "../../support/daemon.ts";
import { EtcdNetwork, NO_NETWORK } from "../../support/etcd_network.ts";
import { within } from "../../support/eventually.ts";
import { checkHistory, type History, type Hold } from "../../support/history.ts";
import { pause } from "../../support/storm_players.ts";

const LEASE_MS = 3_000;
const LONG_MS = 30_000;

/** Takes and releases one lock again and again; what it saw. */
async function play(client: Client, history: History, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    try {
      const lock = await client.acquire("contended");
      const { name, mode, token, signal } = lock;
      const hold: Hold = {
        name,
        mode,
        token,
        lives: [],
        fromMs: performance.now(),
        toMs: Infinity,
        lost: false,
      };
      signal.addEventListener("abort", () => hold.toMs = Math.min(hold.toMs, performance.now()));
      history.holds.push(hold);
      await pause(2);
      hold.toMs = Math.min(hold.toMs, performance.now());
      await lock.release();
    } catch (error) {
      if (!(error instanceof LockError)) throw error;
      await pause(20);
    }
  }
}

/** Cuts the leader off from the other members for a while, in which they go on without it. */
async function cutLeader(network: EtcdNetwork, history: History): Promise<void> {
  const leader = await network.leader();
  const fromMs = performance.now();
  leader.peers("cut");
  await pause(3_000);
  leader.peers("mend");
  await pause(1_500);
  const times = history.holds.map((hold) => hold.fromMs).filter((ms) => ms > fromMs);
  const gapMs = Math.max(...times.map((ms, index) => ms - (times[index - 1] ?? fromMs)));
  console.log(
    `leader cut off from its peers for 3 s: ${times.length} locks, service gap ${Math.round(gapMs)} ms`,
  );
  ok(times.some((ms) => ms < fromMs + 3_000), "the others grant locks meanwhile");
}

Deno.test({
  name:
    "[I-1] [I-2] [I-6] a leader that is cut off from the other members grants nothing, and no lock is lost; all members cut off from each other grant nothing, and go on afterwards",
  ignore: NO_NETWORK !== undefined,
  async fn() {
    await using network = await EtcdNetwork.start();
    using directory = temporaryDirectory();
    const flags = [
      "--etcd",
      network.urls,
      "--etcd-lease",
      `${LEASE_MS}ms`,
      "--etcd-call",
      "1s",
      "--heartbeat",
      "1s",
    ];
    await using one = startDaemon(directory.path, flags);
    await using two = startDaemon(directory.path, flags);
    const history: History = { holds: [], asks: [] };
    let isOver = false;
    await using keeper = await connect([one.url, two.url], { grace: 15_000 });
    const kept = await keeper.acquire("kept");
    const clients = await Promise.all([one, two, one, two].map(({ url }) => connect(url, { grace: 15_000 })));
    const playing = Promise.all(clients.map((client) => play(client, history, () => isOver)));
    await pause(500);

    await cutLeader(network, history);
    equal(kept.signal.aborted, false);

    for (const member of network.members) member.peers("cut");
    await pause(1_500);
    const cutMs = performance.now();
    await pause(2_500);
    const granted = history.holds.filter((hold) => hold.fromMs > cutMs);
    deepEqual(granted, [], "nothing is granted without a majority");
    for (const member of network.members) member.peers("mend");
    const mendMs = performance.now();
    const again = await within(
      "locks are granted again",
      (async () => {
        while (!history.holds.some((hold) => hold.fromMs > mendMs)) await pause(20);
        return performance.now() - mendMs;
      })(),
      LONG_MS,
    );
    console.log(`all members cut off from each other for 4 s: in service ${Math.round(again)} ms after`);
    equal(kept.signal.aborted, false, "a session with a grace has kept its lock");
    isOver = true;
    await within("the players end", playing, LONG_MS);
    deepEqual(
      checkHistory({ ...history, holds: history.holds.map((hold) => ({ ...hold, lost: false })) }),
      [],
    );
    await kept.release();
    for (const client of clients) await client.close();
  },
});
