/**
 * Watches and explanations of a client, against a scripted server.
 *
 * @module
 */
import { deepEqual, equal, rejects } from "node:assert/strict";
import { ConnectionError, LockError } from "../../../client/errors.ts";
import { type NameEvent, WATCH_EVENTS_MAX } from "../../../client/watch.ts";
import { openClient, type ScriptedServer, settle, stateOf } from "./scripted_server.ts";

const party = { session: "s2", request: 2, mode: "EX", since: 1, token: 7 } as const;

function say(server: ScriptedServer, watch: number, seq: number, name: string): void {
  server.say({ push: "event", watch, seq, event: "granted", name, party });
}

Deno.test("Client.watch gives the events of its watch in their order", async () => {
  const { client, server } = await openClient();
  const watch = client.watch("a/");
  const request = server.take("watch");
  equal(request.prefix, "a/");
  equal(await stateOf(watch.ready), "pending");
  const first = watch.next();
  server.say({ id: request.id, ok: true });
  equal(await stateOf(watch.ready), "fulfilled");
  say(server, request.id, 1, "a/1");
  say(server, 999, 1, "other");
  server.say({
    push: "event",
    watch: request.id,
    seq: 2,
    event: "lost",
    name: "a/2",
    party,
    reason: "session",
  });
  server.say({ push: "resync", watch: request.id, seq: 3 });
  deepEqual(await first, { value: { event: "granted", name: "a/1", party }, done: false });
  deepEqual((await watch.next()).value, { event: "lost", name: "a/2", party, reason: "session" });
  deepEqual((await watch.next()).value, { event: "resync" });
  equal(await stateOf(watch.next()), "pending");
});

Deno.test("Client.watch is cancelled by leaving its loop, by its signal, or by its disposal", async () => {
  const ways: readonly ((
    watch: ReturnType<Awaited<ReturnType<typeof openClient>>["client"]["watch"]>,
    abort: () => void,
  ) => unknown)[] = [
    async (watch) => {
      for await (const _event of watch) break;
    },
    (_watch, abort) => abort(),
    (watch) => watch[Symbol.asyncDispose](),
  ];
  for (const way of ways) {
    const { client, server } = await openClient();
    const controller = new AbortController();
    const watch = client.watch("", { signal: controller.signal });
    const { id } = server.take("watch");
    server.say({ id, ok: true });
    say(server, id, 1, "a");
    await settle();
    const left = way(watch, () => controller.abort());
    await settle();
    const cancel = server.take("cancel");
    equal(cancel.request, id);
    server.say({ id: cancel.id, ok: true, request: id, was: "watching" });
    await left;
    say(server, id, 2, "b");
    deepEqual(await watch.next(), { value: undefined, done: true });
    await watch.return();
    deepEqual(server.received, [], "it is cancelled once");
  }
});

Deno.test("Client.watch that is left before its answer is cancelled after it", async () => {
  const { client, server } = await openClient();
  const watch = client.watch("");
  const { id } = server.take("watch");
  const left = watch.return();
  deepEqual(await watch.next(), { value: undefined, done: true });
  deepEqual(server.received, []);
  server.say({ id, ok: true });
  await settle();
  server.say({ id: server.take("cancel").id, ok: true, request: id, was: "watching" });
  await left;
});

Deno.test("Client.watch tells a refusal, and the end of the session, after what came before", async () => {
  const refused = await openClient();
  const none = refused.client.watch("");
  refused.server.refuse(refused.server.take("watch").id, "LIMIT");
  await rejects(none.ready, (error) => error instanceof LockError && error.code === "LIMIT");
  await rejects(none.next(), (error) => error instanceof LockError && error.code === "LIMIT");
  await none.return();
  deepEqual(refused.server.received, []);
  await rejects(
    refused.client.watch("a b").next(),
    (error) => error instanceof LockError && error.code === "BAD_REQUEST",
  );
  const cut = await openClient();
  const watch = cut.client.watch("");
  const { id } = cut.server.take("watch");
  cut.server.say({ id, ok: true });
  say(cut.server, id, 1, "a");
  await settle();
  cut.server.cut();
  equal(((await watch.next()).value as NameEvent).name, "a");
  await rejects(watch.next(), ConnectionError);
  await rejects(cut.client.watch("").ready, ConnectionError);
});

Deno.test("Client.watch keeps so many events for a slow consumer, and says where it kept no more", async () => {
  const { client, server } = await openClient();
  const watch = client.watch("");
  const { id } = server.take("watch");
  server.say({ id, ok: true });
  for (let seq = 1; seq <= WATCH_EVENTS_MAX + 100; seq++) say(server, id, seq, `n${seq}`);
  const names: string[] = [];
  for (let count = 0; count < WATCH_EVENTS_MAX; count++) {
    names.push(((await watch.next()).value as NameEvent).name);
  }
  deepEqual([names[0], names.at(-1)], ["n1", `n${WATCH_EVENTS_MAX}`]);
  deepEqual((await watch.next()).value, { event: "resync" });
  say(server, id, 20_000, "again");
  equal(((await watch.next()).value as NameEvent).name, "again");
});

Deno.test("Client.explain gives the names that the server told", async () => {
  const { client, server } = await openClient();
  const explaining = client.explain("a");
  const request = server.take("explain");
  equal(request.name, "a");
  const blockedBy = [{ session: "s2", request: 2 }];
  const names = [{
    name: "a",
    held: [party],
    waiting: [{ session: "s3", request: 1, mode: "EX", since: 2, position: 1, blockedBy }],
    heldCount: 1,
    waitingCount: 1,
    outside: null,
  }] as const;
  server.say({ id: request.id, ok: true, names });
  deepEqual(await explaining, names);
});
