// Clients of real daemons through what takes connections, daemons and time away from them: what they keep,
// what they lose, and that they say so.
import { deepEqual, equal, ok } from "node:assert/strict";
import { connect } from "../../client/connect.ts";
import { LockLostError } from "../../client/errors.ts";
import { startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { eventually, within } from "../support/eventually.ts";
import { Relay } from "../support/relay.ts";

const BUSY_PROGRAM = new URL("../support/busy_program.ts", import.meta.url).pathname;

Deno.test("[P-15] Client with a grace keeps its lock, its wait and its watch through lost connections", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path);
  for (const port of [daemon.tcpPort, daemon.httpPort]) {
    using relay = await Relay.open(port);
    await using other = await connect(daemon.url);
    const scheme = port === daemon.tcpPort ? "distrilock" : "ws";
    await using client = await connect(`${scheme}://127.0.0.1:${relay.port}`, { grace: 10_000 });
    const [lock, blocker] = [await client.acquire("a"), await other.acquire("b")];
    const waiting = client.acquire("b");
    const watch = client.watch("b");
    await watch.ready;
    const status = client.status();
    for (let round = 0; round < 3; round++) {
      relay.cut();
      deepEqual((await within("the loss", status.next())).value?.type, "disconnected");
      const event = (await within("the resumption", status.next())).value;
      ok(event?.type === "connected" && event.resumed);
    }
    ok(lock.held);
    equal(await other.tryAcquire("a"), null);
    await blocker.release();
    ok((await within("the grant", waiting)).held);
    const names: string[] = [];
    while (!names.includes("granted")) {
      names.push((await within("an event", watch.next())).value?.event ?? "");
    }
    await lock.release();
    ok((await other.tryAcquire("a"))?.held);
  }
});

Deno.test("[I-12] [I-14] Client with a grace whose network is gone knows of its loss before the lock is another's", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path, ["--heartbeat", "200ms"]);
  using relay = await Relay.open(daemon.tcpPort);
  await using heir = await connect(daemon.url);
  await using client = await connect(`distrilock://127.0.0.1:${relay.port}`, { grace: 1_500 });
  const lock = await client.acquire("a");
  const order: string[] = [];
  lock.signal.addEventListener("abort", () => order.push("lost"));
  const inherited = heir.acquire("a").then((next) => {
    order.push("granted");
    return next;
  });
  relay[Symbol.dispose]();
  // The relay's port is closed: to the client the daemon itself seems gone, and it gives up at once.
  const next = await within("the grant", inherited);
  ok(next.token > lock.token);
  deepEqual(order, ["lost", "granted"]);
});

Deno.test("[I-12] Client with a grace whose network says nothing any more knows of its loss before the lock is another's", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path, ["--heartbeat", "300ms"]);
  using relay = await Relay.open(daemon.tcpPort);
  await using heir = await connect(daemon.url);
  await using client = await connect(`distrilock://127.0.0.1:${relay.port}`, {
    grace: 1_500,
    connectTimeoutMs: 500,
  });
  const lock = await client.acquire("a");
  const order: string[] = [];
  lock.signal.addEventListener("abort", () => order.push("lost"));
  const inherited = heir.acquire("a").then(() => order.push("granted"));
  relay.freeze();
  relay.mute();
  await within("the grant", inherited);
  deepEqual(order, ["lost", "granted"]);
  ok(lock.signal.reason instanceof LockLostError);
});

Deno.test("Client of two daemons whose daemon is killed loses its lock, and what waits is granted at the other one", async () => {
  using directory = temporaryDirectory();
  await using first = await startDaemonProcess(directory.path);
  await using second = await startDaemonProcess(directory.path);
  await using other = await connect(second.url);
  await using client = await connect([first.url, second.url], { name: "mover" });
  const lock = await client.acquire("a");
  const blocker = await other.acquire("b");
  const waiting = client.acquire("b");
  first.kill("SIGKILL");
  await eventually("the wait has moved", async () => {
    const { waiting } = await other.who("b");
    return waiting.some((party) => party.client?.name === "mover");
  });
  ok(lock.signal.aborted);
  await blocker.release();
  ok((await within("the grant", waiting)).held);
});

Deno.test("[P-51] Client of two daemons moves on when one drains, and its lock stays until it releases it", async () => {
  using directory = temporaryDirectory();
  await using first = await startDaemonProcess(directory.path, ["--drain-timeout", "30s"]);
  await using second = await startDaemonProcess(directory.path);
  await using client = await connect([first.url, second.url]);
  await using other = await connect(second.url);
  const lock = await client.acquire("a");
  const status = client.status();
  first.kill("SIGTERM");
  equal((await within("the drain", status.next())).value?.type, "draining");
  const moved = (await within("the move", status.next())).value;
  ok(moved?.type === "connected" && moved.server.includes(String(second.tcpPort)));
  ok(lock.held);
  equal(await other.tryAcquire("a"), null);
  ok((await client.acquire("b")).held);
  const heir = other.acquire("a");
  await lock.release();
  ok((await within("the grant", heir)).token > lock.token);
  equal((await within("the exit", first.status)).code, 0);
});

Deno.test("Client of a daemon that is replaced waits, and goes on with the new one", async () => {
  using directory = temporaryDirectory();
  const first = await startDaemonProcess(directory.path);
  const port = first.tcpPort;
  await using client = await connect(first.url);
  const lock = await client.acquire("a");
  first.kill("SIGKILL");
  await first[Symbol.asyncDispose]();
  const waiting = client.acquire("a");
  await using _second = await startDaemonProcess(directory.path, ["--address", `127.0.0.1:${port}`]);
  const next = await within("the grant", waiting);
  ok(next.token > lock.token);
  ok(lock.signal.aborted);
});

/** A program that was started, once it has its lock. */
interface BusyProgram {
  readonly token: number;
  readonly pid: number;
  /** What it prints at its end. */
  readonly end: Promise<{ heldAtOnce: boolean; heldLater: boolean; reason: string | null }>;
}

async function startBusyProgram(...args: readonly string[]): Promise<BusyProgram> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", "-A", BUSY_PROGRAM, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const token = Number((await lines.read()).value);
  const end = async () => {
    const { value } = await lines.read();
    await lines.cancel();
    await child.status;
    return JSON.parse(value!);
  };
  return { token, pid: child.pid, end: end() };
}

for (const liveness of ["process", "event-loop"] as const) {
  const isKept = liveness === "process";
  Deno.test(`A program that is busy for 5 s with liveness ${liveness} ${isKept ? "keeps" : "loses"} its lock`, async () => {
    using directory = temporaryDirectory();
    await using daemon = await startDaemonProcess(directory.path, ["--heartbeat", "300ms"]);
    await using heir = await connect(daemon.url);
    const outcomes = [daemon.url, daemon.webSocketUrl].map(async (url, index) => {
      const { token, end } = await startBusyProgram(url, `job/${index}`, liveness, "5000");
      const inherited = heir.acquire(`job/${index}`);
      const { heldAtOnce, heldLater, reason } = await end;
      ok((await within("the grant", inherited)).token > token);
      deepEqual([heldAtOnce, heldLater, reason === null], [isKept, isKept, isKept]);
    });
    await Promise.all(outcomes);
  });

  Deno.test(`A program that is suspended with liveness ${liveness} loses its lock, and knows it when it wakes`, async () => {
    using directory = temporaryDirectory();
    await using daemon = await startDaemonProcess(directory.path, ["--heartbeat", "300ms"]);
    await using heir = await connect(daemon.url);
    const { token, pid, end } = await startBusyProgram(daemon.url, "job", liveness, "0");
    Deno.kill(pid, "SIGSTOP");
    const next = await within("the grant", heir.acquire("job"));
    ok(next.token > token);
    Deno.kill(pid, "SIGCONT");
    const { heldAtOnce, heldLater, reason } = await within("the end of the program", end);
    deepEqual([heldAtOnce, heldLater], [false, false]);
    ok(reason === "expired" || reason === "session", `${reason}`);
  });
}
