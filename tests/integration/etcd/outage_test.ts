/**
 * A cluster without a majority, and a daemon that is cut off from one: nothing is granted, holders are told
 * before their locks can be given away, and all goes on by itself afterwards.
 *
 * @module
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { connect, type Lock, LockError } from "../../../client/mod.ts";
import { ClusterStorm } from "../../support/cluster_storm.ts";
import { temporaryDirectory } from "../../support/daemon.ts";
import { NO_ETCD } from "../../support/etcd_cluster.ts";
import { within } from "../../support/eventually.ts";
import { randomFrom } from "../../support/random.ts";
import { pause } from "../../support/storm_players.ts";

const LONG_MS = 30_000;

/** When a lock is lost. */
function loss(lock: Lock): Promise<number> {
  return new Promise((resolve) => lock.signal.addEventListener("abort", () => resolve(performance.now())));
}

Deno.test({
  name:
    "[I-1] [I-17] without a majority nothing is granted, sessions without a grace lose their locks and are told, those with one keep them",
  ignore: NO_ETCD !== undefined,
  async fn() {
    using directory = temporaryDirectory();
    await using storm = await ClusterStorm.open(directory.path, randomFrom(1));
    const [first, second] = storm.servers(0);
    await using bound = await connect(first!, { name: "bound", reconnect: false });
    await using lasting = await connect(storm.servers(0), { name: "lasting", grace: 15_000 });
    await using other = await connect(second!, { name: "other", grace: 15_000 });
    const lost = await bound.acquire("bound");
    const kept = await lasting.acquire("lasting");
    const told = loss(lost);
    const next = other.acquire("bound").then((lock) => ({ lock, ms: performance.now() }));
    // When the test fails before.
    next.catch(() => {});
    await pause(300);
    const [one, two] = storm.cluster.members;
    const fromMs = performance.now();
    await Promise.all([one!.kill(), two!.kill()]);
    await rejects(within("a try is answered", other.tryAcquire("new"), 3_000), (error) => {
      return error instanceof LockError && error.code === "STORE_UNAVAILABLE";
    });
    const lostMs = await within("the holder is told", told, LONG_MS);
    await pause(1_000);
    one!.start();
    two!.start();
    const backMs = performance.now();
    const { lock, ms } = await within("the wait has kept its place", next, LONG_MS);
    ok(ms > lostMs, "nobody has it before its holder was told");
    ok(lock.token > lost.token);
    await within("locks are granted again", eventuallyAcquire(() => lasting.acquire("new")), LONG_MS);
    const gapMs = Math.round(performance.now() - backMs);
    equal(kept.signal.aborted, false, "a session with a grace has kept its lock");
    deepEqual((await other.who("lasting")).held.map(({ token }) => token), [kept.token]);
    await kept.release();
    console.log(
      `majority killed for ${Math.round(backMs - fromMs)} ms: told after ${
        Math.round(lostMs - fromMs)
      } ms, ` +
        `next holder after ${Math.round(ms - lostMs)} ms more, in service ${gapMs} ms after the members`,
    );
  },
});

Deno.test({
  name:
    "[I-1] [I-6] a daemon that is cut off from etcd loses the locks of sessions without a grace before others get them, and its clients with one go on elsewhere",
  ignore: NO_ETCD !== undefined,
  async fn() {
    using directory = temporaryDirectory();
    await using storm = await ClusterStorm.open(directory.path, randomFrom(1));
    const [first, second] = storm.servers(0);
    await using bound = await connect(first!, { name: "bound", reconnect: false });
    await using lasting = await connect(storm.servers(0), { name: "lasting", grace: 15_000 });
    await using other = await connect(second!, { name: "other", grace: 15_000 });
    const lost = await bound.acquire("bound");
    const kept = await lasting.acquire("lasting");
    const told = loss(lost);
    const next = other.acquire("bound").then((lock) => ({ lock, ms: performance.now() }));
    // When the test fails before.
    next.catch(() => {});
    await pause(300);
    const fromMs = performance.now();
    for (const wire of storm.places[0]!.wires) wire.cut();
    const lostMs = await within("the holder is told", told, LONG_MS);
    const { lock, ms } = await within("the next one gets it", next, LONG_MS);
    ok(ms > lostMs, "nobody has it before its holder was told");
    ok(lock.token > lost.token);
    // Its session is at another daemon by now, or is a moment later.
    await within("the other session goes on elsewhere", kept.release(), LONG_MS);
    equal(kept.signal.reason?.reason, undefined);
    for (const wire of storm.places[0]!.wires) wire.mend();
    await using back = await connect(first!, { name: "back" });
    await within("the daemon serves again", eventuallyAcquire(() => back.acquire("again")), LONG_MS);
    console.log(
      `daemon cut off: told after ${Math.round(lostMs - fromMs)} ms, next holder after ${
        Math.round(ms - lostMs)
      } ms more`,
    );
  },
});

async function eventuallyAcquire(acquire: () => Promise<Lock>): Promise<void> {
  for (;;) {
    try {
      await (await acquire()).release();
      return;
    } catch (error) {
      if (!(error instanceof LockError)) throw error;
      await pause(50);
    }
  }
}
