// The rules of docs/protocol.md that a server keeps, over both transports, against a real daemon.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { rule } from "../support/stage.ts";

rule("[P-10] hello opens a session and tells version, guarantee and limits", async ({ connect }) => {
  const peer = await connect({ hello: false });
  const answer = await peer.ask({ id: 1, op: "hello", version: 1, client: { name: "a", host: "h", pid: 7 } });
  match(answer.session, /^[A-Za-z0-9_-]{16}$/);
  deepEqual({ ...answer, session: "", server: "" }, {
    id: 1,
    ok: true,
    version: 1,
    session: "",
    guarantee: "local",
    server: "",
    limits: { frameBytesMax: 65_536, locksPerSessionMax: 10_000, waitersPerSessionMax: 10_000 },
    heartbeatMs: 15_000,
  });
});

rule("[P-10] a hello of another version is answered by UNSUPPORTED and a close", async ({ connect }) => {
  const peer = await connect({ hello: false });
  const { error } = await peer.ask({ id: 1, op: "hello", version: 2, token: "of a later protocol" });
  equal(error.code, "UNSUPPORTED");
  match(error.message, /speaks 1$/);
  equal(await peer.hear(), undefined);
});

rule(
  "[P-11] a request before hello is refused and not carried out; a second hello changes nothing",
  async ({ connect }) => {
    const peer = await connect({ hello: false });
    equal((await peer.ask({ id: 1, op: "acquire", name: "a" })).error.code, "BAD_REQUEST");
    const { session } = await peer.ask({ id: 2, op: "hello", version: 1 });
    equal((await peer.ask({ id: 3, op: "hello", version: 1 })).error.code, "BAD_REQUEST");
    deepEqual((await peer.ask({ id: 4, op: "list" })).names, []);
    equal((await peer.ask({ id: 5, op: "acquire", name: "a" })).ok, true);
    equal((await peer.ask({ id: 6, op: "who", name: "a" })).held[0].session, session);
  },
);

rule("[P-12] a connection without hello is told TIMEOUT and closed", async ({ connect }) => {
  const peer = await connect({ hello: false });
  equal((await peer.hear()).error.code, "TIMEOUT");
  equal(await peer.hear(), undefined);
}, ["--hello-timeout", "50ms"]);

rule(
  "[P-13] the end of a connection releases its locks and withdraws its waits at once",
  async ({ connect }) => {
    const [holder, waiter, heir] = [await connect(), await connect(), await connect()];
    await holder.ask({ id: 2, op: "acquire", name: "a" });
    await waiter.say({ id: 2, op: "acquire", name: "a" });
    const inherits = heir.ask({ id: 2, op: "acquire", name: "a" });
    equal((await heir.ask({ id: 3, op: "who", name: "a" })).waitingCount, 2);
    waiter.end();
    holder.end();
    equal((await inherits).ok, true);
    deepEqual(
      (await heir.ask({ id: 4, op: "list" })).names.map(({ waitingCount }: { waitingCount: number }) =>
        waitingCount
      ),
      [0],
    );
  },
);

rule("[P-5] a frame that is no JSON object is answered, and the connection goes on", async ({ connect }) => {
  const peer = await connect();
  await peer.say("[1]");
  const { id, error } = await peer.hear();
  deepEqual([id, error.code], [null, "BAD_REQUEST"]);
  equal((await peer.ask({ id: 2, op: "acquire", name: "a" })).ok, true);
});

rule(
  "[P-9] an unknown operation is UNSUPPORTED, an unknown field BAD_REQUEST, and nothing else changes",
  async ({ connect }) => {
    const peer = await connect();
    equal((await peer.ask({ id: 2, op: "steal", name: "a" })).error.code, "UNSUPPORTED");
    const { error } = await peer.ask({ id: 3, op: "acquire", name: "a", ttl: 5 });
    equal(error.code, "BAD_REQUEST");
    match(error.message, /ttl/);
    deepEqual((await peer.ask({ id: 4, op: "list" })).names, []);
  },
);

rule(
  "[P-3] a frame over the limit is told LIMIT, the connection closed, and nobody else hurt",
  async ({ connect, transport }) => {
    const [peer, other] = [await connect(), await connect()];
    await other.ask({ id: 2, op: "acquire", name: "mine" });
    await peer.say(`{"id":2,"op":"who","name":"${"x".repeat(70_000)}"}`);
    const { id, error } = await peer.hear();
    deepEqual([id, error.code], [null, "LIMIT"]);
    equal(await peer.hear(), undefined);
    if (transport === "websocket") equal(peer.closeCode, 1009);
    equal((await other.ask({ id: 3, op: "who", name: "mine" })).heldCount, 1);
  },
);

rule(
  "[I-5] [P-25] a retried acquire is the same wait, then the same grant, then ended",
  async ({ connect }) => {
    const [holder, peer] = [await connect(), await connect()];
    await holder.ask({ id: 2, op: "acquire", name: "a" });
    await peer.say({ id: 2, op: "acquire", name: "a" });
    await peer.say({ id: 2, op: "acquire", name: "a" });
    equal((await peer.ask({ id: 3, op: "who", name: "a" })).waitingCount, 1);
    await holder.ask({ id: 3, op: "release", lock: 2 });
    const grant = await peer.hear();
    deepEqual(await peer.ask({ id: 2, op: "acquire", name: "a" }), grant);
    equal((await peer.ask({ id: 2, op: "acquire", name: "b" })).error.code, "BAD_REQUEST");
    await peer.ask({ id: 4, op: "release", lock: 2 });
    equal((await peer.ask({ id: 2, op: "acquire", name: "a" })).error.code, "NOT_HELD");
    equal((await peer.ask({ id: 5, op: "who", name: "a" })).heldCount, 0);
  },
);

rule("[P-26] BUSY and TIMEOUT say who is in the way, in which mode and why", async ({ connect }) => {
  const [holder, peer] = [await connect({ name: "billing-1" }), await connect()];
  const grant = await holder.ask({ id: 2, op: "acquire", name: "a", mode: "PR", reason: "report" });
  for (const [id, wait, code] of [[2, 0, "BUSY"], [3, 20, "TIMEOUT"]] as const) {
    const { error } = await peer.ask({ id, op: "acquire", name: "a", wait });
    equal(error.code, code);
    match(error.message, /billing-1/);
    const [{ mode, reason, token, client, since }] = error.blockedBy;
    deepEqual({ mode, reason, token, client }, {
      mode: "PR",
      reason: "report",
      token: grant.token,
      client: { host: "127.0.0.1", name: "billing-1" },
    });
    ok(Math.abs(Date.now() - since) < 60_000);
  }
});

rule(
  "[P-14] a client is seen at its address, unless it says where it runs",
  async ({ connect }) => {
    const seen = async (client: object) => {
      const peer = await connect({ hello: false });
      await peer.ask({ id: 1, op: "hello", version: 1, ...client });
      await peer.ask({ id: 2, op: "acquire", name: "a", mode: "NL" });
      const { held } = await peer.ask({ id: 3, op: "who", name: "a" });
      await peer.ask({ id: 4, op: "release", lock: 2 });
      return held[0].client;
    };
    deepEqual(await seen({}), { host: "127.0.0.1" });
    deepEqual(await seen({ client: { pid: 7 } }), { host: "127.0.0.1", pid: 7 });
    deepEqual(await seen({ client: { name: "n", host: "app3" } }), { name: "n", host: "app3" });
  },
);

rule(
  "[P-31] cancel withdraws a wait, gives a lock back, and says when there was nothing to do",
  async ({ connect }) => {
    const [holder, peer] = [await connect(), await connect()];
    await holder.ask({ id: 2, op: "acquire", name: "a" });
    await peer.say({ id: 2, op: "acquire", name: "a" });
    equal((await peer.ask({ id: 3, op: "cancel", request: 2 })).was, "waiting");
    equal((await peer.hear()).error.code, "CANCELLED");
    equal((await peer.ask({ id: 4, op: "cancel", request: 2 })).was, "ended");
    equal((await peer.ask({ id: 5, op: "cancel", request: 99 })).was, "ended");
    equal((await holder.ask({ id: 3, op: "cancel", request: 2 })).was, "held");
    equal((await peer.ask({ id: 99, op: "acquire", name: "a", wait: 0 })).error.code, "NOT_HELD");
    equal((await peer.ask({ id: 100, op: "acquire", name: "a", wait: 0 })).ok, true);
  },
);

rule("[P-41] list goes through the names in order, page by page", async ({ connect }) => {
  const peer = await connect();
  for (const [index, name] of ["b/2", "a", "b/10", "b/1", "c"].entries()) {
    await peer.ask({ id: 2 + index, op: "acquire", name });
  }
  const names = (answer: { names: { name: string }[] }) => answer.names.map(({ name }) => name);
  const first = await peer.ask({ id: 10, op: "list", prefix: "b/", limit: 2 });
  deepEqual([names(first), first.next], [["b/1", "b/10"], "b/10"]);
  const rest = await peer.ask({ id: 11, op: "list", prefix: "b/", after: first.next, limit: 2 });
  deepEqual([names(rest), rest.next], [["b/2"], null]);
});

rule("[P-61] a connection too many is told LIMIT and closed", async ({ connect }) => {
  await connect();
  const peer = await connect({ hello: false });
  equal((await peer.hear()).error.code, "LIMIT");
  equal(await peer.hear(), undefined);
}, ["--connections-max", "1"]);

rule(
  "[I-11] [P-29] locks and waits over the limits are refused, and those there are stay",
  async ({ connect }) => {
    const [holder, peer] = [await connect(), await connect()];
    await holder.ask({ id: 2, op: "acquire", name: "a" });
    await peer.say({ id: 2, op: "acquire", name: "a" });
    equal((await peer.ask({ id: 3, op: "acquire", name: "a" })).error.code, "LIMIT");
    await holder.ask({ id: 3, op: "acquire", name: "b" });
    await holder.ask({ id: 4, op: "acquire", name: "c" });
    equal((await holder.ask({ id: 5, op: "acquire", name: "d" })).error.code, "LIMIT");
    await holder.ask({ id: 6, op: "release", lock: 2 });
    equal((await peer.hear()).lock, 2);
  },
  ["--locks-per-session-max", "3", "--waiters-per-session-max", "1"],
);
