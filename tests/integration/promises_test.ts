// Invariants of docs/guarantees.md that need a whole daemon, and are no rule of the protocol.
import { deepEqual, equal, ok } from "node:assert/strict";
import { connect, LockLostError } from "../../client/mod.ts";
import { type DaemonProcess, startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { openSockets, socketsBackTo } from "../support/descriptors.ts";
import { eventually, within } from "../support/eventually.ts";
import { lockedFiles } from "../support/kernel_locks.ts";
import { connectRaw } from "../support/raw_peer.ts";
import { Relay } from "../support/relay.ts";

async function withDaemon(play: (daemon: DaemonProcess, directory: string) => Promise<void>): Promise<void> {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path);
  await play(daemon, directory.path);
}

/** A number once it has been the same for a while. */
async function settled(count: () => number): Promise<number> {
  let [last, since] = [count(), 0];
  await eventually("the number stays", () => {
    const now = count();
    since = now === last ? since + 1 : 0;
    last = now;
    return since > 20;
  });
  return last;
}

Deno.test("[I-12] a lock's signal aborts before another has the lock, when the network is gone without a word", () =>
  withDaemon(async (daemon) => {
    using relay = await Relay.open(daemon.tcpPort);
    await using holder = await connect(`distrilock://127.0.0.1:${relay.port}`);
    await using next = await connect(daemon.url);
    const lock = await holder.acquire("a", { ttl: 600 });
    let abortedAt = Infinity;
    lock.signal.addEventListener("abort", () => abortedAt = performance.now());
    const granted = next.acquire("a");
    relay.freeze();
    const second = await within("the next grant", granted);
    const grantedAt = performance.now();
    ok(abortedAt <= grantedAt, `aborted ${abortedAt - grantedAt} ms after the next grant`);
    ok(lock.signal.reason instanceof LockLostError);
    ok(second.token > lock.token);
  }));

Deno.test("[I-6] a lock that is renewed in time is nobody else's, however long it is held", () =>
  withDaemon(async (daemon) => {
    await using holder = await connect(daemon.url);
    await using other = await connect(daemon.url);
    const lock = await holder.acquire("a", { ttl: 150 });
    // Ten lives: what is looked at is that no answer says otherwise, not how long each took.
    for (const endMs = performance.now() + 1_500; performance.now() < endMs;) {
      equal(await other.tryAcquire("a"), null);
    }
    ok(lock.held && !lock.signal.aborted);
    await lock.release();
    ok(await other.tryAcquire("a"));
  }));

Deno.test("[I-19] when all clients have left, no lock, wait, session, socket or kernel lock is left of them", () =>
  withDaemon(async (daemon, directory) => {
    // The runtime opens sockets of its own for the first connection of a process, and keeps them.
    await (await connect(daemon.url)).close();
    await (await connect(daemon.webSocketUrl)).close();
    const before = await settled(() => openSockets(daemon.pid));
    {
      await using clients = new AsyncDisposableStack();
      const all = [];
      for (let index = 0; index < 6; index++) {
        all.push(clients.use(await connect(index % 2 === 0 ? daemon.url : daemon.webSocketUrl)));
      }
      for (const [index, client] of all.entries()) {
        await client.acquire(`own/${index}`, { ttl: 60_000 });
        await client.acquire([`both/${index}`, "shared"], { mode: "PR" });
      }
      for (const client of all) {
        client.acquire("shared", { wait: 60_000 }).catch(() => {});
        client.acquire("shared").catch(() => {});
      }
      ok(lockedFiles(directory).length >= 13, "the kernel knows the locks");
    }
    await socketsBackTo(before, daemon.pid);
    await eventually("no kernel lock", () => lockedFiles(directory).length === 0);
    await using last = await connectRaw(daemon, "tcp");
    deepEqual((await last.ask({ id: 2, op: "list" })).names, []);
    const { counts } = await last.ask({ id: 3, op: "status" });
    deepEqual([counts.sessions, counts.locks, counts.waiters], [1, 0, 0]);
  }));
