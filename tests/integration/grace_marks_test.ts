// Real daemons of one directory that die, or end: clients with a grace know that their locks are lost before
// anybody else has them.
import { deepEqual, equal, ok } from "node:assert/strict";
import { connect } from "../../client/connect.ts";
import type { Lock } from "../../client/mod.ts";
import { startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { eventually, within } from "../support/eventually.ts";
import { Relay } from "../support/relay.ts";

const GRACE_MS = 1_500;
/** Far longer than anything here may take: nobody has waited for it. */
const LONG_GRACE_MS = 600_000;

/** A client with a grace, of a daemon that is reached through a relay. */
async function connectThrough(relay: Relay) {
  const url = `distrilock://127.0.0.1:${relay.port}`;
  return await connect(url, { grace: GRACE_MS, connectTimeoutMs: 500 });
}

/** From now on the client hears nothing, and has only its own clock. */
function isolate(relay: Relay): void {
  relay.freeze();
  relay.mute();
}

/** Sees that a lock is lost before `next` has it. */
async function losesFirst(lock: Lock, next: Promise<Lock>): Promise<void> {
  const order: string[] = [];
  lock.signal.addEventListener("abort", () => order.push("lost"));
  const { token } = await within(
    "the grant",
    next.then((granted) => {
      order.push("granted");
      return granted;
    }),
  );
  ok(token > lock.token);
  deepEqual(order, ["lost", "granted"]);
}

for (
  const [what, flags, signal] of [
    ["is killed", [], "SIGKILL"],
    ["ends before its client could be told", ["--drain-timeout", "100ms"], "SIGTERM"],
  ] as const
) {
  Deno.test(`[I-12] a daemon ${what}: its lock is lost before another daemon gives it away`, async () => {
    using directory = temporaryDirectory();
    await using daemon = await startDaemonProcess(directory.path, flags);
    await using other = await startDaemonProcess(directory.path);
    using relay = await Relay.open(daemon.tcpPort);
    await using client = await connectThrough(relay);
    await using heir = await connect(other.url);
    const lock = await client.acquire("a");
    const next = heir.acquire("a");
    await eventually("it waits", async () => (await heir.who("a")).waiting.length === 1);
    isolate(relay);
    daemon.kill(signal);
    await losesFirst(lock, next);
  });
}

Deno.test("[I-12] a daemon is killed and started again: its lock is lost before the new one gives it away", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path);
  using relay = await Relay.open(daemon.tcpPort);
  await using client = await connectThrough(relay);
  const lock = await client.acquire("a");
  isolate(relay);
  daemon.kill("SIGKILL");
  await daemon.status;
  await using again = await startDaemonProcess(directory.path, [
    "--address",
    `127.0.0.1:${daemon.tcpPort}`,
  ]);
  await using heir = await connect(again.url);
  await losesFirst(lock, heir.acquire("a"));
});

Deno.test("a daemon that drains leaves nobody waiting for a grace", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path);
  await using other = await startDaemonProcess(directory.path);
  await using client = await connect(daemon.url, { grace: LONG_GRACE_MS });
  await using heir = await connect(other.url);
  const lock = await client.acquire("a");
  const next = heir.acquire("a");
  daemon.kill("SIGTERM");
  await eventually("it drains", () => daemon.log.some(({ event }) => event === "daemon.draining"));
  await lock.release();
  ok((await within("the grant", next)).token > lock.token);
  equal((await within("the exit", daemon.status)).code, 0);
});
