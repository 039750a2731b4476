/**
 * Locks that a server vouches for only for a time: what the client believes when nothing, or too little,
 * comes from there. A word of 30 s is cut short by 1.5 s: 2 % for the clocks, and 3 % to stop.
 *
 * @module
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { LockLostError } from "../../../client/errors.ts";
import { grantedLock, openClient, type Opened, resumeWith, settle, stateOf } from "./scripted_server.ts";

const VALID_MS = 30_000;
const SURE_MS = 28_500;

function openVouched(grace?: number): Promise<Opened> {
  return openClient(grace === undefined ? {} : { grace }, ["distrilock://one"], { validFor: VALID_MS });
}

/** Answers a ping. */
async function vouch({ network: { server } }: Opened, validFor: number): Promise<void> {
  server.say({ id: server.take("ping").id, ok: true, validFor });
  await settle();
}

/** A client whose lock has lapsed, and was given back, and whose pings are not answered. */
async function lapsed(): Promise<Opened> {
  const opened = await openVouched();
  const lock = await grantedLock(opened, "a");
  await opened.clock.advance(SURE_MS);
  ok(lock.signal.aborted);
  const { server } = opened.network;
  server.take("ping");
  server.say({ id: server.take("release").id, ok: true, lock: lock.id });
  await settle();
  return opened;
}

Deno.test("[P-18] Lock.signal aborts a margin before the server's word is over, when nothing comes from there", async () => {
  const opened = await openVouched();
  const { client, server, clock } = opened;
  const lock = await grantedLock(opened, "a");
  const waiting = client.acquire("b");
  const wait = server.take("acquire");
  equal(lock.remaining(), SURE_MS);
  await clock.advance(SURE_MS - 1);
  ok(lock.held);
  equal(server.received.length, 1, "one ping at a time");
  await clock.advance(1);
  const { reason } = lock.signal;
  ok(reason instanceof LockLostError);
  deepEqual([reason.reason, lock.held, lock.remaining()], ["store", false, 0]);
  // The server may come back and go on to think that it is held: whoever lost it need not give it back.
  server.take("ping");
  const { id, lock: given } = server.take("release");
  equal(given, lock.id);
  const releasing = lock.release();
  equal(server.received.length, 0, "and does so once");
  server.say({ id, ok: true, lock: lock.id });
  await rejects(releasing, reason);
  // The session goes on, and keeps its place in the queue.
  equal(await stateOf(waiting), "pending");
  equal(await stateOf(client.closed), "pending");
  server.cut();
  await rejects(waiting);
  equal(wait.names[0], "b");
  equal(clock.alarms, 0);
});

Deno.test("[P-18] Lock is believed in for as long as pings are answered, which are sent at every third of the time", async () => {
  const opened = await openVouched();
  const lock = await grantedLock(opened, "a");
  for (let third = 0; third < 20; third++) {
    await opened.clock.advance(VALID_MS / 3);
    await vouch(opened, VALID_MS);
  }
  ok(lock.held);
  equal(lock.remaining(), SURE_MS);
  await opened.client.close();
  equal(opened.clock.alarms, 0);
});

Deno.test("[P-18] Lock is believed in no longer than the server vouches for, counted from when it was asked", async () => {
  const opened = await openVouched();
  const { clock, server } = opened;
  const lock = await grantedLock(opened, "a");
  await clock.advance(10_000);
  const { id } = server.take("ping");
  await clock.advance(2_000);
  // The margin is that of 30 s.
  server.say({ id, ok: true, validFor: 25_000 });
  await settle();
  equal(lock.remaining(), 10_000 + 25_000 - 1_500 - 12_000);
  await clock.advance(21_500 - 1);
  ok(lock.held);
  await clock.advance(1);
  equal((lock.signal.reason as LockLostError).reason, "store");
});

Deno.test("Session asks more often when the server vouches for less, and not without end", async () => {
  const opened = await openVouched();
  const { clock, server } = opened;
  const lock = await grantedLock(opened, "a");
  let pings = 0;
  while (!lock.signal.aborted && clock.now() < 2 * VALID_MS) {
    await clock.advance(50);
    for (const { op, id } of server.received.splice(0)) {
      if (op !== "ping") continue;
      pings++;
      // Its store is away, so that its word ends when it did before.
      server.say({ id, ok: true, validFor: Math.max(0, VALID_MS - clock.now()) });
    }
  }
  ok(clock.now() >= SURE_MS && clock.now() < SURE_MS + 50, `${clock.now()}`);
  ok(pings > 4 && pings < 12, `${pings} pings`);
});

Deno.test("Lock is kept when the store of its server was away for a moment", async () => {
  const opened = await openVouched();
  const { clock } = opened;
  const lock = await grantedLock(opened, "a");
  await clock.advance(10_000);
  await vouch(opened, 21_000);
  equal(lock.remaining(), 19_500);
  // Before the usual third.
  await clock.advance(7_000);
  await vouch(opened, VALID_MS);
  equal(lock.remaining(), SURE_MS);
});

Deno.test("Lock.held notices that the server's word is over before a late timer does", async () => {
  const opened = await openVouched();
  const [one, other] = [await grantedLock(opened, "a"), await grantedLock(opened, "b")];
  opened.clock.stall(VALID_MS);
  ok(!one.signal.aborted);
  equal(one.held, false);
  ok(one.signal.aborted && other.signal.aborted);
});

Deno.test("[P-18] Client.acquire has the server vouch anew for what is granted after its word was over", async () => {
  const opened = await lapsed();
  const { client, network: { server } } = opened;
  const acquiring = client.acquire("a");
  server.grant(server.take("acquire"));
  await settle();
  equal(await stateOf(acquiring), "pending");
  await vouch(opened, VALID_MS);
  const { id, lock: request } = server.take("renew");
  server.say({ id, ok: true, lock: request });
  const lock = await acquiring;
  ok(lock.held);
  equal(lock.remaining(), SURE_MS);
  // And it is watched over as any other.
  await opened.clock.advance(SURE_MS);
  ok(lock.signal.aborted);
});

Deno.test("[P-18] Client.acquire is rejected when the server does not vouch for what it grants", async () => {
  const opened = await lapsed();
  const { client, network: { server } } = opened;
  const acquiring = client.acquire("a");
  const { id } = server.received[0]!;
  server.grant(server.take("acquire"));
  await settle();
  await vouch(opened, 1_000);
  const release = server.take("release");
  equal(release.lock, id);
  server.say({ id: release.id, ok: true, lock: id });
  await rejects(acquiring, LockLostError);
  equal(server.received.length, 0);
});

Deno.test("Lock whose release was refused is lost all the same when nobody vouches for it", async () => {
  const opened = await openVouched();
  const { clock, server } = opened;
  const lock = await grantedLock(opened, "a");
  const releasing = lock.release();
  const { id } = server.take("release");
  await clock.advance(VALID_MS);
  server.refuse(id, "STORE_UNAVAILABLE");
  await rejects(releasing, { code: "STORE_UNAVAILABLE" });
  equal(lock.held, false);
  equal((lock.signal.reason as LockLostError).reason, "store");
});

Deno.test("[P-18] a resumed session counts from its hello, and one that comes too late has lost its locks", async () => {
  const opened = await openVouched(3_600_000);
  const { clock, network } = opened;
  const lock = await grantedLock(opened, "a");
  const held = [{ lock: lock.id, name: "a", mode: lock.mode, token: lock.token }];
  await clock.advance(1_000);
  network.server.cut();
  await resumeWith(opened, { locks: held, grace: 3_600_000, validFor: 29_500 });
  ok(lock.held);
  equal(lock.remaining(), 29_500 - 1_500);
  network.server.cut();
  await clock.advance(28_000 - 1);
  ok(lock.held);
  await clock.advance(1);
  equal((lock.signal.reason as LockLostError).reason, "store");
});

Deno.test("[P-25] Session that finds out when it is resumed that nobody vouched sends what waits first: ids rise", async () => {
  const opened = await openVouched(3_600_000);
  const { client, clock, network } = opened;
  const lock = await grantedLock(opened, "a");
  const asked = [client.acquire("b")];
  lock.signal.addEventListener("abort", () => asked.push(client.acquire("c")));
  for (const one of asked) one.catch(() => {});
  network.server.cut();
  await clock.advance(100);
  // The program leaves no time for timers.
  clock.stall(VALID_MS);
  const held = [{ lock: lock.id, name: "a", mode: lock.mode, token: lock.token }];
  network.server.welcome({
    resumed: true,
    grace: 3_600_000,
    locks: held,
    waiting: [],
    lost: [],
    validFor: 0,
  });
  await settle();
  ok(lock.signal.aborted);
  const sent = network.server.received;
  deepEqual(sent.map(({ op }) => op), ["acquire", "acquire", "release"]);
  const ids = sent.map(({ id }) => id);
  deepEqual(ids, ids.toSorted((one, other) => one - other));
  await client.close();
  await Promise.allSettled(asked);
});

Deno.test("Client ignores the word of a server that gave none in its hello", async () => {
  const opened = await openClient();
  const lock = await grantedLock(opened, "a");
  opened.server.say({ push: "ping" });
  await vouch(opened, 5);
  equal(lock.remaining(), Infinity);
  equal(opened.clock.alarms, 0);
});

Deno.test("Session that ends with a late grant under way leaves no timer behind", async () => {
  const { client, server, clock } = await openVouched();
  const acquiring = client.acquire("a", { ttl: 1_000 });
  const request = server.take("acquire");
  await clock.advance(5_000);
  server.grant(request);
  server.cut();
  await rejects(acquiring, LockLostError);
  equal(clock.alarms, 0);
});
