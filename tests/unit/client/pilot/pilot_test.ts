/**
 * A client and its pilot, with a thread between them that a test plays: messages go on when it says so, and
 * each side has a clock of its own.
 *
 * @module
 */
import { equal, ok, rejects } from "node:assert/strict";
import type { Client } from "../../../../client/client.ts";
import { connectWith } from "../../../../client/connect.ts";
import type { ConnectOptions } from "../../../../client/connect.ts";
import { ConnectionError } from "../../../../client/errors.ts";
import type { PilotOrder, PilotReport } from "../../../../client/pilot/messages.ts";
import { servePilot } from "../../../../client/pilot/pilot.ts";
import { PilotedConnections } from "../../../../client/pilot/piloted.ts";
import type { HelloAnswer } from "../../../../client/protocol/messages.ts";
import { HandClock } from "../hand_clock.ts";
import { grantedLock, ScriptedNetwork, settle } from "../scripted_server.ts";

/** Both sides. The client hears nothing of its pilot while it is stalled. */
class Cockpit {
  readonly network = new ScriptedNetwork();
  readonly clock = new HandClock();
  readonly pilotClock = new HandClock();
  readonly connections: PilotedConnections;
  readonly #late: PilotReport[] = [];
  #toClient!: (report: PilotReport) => void;
  #toPilot!: (order: PilotOrder) => void;
  isStalled = false;
  /** What the server vouches for, in answers to pings. */
  validFor: number | undefined;

  constructor() {
    // Started long before the client, or after it: the two clocks have nothing in common.
    this.pilotClock.stall(1_000_000);
    this.connections = new PilotedConnections({
      post: (order) => queueMicrotask(() => this.#toPilot(structuredClone(order))),
      listen: (onMessage) => this.#toClient = onMessage,
    }, { clock: this.clock });
    servePilot({
      port: {
        post: (report) =>
          this.isStalled ? this.#late.push(report) : queueMicrotask(() => this.#toClient(report)),
        listen: (onMessage) => this.#toPilot = onMessage,
      },
      dialWith: () => this.network.dial,
      clock: this.pilotClock,
    });
  }

  async connect(options: ConnectOptions = {}, welcome: Partial<HelloAnswer> = {}): Promise<Client> {
    const dial = (address: URL, signal: AbortSignal) =>
      Promise.resolve(this.connections.opener(address, signal));
    const opening = connectWith("distrilock://one", { reconnect: false, ...options }, {
      dial,
      clock: this.clock,
    });
    await settle();
    this.network.server.welcome(welcome);
    return await opening;
  }

  /** Lets time go by on both sides; the server answers all that renews. */
  async fly(ms: number): Promise<void> {
    for (let elapsed = 0; elapsed < ms; elapsed += 100) {
      await this.pilotClock.advance(100);
      if (this.isStalled) this.clock.stall(100);
      else await this.clock.advance(100);
      this.answer();
      await settle();
    }
  }

  answer(): void {
    const { server } = this.network;
    for (const request of server.received.splice(0)) {
      const { id } = request;
      if (request.op === "renew") server.say({ id, ok: true, lock: request.lock });
      else server.say({ id, ok: true, ...(this.validFor === undefined ? {} : { validFor: this.validFor }) });
    }
  }

  /** The client has time again. */
  wake(): void {
    this.isStalled = false;
    for (const report of this.#late.splice(0)) this.#toClient(report);
  }
}

Deno.test("A lock and a session that a pilot keeps live through a stalled client", async () => {
  const cockpit = new Cockpit();
  const client = await cockpit.connect({ grace: 2_000 });
  const lock = await grantedLock({ client, network: cockpit.network }, "a", { ttl: 1_000 });
  cockpit.isStalled = true;
  await cockpit.fly(5_000);
  // Before anything else runs: what is confirmed is seen at once.
  ok(lock.held);
  ok(lock.remaining() > 500, `${lock.remaining()}`);
  cockpit.wake();
  await cockpit.fly(3_000);
  ok(lock.held);
  equal(lock.signal.aborted, false);
  const closing = client.close();
  await settle();
  await closing;
  equal(cockpit.pilotClock.alarms, 0);
});

Deno.test("[P-18] A lock that the server vouches for lives through a stalled client, and no longer than the server said", async () => {
  const cockpit = new Cockpit();
  cockpit.validFor = 1_000;
  const client = await cockpit.connect({}, { validFor: 1_000 });
  const lock = await grantedLock({ client, network: cockpit.network }, "a");
  cockpit.isStalled = true;
  await cockpit.fly(5_000);
  ok(lock.held);
  ok(lock.remaining() > 500, `${lock.remaining()}`);
  // The store of the server is away: with each ping it vouches for less.
  for (cockpit.validFor = 900; cockpit.validFor > 0; cockpit.validFor -= 100) await cockpit.fly(100);
  await cockpit.fly(100);
  equal(lock.held, false);
  ok(lock.signal.aborted);
});

Deno.test("A lock that a pilot could not renew is lost, however busy the client was", async () => {
  const cockpit = new Cockpit();
  const client = await cockpit.connect();
  const lock = await grantedLock({ client, network: cockpit.network }, "a", { ttl: 1_000 });
  cockpit.isStalled = true;
  for (let elapsed = 0; elapsed < 2_000; elapsed += 100) {
    await cockpit.pilotClock.advance(100);
    cockpit.clock.stall(100);
    for (const { id } of cockpit.network.server.received.splice(0)) {
      cockpit.network.server.refuse(id, "STORE_UNAVAILABLE");
    }
  }
  equal(lock.held, false);
  ok(lock.signal.aborted);
});

Deno.test("A pilot's confirmation counts from when its renewal was sent, by the client's clock", async () => {
  const cockpit = new Cockpit();
  const client = await cockpit.connect();
  const lock = await grantedLock({ client, network: cockpit.network }, "a", { ttl: 1_000 });
  await settle();
  cockpit.isStalled = true;
  cockpit.clock.stall(700);
  await cockpit.pilotClock.advance(700);
  cockpit.answer();
  // Renewed at 250 and 500: 1,000 ms from there, less 50 ms of margins, less the 200 ms since.
  equal(lock.remaining(), 750);
});

Deno.test("A lock that was released is not renewed any more, and its place in the shared memory serves another one", async () => {
  const cockpit = new Cockpit();
  const client = await cockpit.connect();
  for (let round = 0; round < 5_000; round++) {
    const lock = await grantedLock({ client, network: cockpit.network }, `a${round}`, { ttl: 1_000 });
    const releasing = lock.release();
    await settle();
    const { id } = cockpit.network.server.take("release");
    cockpit.network.server.say({ id, ok: true, lock: lock.id });
    await releasing;
  }
  const lock = await grantedLock({ client, network: cockpit.network }, "last", { ttl: 1_000 });
  cockpit.isStalled = true;
  await cockpit.fly(3_000);
  ok(lock.held, "it has a place");
});

Deno.test("A connection that its pilot cannot open, or loses, is told with its code", async () => {
  const cockpit = new Cockpit();
  const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  cockpit.network.faults.set("one", refused);
  const dial = (address: URL, signal: AbortSignal) =>
    Promise.resolve(cockpit.connections.opener(address, signal));
  await rejects(connectWith("distrilock://one", {}, { dial, clock: cockpit.clock }), /ECONNREFUSED/);
  cockpit.network.faults.clear();
  const client = await cockpit.connect();
  cockpit.network.server.cut(new Error("cable"));
  equal((await client.closed)?.message.includes("cable"), true);
});

Deno.test("PilotedConnections.fail ends what is open and what is being opened", async () => {
  const cockpit = new Cockpit();
  const client = await cockpit.connect();
  const { signal } = new AbortController();
  const opening = cockpit.connections.opener(new URL("distrilock://one"), signal)({
    onMessage() {},
    onClose() {},
  });
  const outcome = rejects(opening, /no such module/);
  cockpit.connections.fail(new Error("no such module"));
  await outcome;
  ok((await client.closed)?.message.includes("no such module"));
});

Deno.test("A client whose pilot is gone ends, and says why", async () => {
  const cockpit = new Cockpit();
  const client = await cockpit.connect({ reconnect: true });
  cockpit.connections.fail(new ConnectionError("out of memory", { code: "UNSUPPORTED" }));
  await cockpit.clock.advance(1_000);
  const error = await client.closed;
  equal(error?.code, "UNSUPPORTED");
  ok(error?.message.includes("out of memory"));
  equal(cockpit.clock.alarms, 0);
});

Deno.test("connect ends within its time when the pilot says nothing", async () => {
  const clock = new HandClock();
  const connections = new PilotedConnections({ post() {}, listen() {} }, { clock });
  const dial = (address: URL, signal: AbortSignal) => Promise.resolve(connections.opener(address, signal));
  const opening = connectWith("distrilock://one", { connectTimeoutMs: 3_000 }, { dial, clock });
  const outcome = rejects(opening, /no answer within 3000 ms/);
  await settle();
  await clock.advance(3_000);
  await outcome;
});

Deno.test("A lock that is lost by the client's own clock is not renewed by its pilot any more", async () => {
  const cockpit = new Cockpit();
  const client = await cockpit.connect();
  const { network } = cockpit;
  const lock = await grantedLock({ client, network }, "a", { ttl: 1_000 });
  // The pilot's clock stands still: nothing is renewed, and the client's time runs out.
  await cockpit.clock.advance(1_000);
  equal(lock.held, false);
  network.server.received.splice(0);
  await settle();
  await cockpit.pilotClock.advance(10_000);
  equal(network.server.received.length, 0);
});
