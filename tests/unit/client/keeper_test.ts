/**
 * Locks that end by themselves: what the client does by its own clock. Lives of 30 s are cut short by 1.5 s:
 * 2 % for the clocks, and 3 % to stop.
 *
 * @module
 */
import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { LockLostError } from "../../../client/errors.ts";
import type { Lock } from "../../../client/lock.ts";
import { openClient, openLock, settle, stateOf } from "./scripted_server.ts";

const EXPIRES = 1_763_724_630_123;

Deno.test("[P-43] Lock with a ttl is renewed whenever a third of it has gone by", async () => {
  const { server, clock, lock } = await openLock("a", { ttl: 30_000 });
  await clock.advance(9_999);
  equal(server.received.length, 0);
  await clock.advance(1);
  const first = server.take("renew");
  deepEqual([first.lock, first.ttl], [lock.id, undefined]);
  server.say({ id: first.id, ok: true, lock: lock.id, expires: EXPIRES });
  await settle();
  equal(lock.expires, EXPIRES);
  equal(lock.remaining(), 28_500);
  await clock.advance(9_999);
  equal(server.received.length, 0);
  await clock.advance(1);
  server.take("renew");
});

Deno.test("Lock.signal aborts a margin before the end when no renewal is answered", async () => {
  const { server, clock, lock } = await openLock("a", { ttl: 30_000 });
  await clock.advance(28_499);
  server.take("renew");
  equal(server.received.length, 0, "one renewal at a time");
  ok(!lock.signal.aborted);
  equal(lock.remaining(), 1);
  await clock.advance(1);
  const { reason } = lock.signal;
  ok(reason instanceof LockLostError);
  deepEqual([reason.reason, reason.code, lock.held, lock.remaining()], ["expired", "NOT_HELD", false, 0]);
  equal(clock.alarms, 0);
  throws(() => lock.assertHeld(), reason);
  await rejects(lock.renew(), reason);
  await rejects(lock.convert("PR"), reason);
});

Deno.test("Lock life counts from when its renewal was sent, however late the answer is", async () => {
  const { server, clock, lock } = await openLock("a", { ttl: 30_000 });
  await clock.advance(10_000);
  const { id } = server.take("renew");
  await clock.advance(8_000);
  server.say({ id, ok: true, lock: lock.id });
  await settle();
  equal(lock.remaining(), 20_500);
});

Deno.test("Lock.held notices its end before a late timer does", async () => {
  const { clock, lock } = await openLock("a", { ttl: 30_000 });
  clock.stall(60_000);
  equal(lock.signal.aborted, false);
  equal(lock.remaining(), 0);
  equal(lock.held, false);
  ok(lock.signal.aborted);
});

Deno.test("Lock lives on when the answer to its renewal was late only on this side", async () => {
  const { server, clock, lock } = await openLock("a", { ttl: 30_000 });
  await clock.advance(20_000);
  const { id } = server.take("renew");
  clock.stall(9_000);
  server.say({ id, ok: true, lock: lock.id });
  await settle();
  ok(lock.held);
  equal(lock.remaining(), 9_500);
});

Deno.test("Lock is renewed again when a renewal was refused for a time", async () => {
  const { server, clock, lock } = await openLock("a", { ttl: 30_000 });
  await clock.advance(10_000);
  server.refuse(server.take("renew").id, "STORE_UNAVAILABLE");
  await clock.advance(10_000);
  server.refuse(server.take("renew").id, "STORE_UNAVAILABLE");
  await clock.advance(8_500);
  ok(lock.signal.reason instanceof LockLostError);
  equal((lock.signal.reason.cause as { code: string }).code, "STORE_UNAVAILABLE");
});

Deno.test("[P-43] Lock is lost when its renewal says that it is not held", async () => {
  const { server, clock, lock } = await openLock("a", { ttl: 30_000 });
  await clock.advance(10_000);
  server.refuse(server.take("renew").id, "NOT_HELD");
  await settle();
  ok(lock.signal.reason instanceof LockLostError);
  equal(clock.alarms, 0);
});

Deno.test("Lock with renew: false is renewed by its holder alone", async () => {
  const { server, clock, lock } = await openLock("a", { ttl: 30_000, renew: false });
  await clock.advance(15_000);
  equal(server.received.length, 0);
  const renewing = lock.renew(60_000);
  const { id, ttl } = server.take("renew");
  equal(ttl, 60_000);
  server.say({ id, ok: true, lock: lock.id, expires: EXPIRES });
  await renewing;
  equal(lock.remaining(), 57_800);
  await clock.advance(57_800);
  ok(lock.signal.aborted);
  equal(server.received.length, 0);
});

Deno.test("Lock.renew with a shorter life counts before it is answered", async () => {
  const { server, clock, lock } = await openLock("a", { ttl: 30_000, renew: false });
  await clock.advance(1_000);
  const renewing = lock.renew(1_000);
  equal(lock.remaining(), 950);
  server.refuse(server.take("renew").id, "STORE_UNAVAILABLE");
  await rejects(renewing, { code: "STORE_UNAVAILABLE" });
  equal(lock.remaining(), 27_500);
  const bad = lock.renew(-5);
  ok(lock.held);
  await rejects(bad, { code: "BAD_REQUEST" });
  const again = lock.renew(1_000);
  server.say({ id: server.take("renew").id, ok: true, lock: lock.id });
  await again;
  await clock.advance(950);
  ok(lock.signal.aborted);
});

Deno.test("[P-35] Lock with a maxHold is lost a margin before it, renewed or not", async () => {
  const { server, clock, lock } = await openLock("a", { ttl: 30_000, maxHold: 40_000 });
  for (let third = 1; third <= 3; third++) {
    await clock.advance(10_000);
    server.say({ id: server.take("renew").id, ok: true, lock: lock.id });
    await settle();
  }
  equal(lock.remaining(), 8_200);
  await clock.advance(8_200);
  ok(lock.signal.reason instanceof LockLostError);
  equal(lock.signal.reason.reason, "max-hold");
});

Deno.test("Lock without a life never ends by itself and sets no timer", async () => {
  const { clock, lock } = await openLock();
  equal(lock.remaining(), Infinity);
  equal(lock.expires, undefined);
  equal(clock.alarms, 0);
});

Deno.test("onExpiring is called once, when a third is left and nothing was heard of a renewal", async () => {
  const warned: Lock[] = [];
  const onExpiring = (lock: Lock) => warned.push(lock);
  const { server, clock, lock } = await openLock("a", { ttl: 30_000, onExpiring });
  await clock.advance(19_999);
  equal(warned.length, 0);
  await clock.advance(1);
  deepEqual(warned, [lock]);
  server.say({ push: "expiring", lock: lock.id, expiresIn: 9_000 });
  await settle();
  equal(warned.length, 1);
  server.say({ id: server.take("renew").id, ok: true, lock: lock.id });
  await settle();
  // Sent 20 s ago, it is due again at once.
  await clock.advance(0);
  server.say({ id: server.take("renew").id, ok: true, lock: lock.id });
  await clock.advance(19_999);
  equal(warned.length, 1);
});

Deno.test("[P-52] onExpiring is called when the server says so first", async () => {
  let warnings = 0;
  const onExpiring = () => warnings++;
  const { server, clock, lock } = await openLock("a", { maxHold: 30_000, onExpiring });
  clock.stall(15_000);
  server.say({ push: "expiring", lock: lock.id, expiresIn: 10_000 });
  server.say({ push: "expiring", lock: 999, expiresIn: 10_000 });
  await settle();
  equal(warnings, 1);
  await clock.advance(10_000);
  equal(warnings, 1);
});

Deno.test("Client.acquire renews a grant that was long in coming before it hands it out", async () => {
  const { client, server, clock } = await openClient();
  const acquiring = client.acquire("a", { ttl: 3_000 });
  const request = server.take("acquire");
  await clock.advance(60_000);
  server.grant(request, 7, EXPIRES);
  await settle();
  const { id } = server.take("renew");
  equal(await stateOf(acquiring), "pending");
  await clock.advance(500);
  server.say({ id, ok: true, lock: request.id, expires: EXPIRES + 500 });
  const lock = await acquiring;
  equal(lock.remaining(), 2_350);
  equal(lock.expires, EXPIRES + 500);
});

Deno.test("[P-43] Client.acquire counts a maxHold whose grant was long in coming from what the server says is left", async () => {
  const { client, server, clock } = await openClient();
  const acquiring = client.acquire("a", { maxHold: 10_000 });
  const request = server.take("acquire");
  await clock.advance(60_000);
  server.grant(request, 7, EXPIRES);
  await settle();
  const { id, ttl } = server.take("renew");
  equal(ttl, undefined);
  await clock.advance(100);
  server.say({ id, ok: true, lock: request.id, expires: EXPIRES, expiresIn: 4_000 });
  // Of 10 s the margins are 500 ms; the 100 ms of the answer's way may have been on either side of it.
  equal((await acquiring).remaining(), 3_400);
});

Deno.test("Client.acquire is rejected when the grant ran out on its way", async () => {
  const { client, server, clock } = await openClient();
  const acquiring = client.acquire("a", { ttl: 3_000 });
  const request = server.take("acquire");
  await clock.advance(60_000);
  server.grant(request);
  await settle();
  server.refuse(server.take("renew").id, "NOT_HELD");
  await rejects(acquiring, LockLostError);
  equal(server.received.length, 0);
  equal(clock.alarms, 0);
});

Deno.test("Client.acquire gives back a late grant when it is aborted before that was renewed", async () => {
  const { client, server, clock } = await openClient();
  const controller = new AbortController();
  const acquiring = client.acquire("a", { ttl: 3_000, signal: controller.signal });
  const request = server.take("acquire");
  await clock.advance(60_000);
  server.grant(request);
  await settle();
  const renew = server.take("renew");
  controller.abort(new Error("enough"));
  await settle();
  const cancel = server.take("cancel");
  server.say({ id: renew.id, ok: true, lock: request.id });
  server.say({ id: cancel.id, ok: true, request: request.id, was: "held" });
  await rejects(acquiring, { message: "enough" });
  equal(server.received.length, 0);
  equal(clock.alarms, 0);
});

Deno.test("Lock.release after a loss by our own clock frees the lock at the server, and tells the loss", async () => {
  const { server, clock, lock } = await openLock("a", { ttl: 30_000, renew: false });
  await clock.advance(28_500);
  const releasing = lock.release();
  const { id } = server.take("release");
  equal(await stateOf(releasing), "pending");
  server.say({ id, ok: true, lock: lock.id });
  await rejects(releasing, LockLostError);
  await lock[Symbol.asyncDispose]();
  equal(server.received.length, 0);
});

Deno.test("Lock.release after the server told the loss asks for nothing", async () => {
  const { server, clock, lock } = await openLock("a", { ttl: 30_000, renew: false });
  await clock.advance(28_500);
  server.lose(lock, "expired");
  await rejects(lock.release(), LockLostError);
  equal(server.received.length, 0);
});

Deno.test("Lock leaves no timer behind, however it ends", async () => {
  const ttl = 30_000;
  const released = await openLock("a", { ttl });
  const releasing = released.lock.release();
  equal(released.clock.alarms, 0);
  released.server.say({ id: released.server.take("release").id, ok: true, lock: released.lock.id });
  await releasing;
  equal(released.clock.alarms, 0);
  const lost = await openLock("a", { ttl });
  equal(lost.clock.alarms, 1);
  lost.server.lose(lost.lock, "broken");
  equal(lost.clock.alarms, 0);
  const cut = await openLock("a", { ttl });
  await cut.clock.advance(10_000);
  cut.server.take("renew");
  cut.server.cut();
  await settle();
  equal(cut.clock.alarms, 0);
  const closed = await openLock("a", { ttl });
  await closed.client.close();
  equal(closed.clock.alarms, 0);
});

Deno.test("Lock is kept again when its release could not be done", async () => {
  const { server, clock, lock } = await openLock("a", { ttl: 30_000 });
  const releasing = lock.release();
  server.refuse(server.take("release").id, "INTERNAL");
  await rejects(releasing, { code: "INTERNAL" });
  equal(lock.remaining(), 28_500);
  await clock.advance(10_000);
  server.take("renew");
});
