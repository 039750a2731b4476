// The rules of docs/rest.md about repeated requests, shared sessions and the daemon, over real sockets.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { connectRaw } from "../support/raw_peer.ts";
import { type RestAnswer, RestPeer } from "../support/rest_peer.ts";

type Daemon = ReturnType<typeof startDaemon>;

function testRest(
  name: string,
  run: (peer: RestPeer, daemon: Daemon) => Promise<void>,
  flags: readonly string[] = [],
): void {
  Deno.test(name, async () => {
    using directory = temporaryDirectory();
    await using daemon = startDaemon(directory.path, flags);
    await run(new RestPeer(daemon), daemon);
  });
}

function codeOf({ status, body }: RestAnswer): [status: number, code: string] {
  return [status, body.code];
}

const IDEMPOTENT = { headers: { "idempotency-key": "7f1c-1" } };

testRest("[H-9] a repeated acquire finds the same grant", async (peer) => {
  const { expiresIn: before, ...first } = await peer.acquire({ name: "a" }, IDEMPOTENT);
  const { expiresIn, ...again } = await peer.acquire({ name: "a" }, IDEMPOTENT);
  deepEqual(again, first);
  ok(expiresIn <= before, "what is left, not what was");
  equal((await peer.ask("GET /v1/names/a")).body.heldCount, 1);
  equal((await peer.ask("GET /v1/sessions")).body.sessions.length, 1);
});

testRest("[H-9] an acquire that is repeated while it waits is the same wait", async (peer) => {
  const holder = await peer.acquire({ name: "a" });
  const body = { name: "a", wait: 60_000 };
  const impatient = new AbortController();
  const one = peer.ask("POST /v1/locks", { ...IDEMPOTENT, body, signal: impatient.signal }).catch(() =>
    undefined
  );
  await peer.untilWaiting("a", 1);
  const two = peer.acquire(body, IDEMPOTENT);
  const three = peer.acquire(body, IDEMPOTENT);
  await peer.untilWaiting("a", 1);
  impatient.abort();
  equal(await one, undefined);
  await peer.release(holder);
  const [{ expiresIn: _two, ...grant }, { expiresIn: _three, ...same }] = [await two, await three];
  deepEqual(grant, same);
});

testRest("[H-9] a request whose clients went away while it waited may be sent again", async (peer) => {
  const holder = await peer.acquire({ name: "a" });
  const body = { name: "a", wait: 60_000 };
  const leaving = new AbortController();
  const wait = peer.ask("POST /v1/locks", { ...IDEMPOTENT, body, signal: leaving.signal }).catch(() =>
    undefined
  );
  await peer.untilWaiting("a", 1);
  leaving.abort();
  await wait;
  await peer.untilWaiting("a", 0);
  const again = peer.acquire(body, IDEMPOTENT);
  await peer.untilWaiting("a", 1);
  await peer.release(holder);
  await again;
});

testRest(
  "[H-9] a request that was refused may be sent again, one whose lock has ended may not",
  async (peer) => {
    const holder = await peer.acquire({ name: "a" });
    deepEqual(codeOf(await peer.ask("POST /v1/locks", { ...IDEMPOTENT, body: { name: "a" } })), [
      423,
      "BUSY",
    ]);
    await peer.release(holder);
    const grant = await peer.acquire({ name: "a" }, IDEMPOTENT);
    await peer.release(grant);
    deepEqual(codeOf(await peer.ask("POST /v1/locks", { ...IDEMPOTENT, body: { name: "a" } })), [
      404,
      "NOT_HELD",
    ]);
    equal((await peer.ask("GET /v1/names/a")).body.free, true);
  },
);

testRest("[H-9] the same key with another request is refused", async (peer) => {
  await peer.acquire({ name: "a" }, IDEMPOTENT);
  for (const body of [{ name: "b" }, { name: "a", mode: "PR" }, { name: "a", ttl: 1_000 }]) {
    deepEqual(codeOf(await peer.ask("POST /v1/locks", { ...IDEMPOTENT, body })), [400, "BAD_REQUEST"]);
  }
  for (const key of ["", "a b", "x".repeat(256)]) {
    const headers = { "idempotency-key": key };
    equal((await peer.ask("POST /v1/locks", { headers, body: { name: "c" } })).status, 400, key);
  }
});

testRest("[H-9] the keys of locks that have ended are forgotten, the oldest first", async (peer) => {
  for (const name of ["a", "b", "c"]) {
    await peer.release(await peer.acquire({ name }, { headers: { "idempotency-key": name } }));
  }
  await peer.acquire({ name: "a" }, { headers: { "idempotency-key": "a" } });
  equal(
    (await peer.ask("POST /v1/locks", { headers: { "idempotency-key": "c" }, body: { name: "c" } })).status,
    404,
  );
}, ["--idempotency-keys-max", "2"]);

testRest(
  "[H-10] locks of one session share their key and their owner, and circles are found",
  async (peer) => {
    const a = await peer.acquire({ name: "a", owner: "task", client: { name: "one" } });
    const { session, key } = a;
    const both = { session, key };
    const b = await peer.acquire({ name: "b", owner: "task", session }, { key });
    deepEqual([b.session, b.key, b.lock], [session, key, `${session}.2`]);
    const own = await peer.ask("POST /v1/locks", {
      key,
      body: { name: "a", owner: "task", session, wait: 10_000 },
    });
    deepEqual(codeOf(own), [409, "DEADLOCK"]);
    const c = await peer.acquire({ name: "c", owner: "other" });
    const waiting = peer.ask("POST /v1/locks", {
      key: c.key,
      body: { name: "a", owner: "other", session: c.session, wait: 10_000 },
    });
    await peer.untilWaiting("a", 1);
    const circle = await peer.ask("POST /v1/locks", {
      key,
      body: { name: "c", owner: "task", session, wait: 10_000 },
    });
    deepEqual(codeOf(circle), [409, "DEADLOCK"]);
    deepEqual(circle.body.cycle.map(({ name }: { name: string }) => name), ["c", "a"]);
    await peer.release(a);
    equal((await waiting).status, 201);
    equal((await peer.ask(`GET /v1/locks/${b.lock}`, { key: both.key })).status, 200);
    await peer.release(b);
    deepEqual(codeOf(await peer.ask("POST /v1/locks", { key, body: { name: "d", session } })), [
      410,
      "SESSION_GONE",
    ]);
  },
);

testRest("[H-10] a session is its owner's: it takes its key, and keeps its client", async (peer) => {
  const { session, key } = await peer.acquire({ name: "a" });
  equal((await peer.ask("POST /v1/locks", { body: { name: "b", session } })).status, 400);
  equal((await peer.ask("POST /v1/locks", { key: "x", body: { name: "b", session } })).status, 403);
  const own = { name: "b", session, client: { name: "x" } };
  equal((await peer.ask("POST /v1/locks", { key, body: own })).status, 400);
});

testRest("[H-12] a name is free until somebody holds it above NL", async (peer, daemon) => {
  const free = async () => (await peer.ask("GET /v1/names/team/a%2Fb@c")).body.free;
  equal(await free(), true);
  await peer.acquire({ name: "team/a/b@c", mode: "NL" });
  equal(await free(), true);
  await using native = await connectRaw(daemon, "tcp");
  await native.ask({ id: 2, op: "acquire", name: "team/a/b@c", mode: "CR" });
  equal(await free(), false);
});

testRest("[H-12] what another daemon of the directory holds is not free", async (peer, daemon) => {
  await using other = startDaemon((await peer.ask("GET /v1/status")).body.directory);
  const grant = await new RestPeer(other).acquire({ name: "a" });
  const { body } = await peer.ask("GET /v1/names/a");
  deepEqual([body.free, body.outside, body.heldCount], [false, "EX", 0]);
  await new RestPeer(other).release(grant);
  equal((await peer.ask("GET /v1/names/a")).body.free, true);
  ok(daemon);
});

testRest("[H-12] a list goes page by page, and explain tells who waits for whom", async (peer) => {
  for (const name of ["x/1", "x/2", "x/3", "y"]) await peer.acquire({ name });
  const names = ({ body }: RestAnswer) => body.names.map(({ name }: { name: string }) => name);
  const first = await peer.ask("GET /v1/names?prefix=x/&limit=2");
  deepEqual([names(first), first.body.next], [["x/1", "x/2"], "x/2"]);
  const rest = await peer.ask("GET /v1/names?prefix=x/&limit=2&after=x/2");
  deepEqual([names(rest), rest.body.next], [["x/3"], null]);
  const leaving = new AbortController();
  const body = { name: "y", wait: 60_000 };
  const wait = peer.ask("POST /v1/locks", { body, signal: leaving.signal }).catch(() => undefined);
  await peer.untilWaiting("y", 1);
  const { body: { names: [y] } } = await peer.ask("GET /v1/explain/y");
  deepEqual([y.held.length, y.waiting[0].position, y.waiting[0].blockedBy.length], [1, 1, 1]);
  leaving.abort();
  await wait;
  await peer.untilWaiting("y", 0);
});

testRest("[H-13] a break hits the lock of that token alone, which then is not found", async (peer) => {
  const { lock, key, token } = await peer.acquire({ name: "a" });
  const reason = "host is gone";
  const stale = await peer.ask("POST /v1/break", { body: { name: "a", token: token - 1, reason } });
  deepEqual(codeOf(stale), [412, "STALE_TOKEN"]);
  const broken = await peer.ask("POST /v1/break", { body: { name: "a", token, reason } });
  deepEqual([broken.status, broken.body.broken[0].token], [200, token]);
  deepEqual(codeOf(await peer.ask(`POST /v1/locks/${lock}/renew`, { key })), [404, "NOT_HELD"]);
  deepEqual(codeOf(await peer.ask("POST /v1/break", { body: { name: "a", token, reason } })), [
    404,
    "NOT_HELD",
  ]);
});

testRest("[H-14] sessions are told, and one that is kicked ends with its lock or its wait", async (peer) => {
  const holder = await peer.acquire({ name: "a", client: { name: "one" } });
  const waiting = peer.ask("POST /v1/locks", { body: { name: "a", wait: 60_000, client: { name: "two" } } });
  await peer.untilWaiting("a", 1);
  const { body: { sessions } } = await peer.ask("GET /v1/sessions");
  const waiter = sessions.find(({ client }: { client: { name: string } }) => client.name === "two");
  deepEqual([waiter.transport, waiter.locks, waiter.waits], ["http", 0, 1]);
  const kick = (session: string) => peer.ask("POST /v1/kick", { body: { session, reason: "hangs" } });
  equal((await kick(waiter.session)).status, 200);
  deepEqual(codeOf(await waiting), [410, "SESSION_GONE"]);
  equal((await kick(holder.session)).status, 200);
  equal((await peer.ask(`GET /v1/locks/${holder.lock}`, { key: holder.key })).status, 404);
  equal((await peer.ask("GET /v1/names/a")).body.free, true);
  deepEqual(codeOf(await kick(holder.session)), [410, "SESSION_GONE"]);
});

testRest("[H-15] a daemon that leaves refuses waits, and waits for those who hold", async (peer, daemon) => {
  const holder = await peer.acquire({ name: "a", ttl: 60_000 });
  const waiting = peer.ask("POST /v1/locks", { body: { name: "a", wait: 60_000 } });
  await peer.untilWaiting("a", 1);
  const drain = await peer.ask("POST /v1/drain");
  deepEqual([drain.status, drain.body], [202, { closesIn: 30_000 }]);
  const refused = await waiting;
  deepEqual(codeOf(refused), [503, "DRAINING"]);
  match(refused.headers.get("retry-after") ?? "", /^\d+$/);
  deepEqual(codeOf(await peer.ask("POST /v1/locks", { body: { name: "b" } })), [503, "DRAINING"]);
  deepEqual(codeOf(await peer.ask("GET /v1/names/a")), [503, "DRAINING"]);
  equal((await peer.ask("GET /v1/status")).body.draining, true);
  const { lock, key } = holder;
  equal((await peer.ask(`POST /v1/locks/${lock}/renew`, { key })).status, 200);
  await peer.release(holder);
  await daemon.daemon.stopped;
});

testRest("[H-15] an answer that is owed when the daemon stops is still sent", async (peer, daemon) => {
  await peer.acquire({ name: "a" });
  const waiting = peer.ask("POST /v1/locks", { body: { name: "a", wait: 60_000 } });
  await peer.untilWaiting("a", 1);
  await daemon.daemon.stop();
  deepEqual(codeOf(await waiting), [503, "DRAINING"]);
});

testRest(
  "[H-20] more locks and waits than httpLocksMax are refused, and what is there stays",
  async (peer) => {
    const one = await peer.acquire({ name: "a" });
    const two = await peer.acquire({ name: "b" });
    const refused = await peer.ask("POST /v1/locks", { body: { name: "c" } });
    deepEqual(codeOf(refused), [429, "LIMIT"]);
    match(refused.body.detail, /httpLocksMax/);
    await peer.release(one);
    await peer.acquire({ name: "c" });
    equal((await peer.ask(`GET /v1/locks/${two.lock}`, { key: two.key })).status, 200);
  },
  ["--http-locks-max", "2"],
);

testRest("[H-20] a request is refused while connectionsMax connections are busy", async (peer, daemon) => {
  await using first = await connectRaw(daemon, "tcp");
  await using second = await connectRaw(daemon, "tcp");
  deepEqual(codeOf(await peer.ask("GET /v1/status")), [429, "LIMIT"]);
  second.end();
  equal((await first.ask({ id: 2, op: "ping" })).ok, true);
}, ["--connections-max", "2"]);
