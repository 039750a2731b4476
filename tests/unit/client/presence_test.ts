/**
 * A client among several servers, scripted: where it goes when one fails or leaves service, what goes with it, and what is lost.
 *
 * @module
 */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { BACKOFF_MS_MAX } from "../../../client/backoff.ts";
import { ConnectionError, LockLostError, LockTimeoutError } from "../../../client/errors.ts";
import { connectWith } from "../../../client/connect.ts";
import type { StatusEvent } from "../../../client/status.ts";
import { HandClock } from "./hand_clock.ts";
import { grantedLock, openClient, type Opened, ScriptedNetwork, settle, stateOf } from "./scripted_server.ts";

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

/** Lets the client come to the next server that is dialled. */
async function arrive({ network, clock }: Opened, session = "s2"): Promise<void> {
  const before = network.dialled.length;
  for (let round = 0; round < 100 && network.dialled.length === before; round++) await clock.advance(100);
  network.server.welcome({ session });
  await settle();
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

Deno.test("Client.watch goes on in the next session, and says that events are missing there", async () => {
  const opened = await openAmong();
  const watch = opened.client.watch("a/");
  const begun = opened.server.take("watch");
  opened.server.say({ id: begun.id, ok: true });
  await watch.ready;
  const party = { session: "s2", request: 2, mode: "EX", since: 1, token: 7 } as const;
  opened.server.cut();
  await arrive(opened);
  const { server } = opened.network;
  const again = server.take("watch");
  equal(again.prefix, "a/");
  server.say({ id: again.id, ok: true });
  server.say({ push: "event", watch: again.id, seq: 1, event: "granted", name: "a/1", party });
  deepEqual((await watch.next()).value, { event: "resync" });
  deepEqual((await watch.next()).value, { event: "granted", name: "a/1", party });
  const ended = watch.return();
  await settle();
  server.say({ id: server.take("cancel").id, ok: true, request: again.id, was: "watching" });
  await ended;
  // One that was left is not begun again.
  server.cut();
  await arrive(opened, "s3");
  equal(opened.network.server.received.length, 0);
  await opened.client.close();
});

Deno.test("Client.watch that the next server refuses ends with the refusal", async () => {
  const opened = await openAmong();
  const watch = opened.client.watch("");
  opened.server.say({ id: opened.server.take("watch").id, ok: true });
  await watch.ready;
  opened.server.cut();
  await arrive(opened);
  opened.network.server.refuse(opened.network.server.take("watch").id, "LIMIT");
  await rejects(watch.next(), { code: "LIMIT" });
  await opened.client.close();
});

Deno.test("Client asks again elsewhere what only reads, and nothing that changes something", async () => {
  const opened = await openAmong();
  const asking = opened.client.who("a");
  const breaking = opened.client.break("a", { token: 7, reason: "gone" });
  const outcome = rejects(breaking, ConnectionError);
  opened.server.cut();
  await outcome;
  await arrive(opened);
  const { server } = opened.network;
  const { id } = server.take("who");
  equal(server.received.length, 0);
  const state = { name: "a", held: [], waiting: [], heldCount: 0, waitingCount: 0, outside: null };
  server.say({ id, ok: true, ...state });
  deepEqual(await asking, state);
  await opened.client.close();
});

Deno.test("Client.close ends at once while no server answers", async () => {
  const opened = await openAmong();
  const waiting = opened.client.acquire("a");
  const outcome = rejects(waiting, ConnectionError);
  opened.server.cut();
  await opened.clock.advance(1_000);
  equal(opened.network.server.received[0]?.op, "hello", "it is being greeted");
  await opened.client.close();
  await outcome;
  ok(opened.network.server.isClosed);
  equal(opened.clock.alarms, 0);
  equal(await opened.client.closed, null);
  deepEqual(await opened.client.status().next(), { value: { type: "closed", error: null }, done: false });
});

Deno.test("Client.releaseAll gives all locks back with one request", async () => {
  const opened = await openClient();
  const locks = [await grantedLock(opened, "a"), await grantedLock(opened, "b")];
  const releasing = opened.client.releaseAll();
  opened.server.say({ id: opened.server.take("releaseAll").id, ok: true, released: 2 });
  equal(await releasing, 2);
  for (const lock of locks) {
    deepEqual([lock.held, lock.signal.aborted], [false, false]);
    await lock.release();
  }
  equal(opened.server.received.length, 0);
});

Deno.test("Client.query gives what is held and what waits, with all parties of a crowded name", async () => {
  const { client, server } = await openClient();
  const querying = client.query("a");
  const party = (request: number) => ({ session: "s2", request, mode: "PR", since: 1 }) as const;
  const listed = { name: "a1", held: [party(1)], waiting: [], heldCount: 1, waitingCount: 0 };
  const crowded = { name: "a2", held: [party(2)], waiting: [party(3)], heldCount: 2, waitingCount: 1 };
  server.say({ id: server.take("list").id, ok: true, names: [listed, crowded], next: null });
  await settle();
  const { id, name } = server.take("who");
  equal(name, "a2");
  server.say({ id, ok: true, ...crowded, held: [party(2), party(4)], outside: null });
  const { held, pending } = await querying;
  deepEqual(held.map(({ name, request }) => [name, request]), [["a1", 1], ["a2", 2], ["a2", 4]]);
  deepEqual(pending.map(({ name, request }) => [name, request]), [["a2", 3]]);
});

Deno.test("Client gives every request its own reason and labels where it has none", async () => {
  const { client, server } = await openClient({ reason: "nightly", labels: { team: "billing" } });
  const asked = [client.acquire("a"), client.acquire("b", { reason: "rebill", labels: {} })];
  const [first, second] = [server.take("acquire"), server.take("acquire")];
  deepEqual([first.reason, first.labels], ["nightly", { team: "billing" }]);
  deepEqual([second.reason, second.labels], ["rebill", {}]);
  for (const request of [first, second]) server.grant(request);
  await Promise.all(asked);
});
