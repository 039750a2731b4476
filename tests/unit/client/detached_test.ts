/**
 * What ends while a session with a grace has no connection, against scripted servers.
 *
 * @module
 */
import { equal, match, rejects } from "node:assert/strict";
import { LockTimeoutError } from "../../../client/errors.ts";
import { grantedLock, openClient, type Opened, resumeWith, settle, stateOf } from "./scripted_server.ts";

function openGraceful(): Promise<Opened> {
  return openClient({ grace: 10_000 });
}

Deno.test("Client.close says bye, so that a session with a grace ends at once", async () => {
  const opened = await openGraceful();
  await grantedLock(opened, "a");
  const closing = opened.client.close();
  equal(opened.server.received.at(-1)?.op, "bye");
  await closing;
  equal(opened.clock.alarms, 0);
});

Deno.test("Client.close ends while its session is being resumed", async () => {
  const opened = await openGraceful();
  opened.network.faults.set("one", new Error("no route"));
  opened.server.cut();
  await opened.clock.advance(500);
  await opened.client.close();
  equal(opened.clock.alarms, 0);
  equal(await opened.client.closed, null);
});

Deno.test("Client.acquire that is aborted while there is no connection is rejected at once, and withdrawn later", async () => {
  const opened = await openGraceful();
  const controller = new AbortController();
  const acquiring = opened.client.acquire("a", { signal: controller.signal });
  const request = opened.server.take("acquire");
  opened.server.cut();
  controller.abort(new Error("enough"));
  await rejects(acquiring, { message: "enough" });
  await resumeWith(opened, { waiting: [request.id] });
  const { server } = opened.network;
  server.grant(server.take("acquire"));
  const cancel = server.take("cancel");
  equal(cancel.request, request.id);
  server.say({ id: cancel.id, ok: true, request: request.id, was: "held" });
  await settle();
  equal(server.received.length, 0);
});

Deno.test("[I-17] Client.acquire ends when its wait is over and there is no connection to hear of it", async () => {
  const opened = await openGraceful();
  const acquiring = opened.client.acquire("a", { wait: 2_000 });
  opened.network.faults.set("one", new Error("no route"));
  opened.server.cut();
  await opened.clock.advance(3_999);
  equal(await stateOf(acquiring), "pending");
  await opened.clock.advance(1);
  await rejects(acquiring, LockTimeoutError);
});

Deno.test("[P-16] Client whose session was resumed by somebody else ends it", async () => {
  const opened = await openGraceful();
  const lock = await grantedLock(opened, "a");
  opened.server.say({ push: "closing", reason: "the session was resumed by another connection" });
  equal(lock.held, false);
  match((await opened.client.closed)?.message ?? "", /resumed/);
  equal(opened.network.tried.length, 1);
});

Deno.test("[I-17] Lock.convert ends like an acquire while there is no connection: by its wait, and by its signal", async () => {
  const opened = await openGraceful();
  const lock = await grantedLock(opened, "a");
  opened.network.faults.set("one", new Error("no route"));
  opened.server.cut();
  const controller = new AbortController();
  const aborted = lock.convert("PR", { signal: controller.signal });
  const waiting = lock.convert("PR", { wait: 1_000 });
  controller.abort(new Error("enough"));
  await rejects(aborted, { message: "enough" });
  await opened.clock.advance(2_999);
  equal(await stateOf(waiting), "pending");
  await opened.clock.advance(1);
  await rejects(waiting, LockTimeoutError);
  equal(lock.mode, "EX");
});

Deno.test("[I-17] Client.acquire ends when its wait is over and a server that is connected says nothing", async () => {
  const opened = await openClient();
  const acquiring = opened.client.acquire("a", { wait: 1_000 });
  const request = opened.server.take("acquire");
  await opened.clock.advance(2_999);
  equal(await stateOf(acquiring), "pending");
  await opened.clock.advance(1);
  await rejects(acquiring, LockTimeoutError);
  // What comes of it later is given back.
  opened.server.grant(request);
  const cancel = opened.server.take("cancel");
  equal(cancel.request, request.id);
  opened.server.say({ id: cancel.id, ok: true, request: request.id, was: "held" });
  await settle();
  equal(opened.server.received.length, 0);
});
