/**
 * What becomes of locks when a daemon or a client is killed, or stands still for a time, while the network
 * and the file server are well.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { connect } from "../../../client/mod.ts";
import { startHolderProcess } from "../../support/holder_process.ts";
import { Relay } from "../../support/relay.ts";
import { Beliefs, codeOf, GuardedResource, twoHosts } from "./holds.ts";
import { exportedDirectory, LEASE_MS, pause, soon, startOn } from "./stage.ts";

/** Shorter than clients and daemons take to miss each other with this lease time. */
const SHORT_MS = 2_000;

function stopwatch(): () => string {
  const startMs = performance.now();
  return () => `${(performance.now() - startMs).toFixed(0)} ms`;
}

Deno.test("[I-1] [I-3] [I-14] a daemon that stands still keeps its locks as long as its process lives, its clients stop believing, and it takes nothing again", async () => {
  await using hosts = await twoHosts();
  const { one, a, b, beliefs } = hosts;
  const resource = new GuardedResource();
  const held = await beliefs.acquire(a, "held");
  const elsewhere = await beliefs.acquire(b, "elsewhere");
  ok(resource.write(held.lock.token));
  const waits = a.acquire("elsewhere");
  let taken = false;
  const next = beliefs.acquire(b, "held").finally(() => taken = true);
  await pause(300);

  one.kill("SIGSTOP");
  await pause(SHORT_MS);
  one.kill("SIGCONT");
  equal(await held.lock.verify(), true, "a short stop costs nothing");
  ok(!taken);

  one.kill("SIGSTOP");
  const stopMs = performance.now();
  const sinceStop = stopwatch();
  await soon("the loss", () => held.lock.signal.aborted);
  const lost = sinceStop();
  await pause(stopMs + LEASE_MS + 2_000 - performance.now());
  ok(!taken, "the kernel of its host keeps the lease");
  one.kill("SIGCONT");
  const sinceGo = stopwatch();
  const { lock, hold } = await next;
  console.log(`daemon stopped: lost after ${lost}, held by the other host ${sinceGo()} after it went on`);
  ok(resource.write(lock.token));
  ok(!resource.write(held.lock.token), "the old holder's write is refused");
  equal(await codeOf(a.acquire("held", { wait: 500 })), "TIMEOUT", "its clients come back, and wait");
  await beliefs.end(lock, hold);
  await beliefs.end(elsewhere.lock, elsewhere.hold);
  await (await waits).release();

  const again = await beliefs.acquire(a, "held");
  const last = beliefs.acquire(b, "held");
  await pause(300);
  one.kill("SIGSTOP");
  await pause(300);
  // Whoever is killed has ended: what its client still believes is ended by the connection, in the same
  // moment.
  again.hold.toMs = performance.now();
  one.kill("SIGKILL");
  const sinceKill = stopwatch();
  const got = await last;
  console.log(`daemon killed: held by the other host after ${sinceKill()}`);
  await soon("the loss", () => again.lock.signal.aborted);
  await beliefs.end(got.lock, got.hold);
  await b.close();
  deepEqual(beliefs.faults(), []);
});

Deno.test("[I-3] [I-14] the lock of a client that is killed is the other host's at once, and of one that stands still when its daemon misses it", async () => {
  await using hosts = await twoHosts();
  const { one, b, beliefs } = hosts;
  const resource = new GuardedResource();
  {
    await using holder = await startHolderProcess(one.url, { name: "x" });
    const next = beliefs.acquire(b, "x");
    await pause(300);
    holder.kill();
    const since = stopwatch();
    const { lock, hold } = await next;
    console.log(`client killed: held by the other host after ${since()}`);
    ok(lock.token > holder.token);
    await beliefs.end(lock, hold);
  }
  await using holder = await startHolderProcess(one.url, { name: "x" });
  ok(resource.write(holder.token));
  let taken = false;
  const next = beliefs.acquire(b, "x").finally(() => taken = true);
  await pause(300);
  Deno.kill(holder.pid, "SIGSTOP");
  await pause(SHORT_MS);
  Deno.kill(holder.pid, "SIGCONT");
  await pause(SHORT_MS);
  ok(!taken, "a short stop costs nothing");
  Deno.kill(holder.pid, "SIGSTOP");
  const since = stopwatch();
  const { lock, hold } = await next;
  console.log(`client stopped: held by the other host after ${since()}`);
  ok(resource.write(lock.token));
  Deno.kill(holder.pid, "SIGCONT");
  ok(!resource.write(holder.token), "what it writes when it goes on is refused");
  await beliefs.end(lock, hold);
  deepEqual(beliefs.faults(), []);
});

Deno.test("[I-12] the other host gets the lock of a session with a grace whose daemon was killed when its client has given it up", async () => {
  const graceMs = 3_000;
  const beliefs = new Beliefs();
  const directory = exportedDirectory();
  await using one = await startOn("a", directory);
  await using other = await startOn("b", directory);
  using link = await Relay.open(Number(new URL(one.url).port));
  const url = `distrilock://127.0.0.1:${link.port}`;
  await using graced = await connect(url, { name: "graced", grace: graceMs, reconnect: false });
  await using b = await connect(other.url, { name: "b" });
  const held = await beliefs.acquire(graced, "held");
  const released = await beliefs.acquire(graced, "released");
  await beliefs.end(released.lock, released.hold);
  const next = beliefs.acquire(b, "held");
  await pause(300);
  // Its client hears nothing of the death: it has its clock, and no more.
  link.freeze();
  one.kill("SIGKILL");
  const since = stopwatch();
  held.lock.signal.addEventListener(
    "abort",
    () => console.log(`daemon killed, grace of 3 s: lost after ${since()}`),
  );
  const free = await beliefs.acquire(b, "released");
  await beliefs.end(free.lock, free.hold);
  equal(held.lock.signal.aborted, false, "what was released is free while the grace runs");
  const { lock, hold } = await next;
  console.log(`daemon killed, grace of 3 s: held by the other host after ${since()}`);
  await beliefs.end(lock, hold);
  ok(held.lock.signal.aborted);
  deepEqual(beliefs.faults(), []);
});
