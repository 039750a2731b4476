// The rules of docs/rest.md section 2, over real sockets against a real daemon.
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
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

testRest("[H-5] an acquire tells all of its grant, and others see who holds it", async (peer) => {
  const answer = await peer.ask("POST /v1/locks", {
    body: {
      name: "invoice/42",
      mode: "update",
      reason: "rebill",
      labels: { page: "7" },
      client: { name: "billing-1", pid: 47 },
    },
  });
  equal(answer.status, 201);
  const { lock, session, key, expires, expiresIn, token, ...rest } = answer.body;
  deepEqual(rest, { name: "invoice/42", mode: "PW", guarantee: "local", ttl: 30_000 });
  ok(expiresIn > 0 && expiresIn <= 30_000, `${expiresIn}`);
  equal(answer.headers.get("location"), `/v1/locks/${lock}`);
  equal(lock, `${session}.1`);
  match(key, /^[A-Za-z0-9_-]{32}$/);
  const { body } = await peer.ask("GET /v1/names/invoice/42");
  const [{ since, ...holder }] = body.held;
  ok(since <= expires - 30_000);
  deepEqual(holder, {
    session,
    request: 1,
    mode: "PW",
    token,
    expires,
    client: { name: "billing-1", pid: 47 },
    reason: "rebill",
    labels: { page: "7" },
  });
});

testRest("[H-5] several names are granted all or none", async (peer) => {
  const one = await peer.acquire({ names: ["b", "a"] });
  deepEqual(one.all.map(({ name }: { name: string }) => name), ["a", "b"]);
  const refused = await peer.ask("POST /v1/locks", { body: { names: ["b", "c"] } });
  deepEqual(codeOf(refused), [423, "BUSY"]);
  await peer.release(await peer.acquire({ name: "c" }));
  await peer.release(one);
  await peer.acquire({ names: ["a", "b", "c"] });
});

testRest("[H-5] tokens grow with the grants, and keep out whoever has an old one", async (peer) => {
  const tokens: number[] = [];
  for (let round = 0; round < 5; round++) {
    const grant = await peer.acquire({ name: "a" });
    tokens.push(grant.token);
    await peer.release(grant);
  }
  deepEqual(tokens, [...new Set(tokens)].sort((a, b) => a - b));
});

testRest("[H-5] HTTP clients and native ones keep each other out", async (peer, daemon) => {
  await using native = await connectRaw(daemon, "tcp", { name: "native" });
  equal((await native.ask({ id: 2, op: "acquire", name: "a" })).ok, true);
  const refused = await peer.ask("POST /v1/locks", { body: { name: "a" } });
  deepEqual(codeOf(refused), [423, "BUSY"]);
  equal(refused.body.blockedBy[0].client.name, "native");
  const waiting = peer.acquire({ name: "a", wait: 10_000 });
  await peer.untilWaiting("a", 1);
  await native.ask({ id: 3, op: "release", lock: 2 });
  await waiting;
  equal((await native.ask({ id: 4, op: "acquire", name: "a", wait: 0 })).error.code, "BUSY");
});

testRest("[H-6] a lock ends after its time to live, and is not found then", async (peer) => {
  const grant = await peer.acquire({ name: "a", ttl: 100 });
  equal(grant.ttl, 100);
  await peer.acquire({ name: "a", wait: 5_000 });
  const { lock, key } = grant;
  for (const line of [`GET /v1/locks/${lock}`, `DELETE /v1/locks/${lock}`, `POST /v1/locks/${lock}/renew`]) {
    deepEqual(codeOf(await peer.ask(line, { key })), [404, "NOT_HELD"], line);
  }
});

testRest("[H-6] renew lets it live longer, maxHold does not", async (peer) => {
  const { lock, key, expires } = await peer.acquire({ name: "a", ttl: 60_000, maxHold: 120_000 });
  const renewed = await peer.ask(`POST /v1/locks/${lock}/renew`, { key, body: { ttl: 90_000 } });
  equal(renewed.body.ttl, 90_000);
  ok(renewed.body.expiresIn > 60_000 && renewed.body.expiresIn <= 90_000, `${renewed.body.expiresIn}`);
  ok(renewed.body.expires >= expires + 25_000);
  equal((await peer.ask(`POST /v1/locks/${lock}/renew`, { key })).body.ttl, 90_000);
  const most = await peer.ask(`POST /v1/locks/${lock}/renew`, { key, body: { ttl: 1_000_000 } });
  ok(most.body.expires <= expires + 60_000, "maxHold is the most");
});

testRest("[H-7] without wait it is tried once; with it, a time-out says who is in the way", async (peer) => {
  await peer.acquire({ name: "a", reason: "first" });
  deepEqual(codeOf(await peer.ask("POST /v1/locks", { body: { name: "a" } })), [423, "BUSY"]);
  const late = await peer.ask("POST /v1/locks", { body: { name: "a", wait: 20 } });
  deepEqual(codeOf(late), [408, "TIMEOUT"]);
  equal(late.body.blockedBy[0].reason, "first");
});

testRest("[H-7] a wait is not longer than httpWaitMsMax", async (peer) => {
  const grant = await peer.acquire({ name: "a", wait: 50 });
  for (
    const [line, key] of [["POST /v1/locks", undefined], [
      `POST /v1/locks/${grant.lock}/convert`,
      grant.key,
    ]] as const
  ) {
    const body = key ? { mode: "PR", wait: 51 } : { name: "b", wait: 51 };
    const refused = await peer.ask(line, { body, key });
    deepEqual(codeOf(refused), [429, "LIMIT"]);
    match(refused.body.detail, /httpWaitMsMax/);
  }
}, ["--http-wait-max", "50ms"]);

testRest("[H-7] a client that goes away leaves no waiter behind", async (peer) => {
  const grant = await peer.acquire({ name: "a" });
  const leaving = new AbortController();
  const wait = peer.ask("POST /v1/locks", { body: { name: "a", wait: 60_000 }, signal: leaving.signal });
  const gone = wait.then(() => "answered", (error: Error) => error.name);
  await peer.untilWaiting("a", 1);
  leaving.abort();
  equal(await gone, "AbortError");
  await peer.untilWaiting("a", 0);
  await peer.release(grant);
  equal((await peer.ask("GET /v1/names/a")).body.free, true);
  const { body } = await peer.ask("GET /v1/status");
  deepEqual([body.counts.sessions, body.counts.locks, body.counts.waiters], [0, 0, 0]);
});

testRest("[H-7] a client that goes away while it converts keeps the old mode", async (peer) => {
  const [one, two] = [
    await peer.acquire({ name: "a", mode: "PR" }),
    await peer.acquire({ name: "a", mode: "PR" }),
  ];
  const leaving = new AbortController();
  const line = `POST /v1/locks/${one.lock}/convert`;
  const wait = peer.ask(line, { key: one.key, body: { mode: "EX", wait: 60_000 }, signal: leaving.signal });
  const gone = wait.catch((error: Error) => error.name);
  await eventually("it is converting", async () => {
    const { body } = await peer.ask("GET /v1/names/a");
    return body.held.some(({ convertingTo }: { convertingTo?: string }) => convertingTo === "EX");
  });
  leaving.abort();
  equal(await gone, "AbortError");
  await eventually("nothing is converting", async () => {
    const { body } = await peer.ask("GET /v1/names/a");
    return body.held.every(({ convertingTo }: { convertingTo?: string }) => convertingTo === undefined);
  });
  await peer.release(two);
  equal((await peer.ask(`GET /v1/locks/${one.lock}`, { key: one.key })).body.mode, "PR");
});

testRest("[H-8] without the key, or with another one, nothing is done", async (peer) => {
  const [grant, other] = [await peer.acquire({ name: "a" }), await peer.acquire({ name: "b" })];
  notEqual(grant.key, other.key);
  const path = `/v1/locks/${grant.lock}`;
  const requests = [
    [`GET ${path}`, undefined],
    [`DELETE ${path}`, undefined],
    [`POST ${path}/renew`, {}],
    [`POST ${path}/convert`, { mode: "NL" }],
    [`POST ${path}/verify`, {}],
    [`PUT ${path}/value`, { value: "mine" }],
  ] as const;
  for (const [line, body] of requests) {
    deepEqual(codeOf(await peer.ask(line, { body })), [400, "BAD_REQUEST"], line);
    for (const key of [other.key, grant.key.slice(1), "x"]) {
      deepEqual(codeOf(await peer.ask(line, { body, key })), [403, "DENIED"], `${line} ${key}`);
    }
  }
  const { body } = await peer.ask(`GET ${path}`, { key: grant.key });
  deepEqual([body.mode, body.value, body.expires], ["EX", undefined, grant.expires]);
});

testRest("[H-11] a lock from look to release, by its key", async (peer) => {
  const grant = await peer.acquire({ name: "a", ttl: 60_000 });
  const { lock, key, session, token, expires } = grant;
  const path = `/v1/locks/${lock}`;
  deepEqual((await peer.ask(`GET ${path}`, { key })).body, {
    lock,
    session,
    name: "a",
    mode: "EX",
    token,
    expires,
  });
  deepEqual((await peer.ask(`POST ${path}/convert`, { key, body: { mode: "shared" } })).body, {
    lock,
    mode: "PR",
    token,
  });
  const up = await peer.ask(`POST ${path}/convert`, { key, body: { mode: "EX" } });
  ok(up.body.token > token);
  deepEqual((await peer.ask(`POST ${path}/verify`, { key })).body, { lock, token: up.body.token });
  deepEqual((await peer.ask(`PUT ${path}/value`, { key, body: { value: "page 7" } })).body, { lock });
  const told = await peer.ask(`GET ${path}`, { key });
  deepEqual([told.body.value, told.body.token], [{ text: "page 7", valid: true }, up.body.token]);
  deepEqual((await peer.ask(`DELETE ${path}`, { key })).body, { lock });
  deepEqual(codeOf(await peer.ask(`DELETE ${path}`, { key })), [404, "NOT_HELD"]);
  deepEqual((await peer.acquire({ name: "a" })).value, { text: "page 7", valid: true });
});

testRest("[H-11] a repeated release never touches a later lock", async (peer) => {
  const old = await peer.acquire({ name: "a" });
  await peer.release(old);
  const later = await peer.acquire({ name: "a" });
  deepEqual(codeOf(await peer.ask(`DELETE /v1/locks/${old.lock}`, { key: old.key })), [404, "NOT_HELD"]);
  equal((await peer.ask(`GET /v1/locks/${later.lock}`, { key: later.key })).status, 200);
});

testRest(
  "[H-11] of two conversions that wait for each other one is refused with the circle",
  async (peer) => {
    const [one, two] = [
      await peer.acquire({ name: "a", mode: "PR" }),
      await peer.acquire({ name: "a", mode: "PR" }),
    ];
    const body = { mode: "EX", wait: 10_000 };
    const first = peer.ask(`POST /v1/locks/${one.lock}/convert`, { key: one.key, body });
    await eventually("it is converting", async () => {
      const { body } = await peer.ask("GET /v1/names/a");
      return body.held.some(({ convertingTo }: { convertingTo?: string }) => convertingTo === "EX");
    });
    const second = await peer.ask(`POST /v1/locks/${two.lock}/convert`, { key: two.key, body });
    deepEqual(codeOf(second), [409, "DEADLOCK"]);
    equal(second.body.cycle.length, 2);
    await peer.release(two);
    equal((await first).body.mode, "EX");
  },
);
