/**
 * Sessions with a grace, against scripted servers: what is kept while the connection is gone, and what is
 * not.
 *
 * @module
 */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { ConnectionError, LockLostError } from "../../../client/errors.ts";
import type { Lock } from "../../../client/lock.ts";
import type { HeldLock } from "../../../client/protocol/messages.ts";
import { grantedLock, openClient, type Opened, resumeWith, settle, stateOf } from "./scripted_server.ts";

const GRACE_MS = 10_000;
/** 2 % for the clocks, and 3 % to stop. */
const SURE_MS = 9_500;
/** What dialling a host fails with on which nobody listens. */
const REFUSED = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });

function openGraceful(): Promise<Opened> {
  return openClient({ grace: GRACE_MS });
}

function heldBy({ id, name, mode, token }: Lock): HeldLock {
  return { lock: id, name, mode, token };
}

Deno.test("[P-15] Client asks for its grace, and keeps a lock through a lost connection", async () => {
  const opened = await openGraceful();
  const lock = await grantedLock(opened, "a");
  opened.server.cut();
  ok(lock.held);
  await resumeWith(opened, { locks: [heldBy(lock)] });
  ok(lock.held);
  equal(lock.signal.aborted, false);
  const releasing = lock.release();
  const { server } = opened.network;
  server.say({ id: server.take("release").id, ok: true, lock: lock.id });
  await releasing;
  equal(await stateOf(opened.client.closed), "pending");
});

Deno.test("[P-15] Client sends again what was not answered, in its order and under its ids", async () => {
  const opened = await openGraceful();
  const lock = await grantedLock(opened, "a");
  const waiting = opened.client.acquire("b");
  const renewing = lock.renew(5_000);
  const before = [opened.server.take("acquire"), opened.server.take("renew")];
  opened.server.cut();
  // Asked for while there is no connection.
  const later = opened.client.acquire("c");
  await resumeWith(opened, { locks: [heldBy(lock)] });
  const { server } = opened.network;
  const again = [server.take("acquire"), server.take("renew")];
  deepEqual(again, before);
  const third = server.take("acquire");
  deepEqual(third.names, ["c"]);
  server.grant(third);
  server.grant(again[0] as typeof third);
  server.say({ id: again[1]!.id, ok: true, lock: lock.id });
  await Promise.all([waiting, renewing, later]);
});

Deno.test("[P-15] [I-4] Client cancels what its resumed session holds or waits for though it was refused, and nothing that it waits for", async () => {
  const opened = await openGraceful();
  const ids: number[] = [];
  for (const name of ["a", "b"]) {
    const refused = rejects(opened.client.acquire(name), { code: "STORE_UNAVAILABLE" });
    const { id } = opened.server.take("acquire");
    ids.push(id);
    opened.server.say({ id, ok: false, error: { code: "STORE_UNAVAILABLE", message: "etcd" } });
    await refused;
  }
  const acquiring = [opened.client.acquire("c"), opened.client.acquire("d")];
  const asked = [opened.server.take("acquire"), opened.server.take("acquire")] as const;
  opened.server.cut();
  const held = { name: "", mode: "EX", token: 7 } as const;
  const [lock = 0, wait = 0] = ids;
  await resumeWith(opened, {
    locks: [{ ...held, lock }, { ...held, lock: asked[0].id }],
    waiting: [wait, asked[1].id],
  });
  const { server } = opened.network;
  deepEqual([server.take("acquire"), server.take("acquire")], asked);
  for (const request of ids) {
    const cancel = server.take("cancel");
    equal(cancel.request, request);
    server.say({ id: cancel.id, ok: true, request, was: "held" });
  }
  for (const request of asked) server.grant(request);
  for (const each of acquiring) ok((await each).held);
  equal(server.received.length, 0);
});

Deno.test("[P-15] Client loses what a resumed session does not hold any more, with the reason", async () => {
  const opened = await openGraceful();
  const [expired, gone, kept] = [
    await grantedLock(opened, "a"),
    await grantedLock(opened, "b"),
    await grantedLock(opened, "c"),
  ];
  opened.server.cut();
  const lost = [{ lock: expired.id, name: "a", token: expired.token, reason: "expired" as const }];
  await resumeWith(opened, { locks: [heldBy(kept)], lost });
  deepEqual([expired, gone].map(({ signal }) => (signal.reason as LockLostError).reason), [
    "expired",
    "session",
  ]);
  ok(kept.held);
});

Deno.test("[I-12] Lock.signal aborts a margin before the grace can be over at the server, counted from the last sign of life", async () => {
  const opened = await openGraceful();
  const { clock, server, network } = opened;
  const lock = await grantedLock(opened, "a");
  network.faults.set("one", new Error("no route"));
  await clock.advance(GRACE_MS / 9);
  // The server is asked when it has been silent for a beat; this answer is the last that comes.
  await clock.advance(GRACE_MS / 9);
  const ping = server.take("ping");
  await clock.advance(500);
  server.say({ id: ping.id, ok: true });
  await settle();
  server.cut();
  const left = lock.remaining();
  equal(left, SURE_MS - 500);
  await clock.advance(left - 1);
  ok(lock.held);
  await clock.advance(1);
  equal(lock.held, false);
  ok(lock.signal.reason instanceof LockLostError);
  equal(lock.signal.reason.reason, "session");
  match((lock.signal.reason.cause as Error).message, /grace/);
});

Deno.test("[I-12] Lock.held sees the end of the grace before a late timer does", async () => {
  const opened = await openGraceful();
  const lock = await grantedLock(opened, "a");
  opened.clock.stall(SURE_MS);
  equal(lock.signal.aborted, false);
  equal(lock.held, false);
  ok(lock.signal.aborted);
});

Deno.test("Lock.remaining does not shrink when an old sign of life is answered after a resume", async () => {
  const opened = await openGraceful();
  const lock = await grantedLock(opened, "a");
  await opened.clock.advance(GRACE_MS / 9 + GRACE_MS / 9);
  const ping = opened.server.take("ping");
  opened.server.cut();
  await resumeWith(opened, { locks: [heldBy(lock)] });
  const left = lock.remaining();
  opened.network.server.say({ id: opened.network.server.take("ping").id, ok: true });
  equal(ping.op, "ping");
  await settle();
  equal(lock.remaining(), left);
});

Deno.test("Client asks for a sign of life whenever a third of its grace has gone by, and lives on by each", async () => {
  const opened = await openGraceful();
  const { clock, server } = opened;
  const lock = await grantedLock(opened, "a");
  for (let elapsed = 0; elapsed < 5 * GRACE_MS; elapsed += 100) {
    await clock.advance(100);
    while (server.received.length > 0) server.say({ id: server.take("ping").id, ok: true });
  }
  ok(lock.held);
  ok(lock.remaining() > GRACE_MS / 2);
});

Deno.test("Client takes a silent server for gone early enough to go on within the grace", async () => {
  const opened = await openGraceful();
  const lock = await grantedLock(opened, "a");
  const isDialled = () => opened.network.dialled.length === 2;
  let elapsed = 0;
  for (; elapsed < GRACE_MS && !isDialled(); elapsed += 100) await opened.clock.advance(100);
  ok(elapsed < GRACE_MS / 2, `${elapsed}`);
  opened.network.server.welcome({
    resumed: true,
    grace: GRACE_MS,
    locks: [heldBy(lock)],
    waiting: [],
    lost: [],
  });
  await settle();
  ok(lock.held);
  ok(opened.server.isClosed);
});

Deno.test("onExpiring warns when a third of the grace is left and nothing was heard", async () => {
  const opened = await openGraceful();
  let warned = 0;
  await grantedLock(opened, "a", { onExpiring: () => warned++ });
  opened.network.faults.set("one", new Error("no route"));
  opened.server.cut();
  await opened.clock.advance(6_500);
  equal(warned, 0);
  await opened.clock.advance(400);
  equal(warned, 1);
});

Deno.test("Client gives a session up at once when nobody is at its server any more, or the server does not know it", async () => {
  for (const end of ["nobody", "gone"] as const) {
    const opened = await openGraceful();
    const lock = await grantedLock(opened, "a");
    if (end === "nobody") opened.network.faults.set("one", REFUSED);
    opened.server.cut();
    await opened.clock.advance(100);
    if (end === "gone") {
      opened.network.server.refuse(opened.network.server.take("hello").id, "SESSION_GONE");
    }
    await settle();
    equal(lock.held, false, end);
    ok(await opened.client.closed instanceof ConnectionError);
    equal(opened.clock.alarms, 0);
  }
});

Deno.test("Client tries its server again and again within the grace", async () => {
  const opened = await openGraceful();
  const lock = await grantedLock(opened, "a");
  opened.network.faults.set("one", new Error("no route"));
  opened.server.cut();
  await opened.clock.advance(3_000);
  ok(opened.network.tried.length > 4, `${opened.network.tried.length}`);
  opened.network.faults.clear();
  for (let round = 0; round < 50 && opened.network.dialled.length < 2; round++) {
    await opened.clock.advance(100);
  }
  opened.network.server.welcome({
    resumed: true,
    grace: GRACE_MS,
    locks: [heldBy(lock)],
    waiting: [],
    lost: [],
  });
  await settle();
  ok(lock.held);
});

const TWO = ["distrilock://one", "distrilock://two"];

Deno.test("Client goes on with its session at another server when that lives in a cluster", async () => {
  const opened = await openClient({ grace: GRACE_MS }, TWO, { guarantee: "quorum" });
  const { client, network, clock, server } = opened;
  const lock = await grantedLock(opened, "a");
  network.faults.set("one", REFUSED);
  server.cut();
  await clock.advance(100);
  equal(network.dialled.at(-1)?.address, "two");
  const more = {
    guarantee: "quorum",
    grace: GRACE_MS,
    locks: [heldBy(lock)],
    waiting: [],
    lost: [],
  } as const;
  network.server.welcome({ resumed: true, ...more });
  await settle();
  ok(lock.held);
  await client.close();
});

Deno.test("Client goes on with its session at no other server when only its own knows it", async () => {
  const { client, network, clock, server } = await openClient({ grace: GRACE_MS }, TWO);
  network.faults.set("one", new Error("no route"));
  server.cut();
  await clock.advance(GRACE_MS / 2);
  deepEqual(new Set(network.tried), new Set(["one"]));
  await client.close();
});

Deno.test("[I-5] [P-25] Client sends again what was not answered before anybody hears of a loss", async () => {
  const opened = await openGraceful();
  const lost = await grantedLock(opened, "a");
  const waiting = opened.client.acquire("b");
  const first = opened.server.take("acquire");
  let anew: Promise<Lock> | undefined;
  lost.signal.addEventListener("abort", () => anew = opened.client.acquire("a"));
  opened.server.cut();
  await resumeWith(opened, { waiting: [first.id] });
  const { server } = opened.network;
  const again = [server.take("acquire"), server.take("acquire")];
  deepEqual(again.map(({ names }) => names), [["b"], ["a"]]);
  for (const request of again) server.grant(request);
  await Promise.all([waiting, anew]);
});
