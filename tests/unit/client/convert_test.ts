/**
 * Conversions, locks of several names, owners, breaks and yield notices, as a client's caller sees them.
 *
 * @module
 */
import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { LockError, LockLostError, LockTimeoutError } from "../../../client/errors.ts";
import type { Lock } from "../../../client/lock.ts";
import type { Party } from "../../../client/protocol/messages.ts";
import { openClient, openLock, settle, stateOf } from "./scripted_server.ts";

const party: Party = { session: "s2", request: 2, mode: "PR", since: 1, owner: "job" };

Deno.test("[P-38] Lock.convert changes mode and token when it is done", async () => {
  const { server, lock } = await openLock("a", { mode: "PR" });
  const converting = lock.convert("exclusive", { wait: 5 });
  const { id, ...wish } = server.take("convert");
  deepEqual(wish, { op: "convert", lock: lock.id, mode: "EX", wait: 5 });
  equal(lock.mode, "PR");
  server.say({ id, ok: true, lock: lock.id, mode: "EX", token: 999 });
  equal(lock.mode, "EX");
  await converting;
  deepEqual([lock.token, lock.tokens.get("a")], [999, 999]);
});

Deno.test("[P-38] Lock.convert leaves the old mode when it is refused", async () => {
  const { server, lock } = await openLock("a", { mode: "PR" });
  const { token } = lock;
  const late = lock.convert("EX", { wait: 5 });
  server.refuse(server.take("convert").id, "TIMEOUT", { blockedBy: [party] });
  await rejects(late, (error) => error instanceof LockTimeoutError && error.blockedBy.length === 1);
  const stuck = lock.convert("EX");
  const cycle = [{ ...party, name: "a" }, { ...party, session: "s1", name: "a" }];
  server.refuse(server.take("convert").id, "DEADLOCK", { cycle });
  await rejects(stuck, (error) => {
    ok(error instanceof LockError);
    deepEqual([error.code, error.cycle, error.blockedBy], ["DEADLOCK", cycle, []]);
    return true;
  });
  deepEqual([lock.held, lock.mode, lock.token], [true, "PR", token]);
});

Deno.test("Lock.convert cancels on abort, and is rejected when the old mode is certain", async () => {
  const { server, lock } = await openLock("a", { mode: "PR" });
  const controller = new AbortController();
  const converting = lock.convert("EX", { signal: controller.signal });
  const { id } = server.take("convert");
  controller.abort(new Error("enough"));
  await settle();
  const cancel = server.take("cancel");
  equal(cancel.request, id);
  server.refuse(id, "CANCELLED");
  equal(await stateOf(converting), "pending");
  server.say({ id: cancel.id, ok: true, request: id, was: "waiting" });
  await rejects(converting, { message: "enough" });
  deepEqual([lock.held, lock.mode], [true, "PR"]);
});

Deno.test("Lock.convert that was done before the abort stays done", async () => {
  const { server, lock } = await openLock("a", { mode: "PR" });
  const controller = new AbortController();
  const converting = lock.convert("EX", { signal: controller.signal });
  const { id } = server.take("convert");
  controller.abort(new Error("enough"));
  await settle();
  server.say({ id, ok: true, lock: lock.id, mode: "EX", token: 999 });
  server.say({ id: server.take("cancel").id, ok: true, request: id, was: "ended" });
  await converting;
  equal(lock.mode, "EX");
});

Deno.test("Lock.convert with an aborted signal sends nothing", async () => {
  const { server, lock } = await openLock();
  await rejects(lock.convert("PR", { signal: AbortSignal.abort(new Error("no")) }), { message: "no" });
  await rejects(lock.convert("ex" as "EX"), { code: "BAD_REQUEST" });
  equal(server.received.length, 0);
});

Deno.test("Lock.convert tells that the lock was lost", async () => {
  const { server, lock } = await openLock("a", { mode: "PR" });
  const converting = lock.convert("EX");
  const { id } = server.take("convert");
  server.lose(lock, "broken");
  server.refuse(id, "NOT_HELD");
  await rejects(converting, (error) => error instanceof LockLostError && error.reason === "broken");
});

Deno.test("Lock.assertHeld and its kin refuse a lock that was released", async () => {
  const { server, lock } = await openLock();
  lock.assertHeld();
  const releasing = lock.release();
  server.say({ id: server.take("release").id, ok: true, lock: lock.id });
  await releasing;
  throws(() => lock.assertHeld(), { name: "LockError", code: "NOT_HELD" });
  await rejects(lock.convert("PR"), { code: "NOT_HELD" });
  await rejects(lock.renew(), { code: "NOT_HELD" });
  equal(lock.remaining(), 0);
  equal(server.received.length, 0);
});

Deno.test("[P-32] Client.acquire of several names gives one lock with a token for each", async () => {
  const { client, server } = await openClient();
  const acquiring = client.tryAcquire(["b", "a"], { mode: "PW" });
  const request = server.take("acquire");
  deepEqual([request.names, request.mode, request.wait], [["b", "a"], "PW", 0]);
  server.grant(request, 7);
  const lock = (await acquiring)!;
  deepEqual([lock.name, lock.token, lock.names, [...lock.tokens]], ["a", 7, ["a", "b"], [["a", 7], [
    "b",
    8,
  ]]]);
  await rejects(client.acquire([]), { code: "BAD_REQUEST" });
  await rejects(client.acquire(["a", "a"]), { code: "BAD_REQUEST" });
});

Deno.test("Client.acquire sends owner, labels, lives and the wish for yield notices", async () => {
  const { client, server } = await openClient();
  const labels = { team: "billing" };
  void client.acquire("a", { owner: "o", labels, ttl: 1_000, maxHold: 2_000, onYield: () => {} });
  const { owner, labels: sent, ttl, maxHold, yield: wished } = server.take("acquire");
  deepEqual([owner, sent, ttl, maxHold, wished], ["o", labels, 1_000, 2_000, true]);
  void client.acquire("a");
  equal(server.take("acquire").yield, undefined);
});

Deno.test("[P-33] Client.owner gives a view whose requests share an owner", async () => {
  const { client, server } = await openClient();
  const job = client.owner("job-7");
  void job.acquire("a");
  void job.tryAcquire("b", { mode: "PR" });
  void job.request("c", () => {});
  void job.acquire("d", { owner: "step-1" });
  void client.acquire("e");
  const owners = [1, 2, 3, 4, 5].map(() => server.take("acquire").owner);
  deepEqual(owners, ["job-7", "job-7", "job-7", "step-1", undefined]);
  await rejects(client.owner("").acquire("a"), { code: "BAD_REQUEST" });
});

Deno.test("[P-44] Client.break gives those whose locks it ended", async () => {
  const { client, server } = await openClient();
  const breaking = client.break("a", { token: 7, reason: "host is gone" });
  const { id, ...request } = server.take("break");
  deepEqual(request, { op: "break", name: "a", token: 7, reason: "host is gone" });
  server.say({ id, ok: true, broken: [party] });
  deepEqual(await breaking, [party]);
  const late = client.break("a", { token: 7, reason: "again" });
  server.refuse(server.take("break").id, "STALE_TOKEN");
  await rejects(late, { code: "STALE_TOKEN" });
  await rejects(client.break("a", { token: 7, reason: "" }), { code: "BAD_REQUEST" });
});

Deno.test("[P-47] Administrator.kick sends nothing that the server would refuse, or hang up on", async () => {
  const { client: { administrator }, server } = await openClient();
  for (const reason of ["", "x".repeat(100_000)]) {
    await rejects(administrator.kick("s2", reason), { code: "BAD_REQUEST" });
  }
  equal(server.received.length, 0);
});

Deno.test("[P-53] onYield hears who waits, also in the same breath as the grant", async () => {
  const { client, server } = await openClient();
  const heard: unknown[] = [];
  const onYield = (lock: Lock, by: Party) => heard.push([lock.id, by]);
  const acquiring = client.acquire("a", { onYield });
  const request = server.take("acquire");
  server.grant(request);
  server.say({ push: "yield", lock: request.id, name: "a", by: party });
  const lock = await acquiring;
  await settle();
  deepEqual(heard, [[lock.id, party]]);
  void lock.release();
  server.say({ push: "yield", lock: request.id, name: "a", by: party });
  await settle();
  equal(heard.length, 1);
});
