/**
 * The client against a scripted server: waits, answers, aborts and the end of the connection.
 *
 * @module
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { ConnectionError, LockError, LockLostError, LockTimeoutError } from "../../../client/errors.ts";
import { openClient, openLock, settle, stateOf } from "./scripted_server.ts";

const party = { session: "s2", request: 2, mode: "EX", since: 1, token: 7 } as const;

Deno.test("Client.acquire sends what was asked for and gives the lock that was granted", async () => {
  const { client, server } = await openClient();
  const acquiring = client.acquire("a/b", { mode: "shared", wait: 5, reason: "why" });
  const request = server.take("acquire");
  deepEqual(JSON.parse(JSON.stringify(request)), {
    id: 2,
    op: "acquire",
    names: ["a/b"],
    mode: "PR",
    wait: 5,
    reason: "why",
  });
  server.grant(request, 42);
  const lock = await acquiring;
  deepEqual([lock.name, lock.mode, lock.token, lock.guarantee, lock.id, lock.held], [
    "a/b",
    "PR",
    42,
    "local",
    2,
    true,
  ]);
});

Deno.test("[P-8] Client takes answers in any order", async () => {
  const { client, server } = await openClient();
  const waits = [client.acquire("a"), client.acquire("b"), client.acquire("c")];
  const [a, b, c] = [server.take("acquire"), server.take("acquire"), server.take("acquire")];
  server.grant(c);
  server.refuse(b.id, "BUSY", { blockedBy: [party] });
  server.grant(a);
  const [first, second, third] = await Promise.allSettled(waits);
  equal(first?.status === "fulfilled" && first.value.name, "a");
  equal(third?.status === "fulfilled" && third.value.name, "c");
  ok(second?.status === "rejected" && second.reason instanceof LockError);
  deepEqual([second.reason.code, second.reason.blockedBy], ["BUSY", [party]]);
});

Deno.test("Client.acquire is rejected with LockTimeoutError when the server says TIMEOUT", async () => {
  const { client, server } = await openClient();
  const acquiring = client.acquire("a", { wait: 1 });
  server.refuse(server.take("acquire").id, "TIMEOUT", { blockedBy: [party] });
  await rejects(acquiring, (error) => error instanceof LockTimeoutError && error.blockedBy.length === 1);
});

Deno.test("Client.acquire refuses a bad request itself, and sends nothing", async () => {
  const { client, server } = await openClient();
  for (const [name, options] of [["../a", {}], ["a", { wait: NaN }], ["a", { reason: "\n" }]] as const) {
    await rejects(client.acquire(name, options), { name: "LockError", code: "BAD_REQUEST" });
  }
  equal(server.received.length, 0);
});

Deno.test("Client.tryAcquire gives null for BUSY and nothing else", async () => {
  const { client, server } = await openClient();
  const busy = client.tryAcquire("a");
  const request = server.take("acquire");
  equal(request.wait, 0);
  server.refuse(request.id, "BUSY");
  equal(await busy, null);
  const draining = client.tryAcquire("a");
  server.refuse(server.take("acquire").id, "DRAINING");
  await rejects(draining, { code: "DRAINING" });
});

Deno.test("Client.acquire with an aborted signal sends nothing", async () => {
  const { client, server } = await openClient();
  await rejects(client.acquire("a", { signal: AbortSignal.abort(new Error("no")) }), { message: "no" });
  equal(server.received.length, 0);
});

Deno.test("Client.acquire cancels on abort and waits for both answers", async () => {
  const { client, server } = await openClient();
  const controller = new AbortController();
  const acquiring = client.acquire("a", { signal: controller.signal });
  const { id } = server.take("acquire");
  controller.abort(new Error("enough"));
  await settle();
  const cancel = server.take("cancel");
  equal(cancel.request, id);
  server.refuse(id, "CANCELLED");
  equal(await stateOf(acquiring), "pending");
  server.say({ id: cancel.id, ok: true, request: id, was: "waiting" });
  await rejects(acquiring, { message: "enough" });
});

Deno.test("Client.acquire gives no lock when the grant overtakes the abort", async () => {
  const { client, server } = await openClient();
  const controller = new AbortController();
  const acquiring = client.acquire("a", { signal: controller.signal });
  const request = server.take("acquire");
  server.grant(request);
  controller.abort(new Error("enough"));
  await settle();
  const cancel = server.take("cancel");
  equal(await stateOf(acquiring), "pending");
  server.say({ id: cancel.id, ok: true, request: request.id, was: "held" });
  await rejects(acquiring, { message: "enough" });
  equal(server.received.length, 0);
});

Deno.test("Client.acquire releases a granted lock whose cancel was refused", async () => {
  const { client, server } = await openClient();
  const controller = new AbortController();
  const acquiring = client.acquire("a", { signal: controller.signal });
  const request = server.take("acquire");
  controller.abort(new Error("enough"));
  await settle();
  server.grant(request);
  server.refuse(server.take("cancel").id, "INTERNAL");
  await settle();
  const release = server.take("release");
  equal(release.lock, request.id);
  equal(await stateOf(acquiring), "pending");
  server.say({ id: release.id, ok: true, lock: release.lock });
  await rejects(acquiring, { message: "enough" });
});

Deno.test("Client.acquire leaves a granted lock alone when its signal aborts later", async () => {
  const { client, server } = await openClient();
  const controller = new AbortController();
  const acquiring = client.acquire("a", { signal: controller.signal });
  server.grant(server.take("acquire"));
  const lock = await acquiring;
  controller.abort();
  await settle();
  ok(lock.held);
  equal(server.received.length, 0);
});

Deno.test("Client rejects an aborted wait at once when the connection ends", async () => {
  const { client, server } = await openClient();
  const controller = new AbortController();
  const acquiring = client.acquire("a", { signal: controller.signal });
  controller.abort(new Error("enough"));
  await settle();
  server.cut();
  await rejects(acquiring, { message: "enough" });
});

Deno.test("Client rejects all that waits when the connection ends, and what comes later", async () => {
  const { client, server } = await openClient();
  const cause = new Error("cable");
  const waits = [client.acquire("a"), client.who("a"), client.list().next()];
  server.cut(cause);
  for (const wait of waits) {
    await rejects(wait, (error) => error instanceof ConnectionError && error.cause === cause);
  }
  await rejects(client.acquire("b"), { name: "ConnectionError", code: "SESSION_GONE" });
  equal((await client.closed)?.cause, cause);
});

Deno.test("Client ends on a frame that no server of the protocol sends", async () => {
  const { client, server } = await openClient();
  const acquiring = client.acquire("a");
  server.say("HTTP/1.1 400 Bad Request");
  await rejects(acquiring, ConnectionError);
  ok(server.isClosed);
});

Deno.test("Client ends on an answer that does not fit the request", async () => {
  const { client, server } = await openClient();
  const asking = client.who("a");
  server.say({ id: server.take("who").id, ok: true, lock: 2 });
  await rejects(asking, ConnectionError);
  ok(server.isClosed);
});

Deno.test("Client ends with the code of an error that answers no request", async () => {
  const { client, server } = await openClient();
  const acquiring = client.acquire("a");
  server.refuse(null, "LIMIT");
  await rejects(acquiring, { name: "ConnectionError", code: "LIMIT" });
});

Deno.test("[P-9] Client ignores unknown pushes, unknown fields and answers to nothing", async () => {
  const { client, server } = await openClient();
  const acquiring = client.acquire("a");
  const { id } = server.take("acquire");
  server.say('{"push":"weather","rain":true}');
  server.say({ push: "draining", closesIn: 5 });
  server.say({ id: 999, ok: true, lock: 999 });
  server.say({ push: "lost", lock: 999, name: "z", token: 1, reason: "store" });
  equal(await stateOf(acquiring), "pending");
  server.say(
    `{"id":${id},"ok":true,"lock":${id},"name":"a","mode":"EX","token":1,"guarantee":"local","colour":"red"}`,
  );
  equal((await acquiring).token, 1);
});

Deno.test("[P-17] Client answers a ping of the server", async () => {
  const { server } = await openClient();
  server.say({ push: "ping" });
  const { id } = server.take("ping");
  server.say({ id, ok: true });
  server.say({ push: "ping" });
  server.cut();
});

Deno.test("Client.close is idempotent, ends the locks and resolves closed to null", async () => {
  const { client, server, lock } = await openLock();
  const waiting = client.acquire("b");
  const closing = client.close();
  await rejects(waiting, ConnectionError);
  await closing;
  await client.close();
  await client[Symbol.asyncDispose]();
  ok(server.isClosed);
  equal(await client.closed, null);
  ok(lock.signal.reason instanceof LockLostError);
  equal(lock.signal.reason.reason, "session");
});

Deno.test("Client.request releases after the body and gives its result", async () => {
  const { client, server } = await openClient();
  const requesting = client.request("a", (lock) => Promise.resolve(lock.token * 2));
  server.grant(server.take("acquire"), 21);
  await settle();
  const release = server.take("release");
  equal(await stateOf(requesting), "pending");
  server.say({ id: release.id, ok: true, lock: release.lock });
  equal(await requesting, 42);
});

Deno.test("Client.request is rejected with the body's error, whatever the release meets", async () => {
  const { client, server } = await openClient();
  for (const code of ["NOT_HELD", "INTERNAL"] as const) {
    const requesting = client.request("a", { wait: 0 }, () => {
      throw new Error("body");
    });
    server.grant(server.take("acquire"));
    await settle();
    server.refuse(server.take("release").id, code);
    await rejects(requesting, { message: "body" });
  }
  const requesting = client.request("a", () => {
    server.cut();
    throw new Error("body");
  });
  server.grant(server.take("acquire"));
  await rejects(requesting, { message: "body" });
});

Deno.test("Client.request tells that the lock was lost under a body that succeeded", async () => {
  const { client, server } = await openClient();
  const requesting = client.request("a", ({ id, name, token }) => {
    server.say({ push: "lost", lock: id, name, token, reason: "store" });
  });
  server.grant(server.take("acquire"));
  await rejects(requesting, LockLostError);
  equal(server.received.length, 0);
});

Deno.test("Client.list follows next to the end", async () => {
  const { client, server } = await openClient();
  const names: string[] = [];
  const listing = (async () => {
    for await (const { name } of client.list({ prefix: "a" })) names.push(name);
  })();
  const state = (name: string) => ({ name, held: [], waiting: [], heldCount: 0, waitingCount: 0 });
  const first = server.take("list");
  deepEqual([first.prefix, first.after], ["a", undefined]);
  server.say({ id: first.id, ok: true, names: [state("a1"), state("a2")], next: "a2" });
  await settle();
  const second = server.take("list");
  equal(second.after, "a2");
  server.say({ id: second.id, ok: true, names: [state("a3")], next: null });
  await listing;
  deepEqual(names, ["a1", "a2", "a3"]);
});
