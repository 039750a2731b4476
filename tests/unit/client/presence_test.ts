/**
 * A client among several servers, scripted: where it goes when one fails or leaves service, what goes with
 * it, and what is lost.
 *
 * @module
 */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { BACKOFF_MS_MAX } from "../../../client/backoff.ts";
import { ConnectionError, LockLostError, LockTimeoutError } from "../../../client/errors.ts";
import { connectWith } from "../../../client/connect.ts";
import type { StatusEvent } from "../../../client/status.ts";
import { HandClock } from "./hand_clock.ts";
import {
  arrive,
  grantedLock,
  openClient,
  type Opened,
  ScriptedNetwork,
  settle,
  stateOf,
} from "./scripted_server.ts";

const URLS = ["distrilock://one", "distrilock://two", "distrilock://three"];

function openAmong(): Promise<Opened> {
  return openClient({ reconnect: true }, URLS);
}

/** Collects what a client tells of its connections, as one word each. */
function listen({ client }: Opened): StatusEvent[] {
  const events: StatusEvent[] = [];
  void (async () => {
    for await (const event of client.status()) events.push(event);
  })();
  return events;
}

function words(events: readonly StatusEvent[]): string[] {
  return events.map((event) =>
    "server" in event ? `${event.type} ${new URL(event.server).hostname}` : event.type
  );
}

Deno.test("connect goes to the first server that answers, and tells all that failed when none does", async () => {
  const network = new ScriptedNetwork();
  const parts = { dial: network.dial, clock: new HandClock(), random: () => 1 };
  network.faults.set("one", new Error("no route"));
  const opening = connectWith(URLS, {}, parts);
  await settle();
  deepEqual(network.tried, ["one", "two"]);
  network.server.welcome();
  await (await opening).close();
  for (const host of ["two", "three"]) network.faults.set(host, new Error(`no ${host}`));
  await rejects(connectWith(URLS, {}, parts), (error) => {
    ok(error instanceof ConnectionError);
    match(error.message, /no route.*no two.*no three/);
    return true;
  });
  equal(parts.clock.alarms, 0);
  await rejects(connectWith([], {}, parts), RangeError);
});

Deno.test("connect divides its time among the servers", async () => {
  const network = new ScriptedNetwork();
  const clock = new HandClock();
  const options = { connectTimeoutMs: 3_000 };
  const opening = connectWith(URLS, options, { dial: network.dial, clock, random: () => 1 });
  const outcome = rejects(opening, /no answer within 1000 ms/);
  await settle();
  await clock.advance(2_500);
  deepEqual(network.tried, URLS.map((url) => new URL(url).hostname));
  await clock.advance(500);
  await outcome;
});

Deno.test("Client whose connection ends loses its locks, says so, and opens a session at the next server that answers", async () => {
  const opened = await openAmong();
  const { client, network, server } = opened;
  const events = listen(opened);
  const lock = await grantedLock(opened, "a");
  await opened.clock.advance(BACKOFF_MS_MAX);
  network.faults.set("one", new Error("no route"));
  server.cut();
  ok(lock.signal.reason instanceof LockLostError);
  await settle();
  deepEqual(network.tried, ["one", "one", "two"]);
  network.server.welcome({ session: "s2" });
  await settle();
  equal(client.session, "s2");
  equal(network.server.received.length, 0, "nothing is taken again");
  ok(await grantedLock(opened, "a"));
  await client.close();
  await settle();
  deepEqual(words(events), ["disconnected one", "connected two", "closed"]);
});

Deno.test("Client.acquire that waits when its session ends waits on in the next one, for what is left of its time", async () => {
  const opened = await openAmong();
  const [waiting, endless] = [opened.client.acquire("a", { wait: 5_000 }), opened.client.acquire("b")];
  await opened.clock.advance(1_000);
  opened.server.cut();
  await arrive(opened);
  const { server } = opened.network;
  const first = server.take("acquire");
  deepEqual(first.names, ["a"]);
  ok(first.wait! < 4_000 && first.wait! > 3_000, `${first.wait}`);
  const second = server.take("acquire");
  equal(second.wait, undefined);
  server.grant(first);
  server.grant(second);
  await Promise.all([waiting, endless]);
  await opened.client.close();
});

Deno.test("Client asks again in the order in which it was asked, however each of them waited", async () => {
  const opened = await openAmong();
  const signal = new AbortController().signal;
  const options = [{}, { wait: 5_000 }, { signal }, { wait: 5_000, signal }];
  const names = [...options, ...options].map((_options, index) => `n${index}`);
  const waits = names.map((name, index) => opened.client.acquire(name, options[index % options.length]));
  opened.server.cut();
  await arrive(opened);
  const { server } = opened.network;
  const again = names.map(() => server.take("acquire"));
  deepEqual(again.flatMap(({ names }) => names), names);
  for (const request of again) server.grant(request);
  await Promise.all(waits);
  await opened.client.close();
});

Deno.test("Client.acquire whose wait runs out between two sessions is told TIMEOUT", async () => {
  const opened = await openAmong();
  for (const host of ["one", "two", "three"]) opened.network.faults.set(host, new Error("no route"));
  const waiting = opened.client.acquire("a", { wait: 3_000 });
  opened.server.cut();
  await opened.clock.advance(2_999);
  equal(await stateOf(waiting), "pending");
  await opened.clock.advance(1);
  await rejects(waiting, LockTimeoutError);
  await opened.client.close();
});

Deno.test("Client.acquire waits for a server as long as connectTimeoutMs, then tells why there is none", async () => {
  const opened = await openAmong();
  for (const host of ["one", "two", "three"]) opened.network.faults.set(host, new Error(`no ${host}`));
  opened.server.cut();
  const requests = [
    opened.client.acquire("a"),
    opened.client.tryAcquire("a"),
    opened.client.who("a"),
    opened.client.list().next(),
  ];
  const outcomes = requests.map((request) =>
    rejects(request, (error) => error instanceof ConnectionError && /no three/.test(error.message))
  );
  await opened.clock.advance(9_999);
  equal(await stateOf(requests[0]!), "pending");
  await opened.clock.advance(1);
  await Promise.all(outcomes);
  await opened.client.close();
  equal(opened.clock.alarms, 0);
});

Deno.test("Client tries all servers with growing delays, and tells of each round", async () => {
  const opened = await openAmong();
  const events = listen(opened);
  await opened.clock.advance(BACKOFF_MS_MAX);
  for (const host of ["one", "two", "three"]) opened.network.faults.set(host, new Error("no route"));
  opened.server.cut();
  await opened.clock.advance(20_000);
  const delays = events.flatMap((event) => event.type === "retrying" ? [event.delayMs] : []);
  deepEqual(delays.slice(0, 4), [100, 200, 400, 800]);
  equal(delays.at(-1), BACKOFF_MS_MAX);
  equal(opened.network.tried.length, 1 + 3 * delays.length);
  await opened.client.close();
});

Deno.test("Client does not hammer a server that ends each session at once", async () => {
  const opened = await openClient({ reconnect: true });
  const { network, clock } = opened;
  for (let round = 0; round < 8; round++) {
    network.server.cut();
    await arrive(opened, `s${round}`);
  }
  network.server.cut();
  const before = network.tried.length;
  await clock.advance(4_000);
  equal(network.tried.length, before);
  await opened.client.close();
});

Deno.test("Client that no server lets in any more ends, with the reason", async () => {
  for (const code of ["UNAUTHENTICATED", "UNSUPPORTED", "DENIED"] as const) {
    const opened = await openClient({ reconnect: true });
    const waiting = opened.client.acquire("a");
    const outcome = rejects(waiting, { name: "ConnectionError", code });
    opened.server.cut();
    await opened.clock.advance(1_000);
    opened.network.server.refuse(opened.network.server.take("hello").id, code);
    await outcome;
    equal((await opened.client.closed)?.code, code);
    await rejects(opened.client.acquire("b"), { code });
    equal(opened.clock.alarms, 0);
  }
});

Deno.test("[P-51] Client moves on when its server leaves service: locks stay, waits and new requests go elsewhere", async () => {
  const opened = await openAmong();
  const { client, network, server } = opened;
  const events = listen(opened);
  const lock = await grantedLock(opened, "a");
  const waiting = client.acquire("b", { wait: 60_000 });
  const request = server.take("acquire");
  server.say({ push: "draining", closesIn: 30_000 });
  server.refuse(request.id, "DRAINING");
  await settle();
  deepEqual(network.tried, ["one", "two"], "not the one that leaves");
  network.server.welcome({ session: "s2" });
  await settle();
  ok(lock.held);
  network.server.grant(network.server.take("acquire"));
  const next = await waiting;
  const releasing = lock.release();
  equal(server.take("release").lock, lock.id);
  server.say({ id: 3, ok: true, lock: lock.id });
  server.cut();
  await releasing;
  ok(next.held);
  equal(client.session, "s2");
  await client.close();
  await settle();
  deepEqual(words(events), [
    "draining one",
    "connected two",
    "disconnected one",
    "closed",
  ]);
});

Deno.test("[P-51] Client of one server waits until that is back in service", async () => {
  const opened = await openClient({ reconnect: true });
  const { client, network, server, clock } = opened;
  const waiting = client.acquire("a");
  server.say({ push: "draining", closesIn: 30_000 });
  server.refuse(server.take("acquire").id, "DRAINING");
  for (let round = 0; round < 3; round++) {
    for (let tried = 0; tried < 50 && network.dialled.length < round + 2; tried++) await clock.advance(100);
    await settle();
    network.server.refuse(network.server.take("hello").id, "DRAINING");
    await settle();
  }
  await arrive(opened);
  network.server.grant(network.server.take("acquire"));
  ok((await waiting).held);
  await client.close();
});

Deno.test("Client without reconnect is refused DRAINING, and ends with its session", async () => {
  const { client, network, server } = await openClient({ reconnect: false }, URLS);
  const waiting = client.acquire("a");
  server.say({ push: "draining", closesIn: 30_000 });
  server.refuse(server.take("acquire").id, "DRAINING");
  await rejects(waiting, { code: "DRAINING" });
  server.cut();
  ok(await client.closed instanceof ConnectionError);
  equal(network.tried.length, 1);
});

Deno.test("Client.close ends everything, at whatever moment of a hello it comes", async () => {
  for (let turns = 0; turns < 12; turns++) {
    const opened = await openClient({ reconnect: true });
    opened.server.cut();
    await opened.clock.advance(1_000);
    opened.network.server.welcome({ session: "s2" });
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    const waiting = opened.client.acquire("a");
    const outcome = rejects(waiting, ConnectionError);
    await opened.client.close();
    await outcome;
    ok(opened.network.server.isClosed, `${turns}`);
    await rejects(opened.client.acquire("b"), ConnectionError);
    equal(opened.clock.alarms, 0);
  }
});
