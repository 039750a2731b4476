/**
 * A lock in the hands of its holder: release, loss, disposal.
 *
 * @module
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { LockLostError } from "../../../client/errors.ts";
import { openLock, settle, stateOf } from "./scripted_server.ts";

Deno.test("Lock.release makes one request, however often it is called", async () => {
  const { server, lock } = await openLock();
  const releases = [lock.release(), lock.release(), lock[Symbol.asyncDispose]()];
  const release = server.take("release");
  equal(release.lock, lock.id);
  equal(server.received.length, 0);
  equal(lock.held, false);
  equal(await stateOf(releases[0]!), "pending");
  server.say({ id: release.id, ok: true, lock: lock.id });
  await Promise.all(releases);
  await lock.release();
  equal(server.received.length, 0);
  equal(lock.signal.aborted, false);
});

Deno.test("Lock.release succeeds when the lock is not held any more", async () => {
  const { server, lock } = await openLock();
  const releasing = lock.release();
  server.refuse(server.take("release").id, "NOT_HELD");
  await releasing;
});

Deno.test("Lock.release succeeds when the connection ends before the answer", async () => {
  const { server, lock } = await openLock();
  const releasing = lock.release();
  server.cut();
  await releasing;
  equal(lock.signal.aborted, false);
});

Deno.test("Lock.release may be called again when the server could not do it", async () => {
  const { server, lock } = await openLock();
  const releasing = lock.release();
  server.refuse(server.take("release").id, "INTERNAL");
  await rejects(releasing, { code: "INTERNAL" });
  ok(lock.held);
  const again = lock.release();
  server.say({ id: server.take("release").id, ok: true, lock: lock.id });
  await again;
  equal(lock.held, false);
});

Deno.test("Lock.signal aborts when a lost push comes", async () => {
  const { server, lock } = await openLock("a/b");
  server.say({ push: "lost", lock: lock.id, name: lock.name, token: lock.token, reason: "broken" });
  equal(lock.held, false);
  const { reason } = lock.signal;
  ok(reason instanceof LockLostError);
  equal(reason.code, "NOT_HELD");
  equal(reason.lockName, "a/b");
  equal(reason.token, lock.token);
  equal(reason.reason, "broken");
});

Deno.test("Lock.signal aborts when the lost push comes in the same breath as the grant", async () => {
  const { client, server } = await openLock();
  const acquiring = client.acquire("b");
  const request = server.take("acquire");
  server.grant(request, 9);
  server.say({ push: "lost", lock: request.id, name: "b", token: 9, reason: "store" });
  const lock = await acquiring;
  equal(lock.held, false);
  ok(lock.signal.aborted);
});

Deno.test("Lock.release is rejected with LockLostError after a loss, and disposal is silent", async () => {
  const { server, lock } = await openLock();
  server.cut();
  ok(lock.signal.reason instanceof LockLostError);
  equal(lock.signal.reason.reason, "session");
  await rejects(lock.release(), LockLostError);
  await lock[Symbol.asyncDispose]();
});

Deno.test("Lock.signal does not abort for a loss while the release is under way", async () => {
  const { server, lock } = await openLock();
  const releasing = lock.release();
  const release = server.take("release");
  server.say({ push: "lost", lock: lock.id, name: lock.name, token: lock.token, reason: "store" });
  server.refuse(release.id, "NOT_HELD");
  await releasing;
  equal(lock.signal.aborted, false);
});

Deno.test("Lock disposal never throws over the body's error", async () => {
  const { server, lock } = await openLock();
  const work = async () => {
    await using _lock = lock;
    await Promise.resolve();
    throw new Error("body");
  };
  const working = work();
  await settle();
  server.refuse(server.take("release").id, "INTERNAL");
  await rejects(working, { message: "body" });
});

Deno.test("Lock.release that nobody awaits is no unhandled rejection", async () => {
  const { server, lock } = await openLock();
  const seen: unknown[] = [];
  const onUnhandled = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    seen.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", onUnhandled);
  try {
    server.cut();
    void lock.release();
    // Unhandled rejections are told in a turn of their own.
    await new Promise((resolve) => setTimeout(resolve, 0));
    equal(seen.length, 0);
  } finally {
    globalThis.removeEventListener("unhandledrejection", onUnhandled);
  }
});

Deno.test("Lock.toJSON says in a log what somebody wants to know of it", async () => {
  const { server, lock } = await openLock();
  const { name, mode, token, guarantee } = lock;
  const said = () => JSON.parse(JSON.stringify({ lock })).lock;
  deepEqual(said(), { names: [name], mode, token, guarantee, held: true });
  const releasing = lock.release();
  server.say({ id: server.take("release").id, ok: true, lock: lock.id });
  await releasing;
  equal(said().held, false);
});
