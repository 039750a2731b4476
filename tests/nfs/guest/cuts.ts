/**
 * What becomes of locks while a host is cut off from the file server, for longer and for shorter than the lease time.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { LockError } from "../../../client/mod.ts";
import { beliefOf } from "../../../server/store/directory/nfs/belief.ts";
import { GuardedResource, twoHosts } from "./holds.ts";
import { cutOff, LEASE_MS, pause, soon } from "./stage.ts";

const { believedMs } = beliefOf(LEASE_MS);

async function codeOf(asked: Promise<unknown>): Promise<string> {
  try {
    await asked;
    return "granted";
  } catch (error) {
    if (error instanceof LockError) return error.code;
    throw error;
  }
}

Deno.test("[I-1] [I-3] [P-50] a host that is cut off for longer than the lease time stops believing before another host holds, and takes nothing again", async () => {
  await using hosts = await twoHosts();
  const { a, b, beliefs } = hosts;
  const resource = new GuardedResource();

  const taken = await beliefs.acquire(a, "taken"); // b waits for it before the cut
  const alone = await beliefs.acquire(a, "alone"); // nobody asks for it
  const passed = await beliefs.acquire(a, "passed"); // b takes it and gives it back while a is cut off
  const shared = await beliefs.acquire(a, "shared", "PR");
  const bShared = await beliefs.acquire(b, "shared", "PR");
  const elsewhere = await beliefs.acquire(b, "elsewhere"); // a waits for it
  ok(resource.write(taken.lock.token));
  const waits = codeOf(a.acquire("elsewhere"));
  const bTakes = beliefs.acquire(b, "taken");
  await pause(300);

  await using cut = await cutOff("a");
  const cutMs = performance.now();
  equal(await codeOf(a.tryAcquire("new")), "STORE_UNAVAILABLE");
  const bTakesPassed = beliefs.acquire(b, "passed").then(async ({ lock, hold }) => {
    await pause(100);
    await beliefs.end(lock, hold);
  });
  await soon(
    "the loss of all that a held",
    () => [taken, alone, passed, shared].every(({ lock }) => lock.signal.aborted),
  );
  const lostMs = performance.now() - cutMs;
  equal(await waits, "STORE_UNAVAILABLE");
  const b1 = await bTakes;
  const takenMs = performance.now() - cutMs;
  await bTakesPassed;
  ok(resource.write(b1.lock.token));
  ok(!resource.write(taken.lock.token), "the old holder's write is refused");
  equal(await codeOf(a.acquire("taken", { wait: 1_000 })), "STORE_UNAVAILABLE");
  console.log(
    `cut for long: lost after ${lostMs.toFixed(0)} ms, held by the other host after ${takenMs.toFixed(0)} ms`,
  );
  ok(lostMs <= believedMs + 1_000, "at the latest when the last proof is worth nothing any more");
  ok(!bShared.lock.signal.aborted && !elsewhere.lock.signal.aborted, "the other host loses nothing");

  await cut.heal();
  const healMs = performance.now();
  await soon("a is served again", async () => (await codeOf(a.tryAcquire("new"))) === "granted");
  console.log(`healed: served again after ${(performance.now() - healMs).toFixed(0)} ms`);
  equal(await codeOf(a.acquire("taken", { wait: 500 })), "TIMEOUT", "b holds it");
  for (const { lock } of [alone, passed]) {
    const again = await a.acquire(lock.name, { wait: 5_000 });
    ok(again.token > lock.token, `${lock.name} is free, and has a greater token`);
    beliefs.begin(again);
    ok(lock.signal.aborted);
  }
  await beliefs.end(b1.lock, b1.hold);
  await beliefs.acquire(a, "taken");
  await a.close();
  await b.close();
  deepEqual(beliefs.faults(), []);
});

Deno.test("[I-6] [I-14] a cut that is shorter than the lease time costs no lock, and one host's daemon and clients may die in it", async () => {
  await using hosts = await twoHosts();
  const { a, b, beliefs } = hosts;
  const kept = await beliefs.acquire(a, "kept");
  const waiting = beliefs.acquire(b, "kept");
  await pause(300);
  for (const cutMs of [1_000, 4_000]) {
    const cut = await cutOff("a");
    const hangs = codeOf(a.acquire(`new ${cutMs}`.replace(" ", "-"), { wait: 3 * LEASE_MS }));
    await pause(cutMs);
    await cut.heal();
    const healMs = performance.now();
    equal(await hangs, "granted", "what waited is granted when the server is back");
    console.log(`cut of ${cutMs} ms: answered ${(performance.now() - healMs).toFixed(0)} ms after the heal`);
    await pause(believedMs / 2);
  }
  ok(!kept.lock.signal.aborted, "the lock is kept");
  equal(await kept.lock.verify(), true);
  await beliefs.end(kept.lock, kept.hold);
  const got = await waiting;
  await beliefs.end(got.lock, got.hold);
  await a.close();
  await b.close();
  deepEqual(beliefs.faults(), []);
});

Deno.test("[I-14] a daemon that is killed while its host is cut off frees its locks when the lease time is over", async () => {
  await using hosts = await twoHosts();
  const { one, a, b, beliefs } = hosts;
  const { lock: { token, signal } } = await beliefs.acquire(a, "x");
  const waiting = beliefs.acquire(b, "x");
  await pause(300);
  await using cut = await cutOff("a");
  const cutMs = performance.now();
  const since = () => (performance.now() - cutMs).toFixed(0);
  // Its process cannot end before the server answers, so its clients hear nothing, and have to find that out.
  one.kill("SIGKILL");
  const gone = new Promise((resolve) => signal.addEventListener("abort", resolve)).then(() => {
    console.log(`killed while cut off: its client gives the lock up after ${since()} ms`);
  });
  const { lock, hold } = await waiting;
  console.log(`killed while cut off: held by the other host after ${since()} ms`);
  ok(lock.token > token);
  await gone;
  await cut.heal();
  await beliefs.end(lock, hold);
  deepEqual(beliefs.faults(), []);
});
