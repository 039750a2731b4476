// Two daemon processes on one directory: between them there is only the kernel.
import { deepEqual, equal, ok } from "node:assert/strict";
import { type Client, connect, LockLostError } from "../../client/mod.ts";
import { MODES } from "../../client/protocol/modes.ts";
import { COMPATIBLE_MODES } from "../support/compatible_modes.ts";
import { type DaemonProcess, startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { eventually, within } from "../support/eventually.ts";
import { startHolderProcess } from "../support/holder_process.ts";
import { connectRaw } from "../support/raw_peer.ts";

interface Stage {
  readonly directory: string;
  readonly a: DaemonProcess;
  readonly b: DaemonProcess;
  readonly clientOfA: Client;
  readonly clientOfB: Client;
  /** Starts one more daemon on the same directory. */
  start(flags?: readonly string[]): Promise<DaemonProcess>;
  /** Connects one more client. */
  connect(url: string): Promise<Client>;
}

function scene(name: string, play: (stage: Stage) => Promise<void>): void {
  Deno.test(name, async () => {
    using directory = temporaryDirectory();
    await using stack = new AsyncDisposableStack();
    const start = async (flags: readonly string[] = []) =>
      stack.use(await startDaemonProcess(directory.path, flags));
    const [a, b] = await Promise.all([start(), start()]);
    const open = async (url: string) => stack.use(await connect(url, { reconnect: false }));
    const [clientOfA, clientOfB] = [await open(a.url), await open(b.webSocketUrl)];
    await play({ directory: directory.path, a, b, clientOfA, clientOfB, start, connect: open });
  });
}

/** Waits until a daemon counts so many waiters of a name. */
async function waiting(client: Client, name: string, count = 1): Promise<void> {
  await eventually(`${count} wait for ${name}`, async () => (await client.who(name)).waitingCount === count);
}

scene(
  "[P-22] two daemons agree on all pairs of modes, through the kernel",
  async ({ clientOfA, clientOfB }) => {
    for (const held of MODES) {
      for (const wanted of MODES) {
        const name = `pairs/${held}-${wanted}`;
        await using first = await clientOfA.acquire(name, { mode: held });
        await using second = await clientOfB.tryAcquire(name, { mode: wanted });
        equal(second !== null, COMPATIBLE_MODES[held].includes(wanted), `${wanted} beside ${held}`);
        if (second) ok(second.token >= first.token);
      }
    }
  },
);

scene("[P-40] who tells of other processes as outside", async ({ clientOfA, clientOfB }) => {
  for (const mode of MODES) {
    await using _lock = await clientOfA.acquire(`outside/${mode}`, { mode });
    const { held, outside } = await clientOfB.who(`outside/${mode}`);
    deepEqual(held, []);
    equal(outside, mode === "NL" ? null : mode);
    equal((await clientOfA.who(`outside/${mode}`)).outside, null);
  }
});

scene(
  "[I-15] a waiter gets the lock that is released at another daemon",
  async ({ clientOfA, clientOfB }) => {
    const lock = await clientOfA.acquire("job");
    const waiter = clientOfB.acquire("job");
    await waiting(clientOfB, "job");
    await lock.release();
    const next = await within("the grant", waiter);
    ok(next.token > lock.token);
  },
);

scene("[I-14] a waiter gets the lock of a daemon that is killed", async ({ a, clientOfA, clientOfB }) => {
  const lock = await clientOfA.acquire("job");
  const waiter = clientOfB.acquire("job");
  await waiting(clientOfB, "job");
  a.kill("SIGKILL");
  ok((await within("the grant", waiter)).token > lock.token);
  await within("the end of the connection", clientOfA.closed);
  equal(lock.held, false);
  ok(lock.signal.reason instanceof LockLostError);
});

scene("a waiter gets the lock of a client process that is killed", async ({ a, clientOfB }) => {
  for (const url of [a.url, a.webSocketUrl]) {
    await using holder = await startHolderProcess(url, { name: "job" });
    const waiter = clientOfB.acquire("job");
    await waiting(clientOfB, "job");
    holder.kill();
    const lock = await within("the grant", waiter);
    ok(lock.token > holder.token);
    await lock.release();
  }
});

scene(
  "[P-24] tokens grow across daemons, kills and restarts, and never go down",
  async ({ a, b, clientOfA, clientOfB, start, connect }) => {
    const tokens: number[] = [];
    const visit = async (client: Client) => {
      await using lock = await within("the grant", client.acquire("ledger/1"));
      tokens.push(lock.token);
    };
    for (let round = 0; round < 5; round++) for (const client of [clientOfA, clientOfB]) await visit(client);
    const killed = await clientOfA.acquire("ledger/1");
    tokens.push(killed.token);
    a.kill("SIGKILL");
    await visit(clientOfB);
    const c = await start();
    const clientOfC = await connect(c.url);
    for (const client of [clientOfC, clientOfB, clientOfC]) await visit(client);
    for (const daemon of [b, c]) daemon.kill("SIGKILL");
    await Promise.all([b.status, c.status]);
    // Nobody is left who remembers: what goes on is on the disk.
    const d = await start();
    const clientOfD = await connect(d.url);
    await visit(clientOfD);
    deepEqual(tokens, [...new Set(tokens)].sort((one, other) => one - other));

    const shared = await Promise.all([1, 2, 3].map(() => clientOfD.acquire("ledger/1", { mode: "PR" })));
    ok(shared.every(({ token }) => token >= tokens.at(-1)!));
    const most = Math.max(...shared.map(({ token }) => token));
    await Promise.all(shared.map((lock) => lock.release()));
    ok((await clientOfD.acquire("ledger/1")).token > most);
  },
);

scene(
  "[P-51] a daemon that is told to end drains: waiters go, holders stay until they release, then it exits with 0",
  async ({ a, clientOfA }) => {
    await using holder = await connectRaw(a, "tcp");
    await using idle = await connectRaw(a, "websocket");
    await using waiter = await connectRaw(a, "websocket");
    await holder.ask({ id: 2, op: "acquire", name: "job" });
    await holder.ask({ id: 3, op: "acquire", name: "other" });
    await waiter.ask({ id: 2, op: "acquire", name: "third" });
    const waits = waiter.ask({ id: 3, op: "acquire", name: "job" });
    await waiting(clientOfA, "job");

    a.kill("SIGTERM");
    equal((await within("the refusal", waits)).error.code, "DRAINING");
    for (const peer of [holder, waiter]) {
      deepEqual(await within("the push", peer.hear()), { push: "draining", closesIn: 30_000 });
    }
    deepEqual([(await idle.hear()).push, await idle.hear()], ["draining", undefined]);
    equal(idle.closeCode, 1001);
    await using late = await connectRaw(a, "tcp", { hello: false });
    equal((await late.ask({ id: 1, op: "hello", version: 1 })).error.code, "DRAINING");
    equal(await late.hear(), undefined);
    late.end();

    equal((await holder.ask({ id: 4, op: "acquire", name: "new" })).error.code, "DRAINING");
    // A retry of what is held is not a new lock.
    equal((await holder.ask({ id: 3, op: "acquire", name: "other" })).ok, true);
    equal((await holder.ask({ id: 5, op: "release", lock: 2 })).ok, true);
    equal((await holder.ask({ id: 6, op: "who", name: "other" })).heldCount, 1);
    equal((await holder.ask({ id: 7, op: "release", lock: 3 })).ok, true);
    equal(await within("the close", holder.hear()), undefined);
    holder.end();
    equal((await waiter.ask({ id: 4, op: "who", name: "third" })).heldCount, 1);
    await waiter.ask({ id: 5, op: "release", lock: 2 });
    equal(await within("the close", waiter.hear()), undefined);
    deepEqual(await within("the exit", a.status), { success: true, code: 0, signal: null });
  },
);

scene(
  "[P-51] a drain ends with its time: who still holds is cut off, and another daemon gives the lock",
  async ({ start, connect, clientOfB }) => {
    const daemon = await start(["--drain-timeout", "100ms"]);
    const client = await connect(daemon.url);
    const lock = await client.acquire("job");
    const waiter = clientOfB.acquire("job");
    await waiting(clientOfB, "job");
    daemon.kill("SIGINT");
    ok((await within("the grant", waiter)).token > lock.token);
    await within("the end of the connection", client.closed);
    ok(lock.signal.aborted);
    equal((await within("the exit", daemon.status)).code, 0);
  },
);

scene("a second signal ends a draining daemon at once", async ({ a, clientOfA, clientOfB }) => {
  const lock = await clientOfA.acquire("job");
  for (const count of [1, 2]) {
    a.kill("SIGTERM");
    await eventually(`signal ${count} arrived`, () => countOf(a, "daemon.signal") === count);
    if (count === 1) equal(lock.held, true);
  }
  equal((await within("the exit", a.status)).code, 0);
  equal(countOf(a, "daemon.stopped"), 0);
  await clientOfA.closed;
  equal(lock.held, false);
  ok((await within("the grant", clientOfB.acquire("job"))).token > lock.token);
});

/** How often a daemon logged an event. */
function countOf({ log }: DaemonProcess, event: string): number {
  return log.filter((entry) => entry.event === event).length;
}
