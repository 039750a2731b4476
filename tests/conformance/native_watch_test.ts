// The rules of docs/protocol.md about looking on, over both transports, against a real daemon.
import { deepEqual, equal, ok } from "node:assert/strict";
import { within } from "../support/eventually.ts";
import type { RawMessage, RawPeer } from "../support/raw_peer.ts";
import { rule } from "../support/stage.ts";

/** The next pushes of a watch, in short: what happened, to which name, to which request of whom. */
async function events(peer: RawPeer, count: number): Promise<string[]> {
  const told: string[] = [];
  while (told.length < count) {
    const push: RawMessage = await within("the next event", peer.hear());
    equal(push.push, "event");
    told.push(`${push.seq} ${push.event} ${push.name} ${push.party.client.name}${push.party.request}`);
  }
  return told;
}

rule("[P-55] a watch is told what happens to its names, in order, and numbered", async ({ connect }) => {
  const [watcher, a, b] = [await connect(), await connect({ name: "a" }), await connect({ name: "b" })];
  deepEqual(await watcher.ask({ id: 10, op: "watch", prefix: "in/" }), { id: 10, ok: true });
  const { token } = await a.ask({ id: 2, op: "acquire", name: "in/1", mode: "PR", reason: "read" });
  await a.ask({ id: 3, op: "acquire", name: "out/1" });
  await b.ask({ id: 2, op: "acquire", name: "in/1", wait: 0 });
  await b.ask({ id: 3, op: "acquire", name: "in/1", wait: 1 });
  await b.say({ id: 4, op: "acquire", name: "in/1" });
  await b.ask({ id: 50, op: "who", name: "in/1" });
  await a.ask({ id: 4, op: "convert", lock: 2, mode: "CR" });
  await a.ask({ id: 5, op: "release", lock: 2 });
  await within("the grant", b.hear());
  const { token: second } = (await b.ask({ id: 51, op: "who", name: "in/1" })).held[0];
  await a.ask({ id: 6, op: "break", name: "in/1", token: second, reason: "gone" });
  await a.ask({ id: 7, op: "acquire", names: ["in/3", "in/2"] });
  const first: RawMessage = await within("the first event", watcher.hear());
  const { since, session, ...party } = first.party;
  deepEqual({ ...first, party }, {
    push: "event",
    watch: 10,
    seq: 1,
    event: "granted",
    name: "in/1",
    party: { request: 2, mode: "PR", token, client: { host: "127.0.0.1", name: "a" }, reason: "read" },
  });
  ok(Math.abs(Date.now() - since) < 60_000 && session.length > 0);
  deepEqual(await events(watcher, 7), [
    "2 waiting in/1 b3",
    "3 gave-up in/1 b3",
    "4 waiting in/1 b4",
    "5 converted in/1 a2",
    "6 released in/1 a2",
    "7 granted in/1 b4",
    "8 broken in/1 b4",
  ]);
  deepEqual(await events(watcher, 2), ["9 granted in/2 a7", "10 granted in/3 a7"]);
  a.end();
  const lost: RawMessage = await within("the loss", watcher.hear());
  deepEqual([lost.event, lost.name, lost.reason], ["lost", "in/2", "session"]);
});

rule(
  "[P-56] a watch begins with its answer and ends with a cancel, or with its session",
  async ({ connect }) => {
    const [watcher, peer] = [await connect(), await connect({ name: "p" })];
    equal((await watcher.ask({ id: 2, op: "watch", prefix: "/a" })).ok, true, "any end of a prefix will do");
    equal((await watcher.ask({ id: 3, op: "watch", prefix: "a b" })).error.code, "BAD_REQUEST");
    await peer.ask({ id: 2, op: "acquire", name: "a" });
    deepEqual(await watcher.ask({ id: 4, op: "watch" }), { id: 4, ok: true });
    deepEqual(await watcher.ask({ id: 4, op: "watch", prefix: "" }), { id: 4, ok: true }, "the same watch");
    equal((await watcher.ask({ id: 4, op: "watch", prefix: "b" })).error.code, "BAD_REQUEST");
    // Its own requests are told of like those of others.
    await watcher.ask({ id: 5, op: "acquire", name: "b" });
    equal((await within("the event", watcher.hear())).seq, 1);
    deepEqual(await watcher.ask({ id: 6, op: "cancel", request: 4 }), {
      id: 6,
      ok: true,
      request: 4,
      was: "watching",
    });
    equal((await watcher.ask({ id: 7, op: "cancel", request: 4 })).was, "ended");
    await watcher.ask({ id: 8, op: "release", lock: 5 });
    // Limit and count: the watch of id 2 is still there.
    equal((await watcher.ask({ id: 9, op: "watch", prefix: "x" })).ok, true);
    equal((await watcher.ask({ id: 10, op: "watch", prefix: "y" })).error.code, "LIMIT");
    await watcher.ask({ id: 11, op: "cancel", request: 9 });
    equal((await watcher.ask({ id: 12, op: "watch", prefix: "y" })).ok, true);
  },
  ["--watches-per-session-max", "2"],
);

rule(
  "[P-62] a watcher that does not keep up misses events, is told so, and is not cut",
  async ({ connect }) => {
    const [watcher, peer] = [await connect(), await connect({ name: "p" })];
    const names = 400;
    for (let id = 2; id < names + 2; id++) {
      await peer.say({ id, op: "acquire", name: `n/${id}`, reason: "r".repeat(200) });
    }
    await peer.ask({ id: 9_000, op: "who", name: "n/2" });
    await watcher.ask({ id: 2, op: "watch" });
    // One turn gives more events than a quarter of outputBytesMax, which is 64 KiB here.
    peer.end();
    let [seq, losses] = [0, 0];
    for (let isOver = false; !isOver;) {
      const push: RawMessage = await within("the next push", watcher.hear());
      equal(push.seq, ++seq, "no number is missing");
      equal(push.watch, 2);
      if (push.push === "event") losses++;
      isOver = push.push === "resync";
    }
    ok(losses > 0 && losses < names, `${losses} losses were told`);
    // What comes after the resync is told, and a list gives the rest.
    equal((await watcher.ask({ id: 3, op: "list" })).names.length, 0);
    await watcher.ask({ id: 4, op: "acquire", name: "after" });
    const after: RawMessage = await within("the event after", watcher.hear());
    deepEqual([after.seq, after.event, after.name], [seq + 1, "granted", "after"]);
  },
  ["--output-bytes-max", "65536"],
);

rule("[P-57] explain tells who waits for whom, name by name", async ({ connect }) => {
  const [a, b, c] = [
    await connect({ name: "a" }),
    await connect({ name: "b" }),
    await connect({ name: "c" }),
  ];
  await a.ask({ id: 2, op: "acquire", name: "x", mode: "PR", owner: "job" });
  await b.ask({ id: 2, op: "acquire", name: "y", reason: "slow" });
  await a.say({ id: 3, op: "acquire", name: "y", owner: "job" });
  await b.say({ id: 3, op: "acquire", name: "x", mode: "EX" });
  await c.ask({ id: 2, op: "who", name: "x" });
  await c.say({ id: 3, op: "acquire", name: "x", mode: "CW" });
  const { names, ...rest } = await c.ask({ id: 4, op: "explain", name: "x" });
  deepEqual(rest, { id: 4, ok: true });
  const [session, other] = [names[0].held[0].session, names[1].held[0].session];
  deepEqual(names.map(({ name, outside }: RawMessage) => [name, outside]), [["x", null], ["y", null]]);
  const shape = (
    { client, mode, position, blockedBy }: RawMessage,
  ) => [client.name, mode, position, blockedBy];
  deepEqual(names[0].waiting.map(shape), [
    ["b", "EX", 1, [{ session, request: 2 }]],
    ["c", "CW", 2, [{ session, request: 2 }, { session: other, request: 3 }]],
  ]);
  deepEqual([names[0].heldCount, names[0].waitingCount], [1, 2]);
  deepEqual(names[1].waiting.map(shape), [["a", "EX", 1, [{ session: other, request: 2 }]]]);
  equal(names[1].held[0].reason, "slow");
  const free = await c.ask({ id: 5, op: "explain", name: "free" });
  deepEqual(free.names, [{
    name: "free",
    held: [],
    waiting: [],
    heldCount: 0,
    waitingCount: 0,
    outside: null,
  }]);
  equal((await c.ask({ id: 6, op: "explain", name: "../x" })).error.code, "BAD_REQUEST");
});
