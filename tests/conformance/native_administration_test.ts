// What an administrator may ask, over both transports.
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { eventually } from "../support/eventually.ts";
import { detached, graceful, resumed } from "../support/graceful.ts";
import type { RawMessage, RawPeer } from "../support/raw_peer.ts";
import { rule } from "../support/stage.ts";

rule("[P-45] releaseAll gives back every lock and leaves waits alone", async ({ connect }) => {
  const [holder, peer] = [await connect(), await connect()];
  await holder.ask({ id: 2, op: "acquire", name: "theirs" });
  await peer.ask({ id: 2, op: "acquire", name: "a" });
  await peer.ask({ id: 3, op: "acquire", names: ["b", "c"] });
  await peer.say({ id: 4, op: "acquire", name: "theirs" });
  await holder.say({ id: 3, op: "acquire", name: "a" });
  deepEqual(await peer.ask({ id: 5, op: "releaseAll" }), { id: 5, ok: true, released: 2 });
  equal((await holder.hear()).id, 3);
  equal((await peer.ask({ id: 6, op: "releaseAll" })).released, 0);
  await holder.ask({ id: 4, op: "release", lock: 2 });
  deepEqual((await peer.hear()).lock, 4);
});

rule(
  "[I-5] [P-45] releaseAll sent once more frees no lock that was asked for after it",
  async ({ connect }) => {
    const peer = await connect();
    await peer.ask({ id: 2, op: "acquire", name: "a" });
    equal((await peer.ask({ id: 3, op: "releaseAll" })).released, 1);
    const { token } = await peer.ask({ id: 4, op: "acquire", name: "a" });
    equal((await peer.ask({ id: 3, op: "releaseAll" })).released, 0);
    equal((await peer.ask({ id: 5, op: "verify", lock: 4 })).token, token);
  },
);

rule("[P-45] releaseAll ends waiting conversions, and leaves values valid", async ({ connect }) => {
  const [peer, other] = [await connect(), await connect()];
  await peer.ask({ id: 2, op: "acquire", name: "a", mode: "PR" });
  await other.ask({ id: 2, op: "acquire", name: "a", mode: "PR" });
  await peer.say({ id: 9, op: "convert", lock: 2, mode: "EX" });
  await peer.ask({ id: 10, op: "acquire", name: "b" });
  await peer.ask({ id: 11, op: "set", lock: 10, value: "left behind" });
  equal((await peer.ask({ id: 12, op: "releaseAll" })).released, 2);
  const { id, ok } = await peer.hear();
  deepEqual([id, ok], [9, false]);
  equal((await peer.ask({ id: 13, op: "who", name: "a" })).heldCount, 1);
  const { value } = await other.ask({ id: 3, op: "acquire", name: "b" });
  deepEqual(value, { text: "left behind", valid: true });
});

rule("[P-46] sessions tells who is here, page by page", async ({ connect, transport }) => {
  const peers = [await connect({ name: "a" }), await connect({ name: "b" }), await connect({ name: "c" })];
  const [peer] = peers as [RawPeer];
  await peer.ask({ id: 2, op: "acquire", name: "x" });
  await peers[1]?.say({ id: 2, op: "acquire", name: "x" });
  await peers[1]?.ask({ id: 3, op: "ping" });
  const seen: RawMessage[] = [];
  let after: string | null = "";
  for (let id = 3; after !== null; id++) {
    const page: RawMessage = await peer.ask({ id, op: "sessions", after, limit: 2 });
    ok(page.sessions.length <= 2);
    seen.push(...page.sessions);
    after = page.next;
  }
  deepEqual(seen.map(({ session }) => session), seen.map(({ session }) => session).toSorted());
  deepEqual(
    seen.map(({ client, state, locks, waits }) => [client.name, state, locks, waits]).toSorted(),
    [["a", "connected", 1, 0], ["b", "connected", 0, 1], ["c", "connected", 0, 0]],
  );
  for (const one of seen) {
    deepEqual([one.transport, one.subject], [transport, "anybody"]);
    ok(Math.abs(Date.now() - one.since) < 60_000);
    deepEqual([one.grace, one.expires, one.secret], [undefined, undefined, undefined]);
  }
  equal((await peer.ask({ id: 99, op: "sessions", limit: 0 })).error.code, "BAD_REQUEST");
});

rule("[P-47] [P-54] kick ends a session, tells its client why, and frees its locks", async ({ connect }) => {
  const { peer, resume, hello } = await graceful(connect);
  const admin = await connect();
  await peer.ask({ id: 2, op: "acquire", name: "a" });
  const kick = { op: "kick", session: hello.session, reason: "it hangs" };
  equal((await admin.ask({ id: 2, ...kick, reason: "" })).error.code, "BAD_REQUEST");
  deepEqual(await admin.ask({ id: 3, ...kick }), { id: 3, ok: true });
  deepEqual(await peer.hear(), { push: "closing", reason: "kicked: it hangs" });
  equal(await peer.hear(), undefined);
  equal((await admin.ask({ id: 4, op: "acquire", name: "a", wait: 0 })).ok, true);
  equal((await resumed(connect, resume)).hello.error.code, "SESSION_GONE");
  equal((await admin.ask({ id: 5, ...kick })).error.code, "SESSION_GONE");
});

rule("[P-47] kick reaches detached sessions, and one's own", async ({ connect }) => {
  const { peer, hello } = await graceful(connect);
  const admin = await connect({ hello: false });
  const own = await admin.ask({ id: 1, op: "hello", version: 1 });
  peer.end();
  await detached(admin, hello.session, 100);
  equal((await admin.ask({ id: 2, op: "kick", session: hello.session, reason: "gone" })).ok, true);
  equal((await admin.ask({ id: 3, op: "sessions" })).sessions.length, 1);
  equal((await admin.ask({ id: 4, op: "kick", session: own.session, reason: "enough" })).ok, true);
  equal((await admin.hear()).push, "closing");
  equal(await admin.hear(), undefined);
});

rule("[P-48] status tells how the daemon does", async ({ connect, directory }) => {
  const [peer, other] = [await connect(), await connect()];
  await peer.ask({ id: 2, op: "acquire", name: "a" });
  await other.say({ id: 2, op: "acquire", name: "a" });
  await other.ask({ id: 3, op: "ping" });
  const { version, server, uptime, limits, ...rest } = await peer.ask({ id: 3, op: "status" });
  match(version, /^\d+\.\d+\.\d+/);
  notEqual(server, "");
  ok(uptime >= 0 && uptime < 60_000);
  deepEqual([limits.queueLengthMax, limits.graceMsMax, limits.heartbeatMs], [20_000, 3_600_000, 15_000]);
  deepEqual(rest, {
    id: 3,
    ok: true,
    guarantee: "local",
    store: "directory",
    directory,
    draining: false,
    counts: { connections: 2, sessions: 2, detached: 0, locks: 1, waiters: 1 },
  });
});

rule(
  "[P-49] [P-51] drain makes the daemon leave; a holder that lost its connection may still come back",
  async ({ connect, place }) => {
    const { peer, resume } = await graceful(connect);
    const idle = await graceful(connect);
    const admin = await connect();
    await peer.ask({ id: 2, op: "acquire", name: "a" });
    peer.end();
    idle.peer.end();
    const { closesIn } = await admin.ask({ id: 2, op: "drain" });
    equal(closesIn, 30_000);
    deepEqual(await admin.hear(), { push: "draining", closesIn: 30_000 });
    equal(await admin.hear(), undefined);
    equal((await resumed(connect, idle.resume)).hello.error.code, "SESSION_GONE");
    const again = await resumed(connect, resume);
    equal(again.hello.locks.length, 1);
    const { push, closesIn: left } = await again.peer.hear();
    equal(push, "draining");
    ok(left <= 30_000 && left > 20_000);
    equal((await again.peer.ask({ id: 3, op: "drain" })).ok, true);
    equal((await again.peer.ask({ id: 4, op: "release", lock: 2 })).ok, true);
    equal(await again.peer.hear(), undefined);
    for (const left of [admin, again.peer]) left.end();
    await eventually("nobody listens", () => isRefused(place.tcpPort));
  },
);

async function isRefused(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ port })).close();
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return true;
    throw error;
  }
}
