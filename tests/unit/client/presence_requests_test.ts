/**
 * What a client among several servers, scripted, asks besides locks: watches, questions, the end of
 * everything.
 *
 * @module
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { ConnectionError } from "../../../client/errors.ts";
import { snapshot } from "../../../client/snapshot.ts";
import { arrive, grantedLock, openClient, type Opened, settle } from "./scripted_server.ts";

function openAmong(): Promise<Opened> {
  return openClient({ reconnect: true }, ["distrilock://one", "distrilock://two", "distrilock://three"]);
}

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

Deno.test("[I-5] [P-45] Client.releaseAll gives back what is granted before its answer, and nothing that was asked for later", async () => {
  const opened = await openClient();
  const early = opened.client.acquire("a");
  const request = opened.server.take("acquire");
  const releasing = opened.client.releaseAll();
  equal(opened.server.received.length, 0, "there is no lock to give back yet");
  equal(await releasing, 0);
  opened.server.grant(request);
  const lock = await early;
  const pending = opened.client.acquire("b");
  const second = opened.server.take("acquire");
  const all = opened.client.releaseAll();
  const { id } = opened.server.take("releaseAll");
  const late = opened.client.acquire("c");
  const third = opened.server.take("acquire");
  opened.server.grant(second);
  opened.server.grant(third);
  opened.server.say({ id, ok: true, released: 2 });
  equal(await all, 2);
  deepEqual([lock.held, (await pending).held, (await late).held], [false, false, true]);
});

Deno.test("snapshot, which Client.query gives, has what is held and what waits, with all parties of a crowded name", async () => {
  const { client, server } = await openClient();
  const querying = snapshot(client, "a");
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
