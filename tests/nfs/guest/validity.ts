/**
 * Clients that nobody can tell: their daemon has lost the file server, and then, before the lease is over,
 * they lose their daemon.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { type Client, connect, type Lock, LockLostError } from "../../../client/mod.ts";
import { beliefOf, silenceMsMax } from "../../../server/store/directory/nfs/belief.ts";
import { Relay } from "../../support/relay.ts";
import { Beliefs } from "./holds.ts";
import { cutOff, exportedDirectory, LEASE_MS, pause, soon, startOn } from "./stage.ts";

const BELIEF = beliefOf(LEASE_MS);

Deno.test("[P-18] [I-1] [I-12] a client that loses its daemon after that has lost the server stops believing before another host holds", async () => {
  const beliefs = new Beliefs();
  const directory = exportedDirectory();
  // Without heartbeats nothing but the daemon's word tells a client that it is cut off.
  await using one = await startOn("a", directory, ["--heartbeat", "0ms"]);
  await using other = await startOn("b", directory);
  using link = await Relay.open(Number(new URL(one.url).port));
  const url = `distrilock://127.0.0.1:${link.port}`;
  await using bound = await connect(url, { name: "bound", reconnect: false });
  await using graceful = await connect(url, { name: "graceful", grace: 60_000, reconnect: false });
  await using piloted = await connect(url, { name: "piloted", liveness: "process", reconnect: false });
  await using b = await connect(other.url, { name: "b" });
  const taken = async (client: Client, name: string, ttl?: number): Promise<Lock> => {
    const lock = await client.acquire(name, { ttl });
    beliefs.begin(lock);
    return lock;
  };
  const locks = [
    await taken(bound, "x"),
    await taken(bound, "long", 10 * LEASE_MS),
    await taken(graceful, "y"),
    await taken(piloted, "z"),
  ];
  const waiting = locks.map(({ name }) => beliefs.acquire(b, name));
  await pause(300);

  await using _cut = await cutOff("a");
  const cutMs = performance.now();
  const since = () => (performance.now() - cutMs).toFixed(0);
  for (const { name, signal } of locks) {
    signal.addEventListener("abort", () => console.log(`cut twice: ${name} lost after ${since()} ms`));
  }
  // Before the daemon gives anything up, and so late that it has said how little its word is worth.
  await pause(silenceMsMax(BELIEF) - 800);
  ok(locks.every(({ signal }) => !signal.aborted), "the daemon vouches for all of them");
  link.freeze();
  console.log(`cut twice: the way to the daemon too after ${since()} ms`);
  const got = await Promise.all(waiting);
  console.log(`cut twice: held by the other host after ${since()} ms`);
  for (const { lock, hold } of got) await beliefs.end(lock, hold);
  deepEqual(beliefs.faults(), []);
  for (const { name, signal } of locks) {
    ok(signal.aborted, `${name} is lost`);
    // The grace is as short as the daemon's word at first, so either of them may end before the other.
    if (name !== "y") equal((signal.reason as LockLostError).reason, "store", name);
  }
});

Deno.test("[P-18] [I-6] clients whose daemon was cut off for less than a lease go on to believe", async () => {
  const directory = exportedDirectory();
  await using one = await startOn("a", directory, ["--heartbeat", "0ms"]);
  await using client = await connect(one.url, { name: "a" });
  const lock = await client.acquire("x");
  await pause(300);
  const cut = await cutOff("a");
  await pause(LEASE_MS / 4);
  await cut.heal();
  await soon("the server answers", () => client.acquire("y", { wait: 500 }).then(() => true, () => false));
  await pause(LEASE_MS);
  ok(!lock.signal.aborted);
  ok(lock.remaining() > 0 && lock.remaining() < BELIEF.believedMs, `${lock.remaining()}`);
});
