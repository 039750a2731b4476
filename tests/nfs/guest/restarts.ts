/**
 * What becomes of locks when the file server is restarted, with both hosts there, and with one cut off.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { twoHosts } from "./holds.ts";
import { cutOff, LEASE_MS, pause, run, soon } from "./stage.ts";

Deno.test("[I-1] [I-6] a short restart of the server costs no lock, and lets nobody else have one", async () => {
  await using hosts = await twoHosts();
  const { a, b, beliefs } = hosts;
  const [ofA, ofB] = [await beliefs.acquire(a, "a"), await beliefs.acquire(b, "b")];
  const crossed = [beliefs.acquire(b, "a"), beliefs.acquire(a, "b")];
  await pause(500);
  await run("nfs-server", "stop");
  await pause(1_000);
  await run("nfs-server", "start");
  const startMs = performance.now();
  await soon("b is served again", () => b.acquire("new", { wait: 500 }).then(() => true, () => false));
  console.log(`restart with both there: served again after ${(performance.now() - startMs).toFixed(0)} ms`);
  await pause(LEASE_MS);
  for (const { lock } of [ofA, ofB]) {
    ok(!lock.signal.aborted, `${lock.name} is kept`);
    equal(await lock.verify(), true);
  }
  for (const { lock, hold } of [ofA, ofB]) await beliefs.end(lock, hold);
  for (const { lock, hold } of await Promise.all(crossed)) await beliefs.end(lock, hold);
  deepEqual(beliefs.faults(), []);
});

Deno.test("[I-1] [P-50] a server that is restarted while a host is cut off gives its locks away only after that host stopped believing", async () => {
  await using hosts = await twoHosts();
  const { a, b, beliefs } = hosts;
  const held = await beliefs.acquire(a, "x");
  const kept = await beliefs.acquire(b, "y");
  const waiting = beliefs.acquire(b, "x");
  await pause(500);
  await using cut = await cutOff("a");
  await run("nfs-server", "stop");
  await run("nfs-server", "start");
  const startMs = performance.now();
  const { lock, hold } = await waiting;
  const takenMs = performance.now() - startMs;
  ok(held.lock.signal.aborted);
  console.log(
    `restart with one cut off: lost after ${
      (held.hold.toMs - startMs).toFixed(0)
    } ms, held by the other host after ${takenMs.toFixed(0)} ms`,
  );
  ok(lock.token > held.lock.token);
  await cut.heal();
  await soon("a is served again", () => a.tryAcquire("new").then((got) => got !== null, () => false));
  equal(await a.tryAcquire("x"), null);
  ok(!kept.lock.signal.aborted, "the host that was there keeps its own");
  await beliefs.end(lock, hold);
  await beliefs.end(kept.lock, kept.hold);
  const again = await beliefs.acquire(a, "x");
  await beliefs.end(again.lock, again.hold);
  deepEqual(beliefs.faults(), []);
});
