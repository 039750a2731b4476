// The rules of docs/rest.md section 1: what holds for every request, over real sockets.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { ERROR_CODES, type ErrorCode } from "../../client/protocol/codes.ts";
import { type Problem, problemOf, STATUS_OF } from "../../server/dialect/rest_problem.ts";
import { startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { within } from "../support/eventually.ts";
import { type RestOptions, RestPeer } from "../support/rest_peer.ts";

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

const LOCKS = "POST /v1/locks";

/** Requests that are none, with what the message names. */
const BAD: readonly [line: string, options: RestOptions, names: RegExp][] = [
  [LOCKS, { body: {} }, /field name/],
  [LOCKS, {}, /field name/],
  [LOCKS, { body: { name: "../a" } }, /field name/],
  [LOCKS, { body: { name: "a", names: ["b"] } }, /field names/],
  [LOCKS, { body: { names: ["a", "a"] } }, /field names/],
  [LOCKS, { body: { name: "a", mode: "ex" } }, /field mode/],
  [LOCKS, { body: { name: "a", wait: -1 } }, /field wait/],
  [LOCKS, { body: { name: "a", wait: "1" } }, /field wait/],
  [LOCKS, { body: { name: "a", ttl: 99 } }, /field ttl/],
  [LOCKS, { body: { name: "a", ttl: null } }, /field ttl/],
  [LOCKS, { body: { name: "a", maxHold: 1 } }, /field maxHold/],
  [LOCKS, { body: { name: "a", yield: true } }, /field yield/],
  [LOCKS, { body: { name: "a", id: 7 } }, /field id/],
  [LOCKS, { body: { name: "a", op: "acquire" } }, /field op/],
  [LOCKS, { body: { name: "a", tll: 100 } }, /field tll/],
  [LOCKS, { body: '{"name":"a","__proto__":1}' }, /field __proto__/],
  [LOCKS, { body: { name: "a", client: { nom: "x" } } }, /field client.nom/],
  [LOCKS, { body: { name: "a", client: "x" } }, /field client/],
  [LOCKS, { body: { name: "a", session: 7 } }, /field session/],
  [LOCKS, { body: { name: "a", reason: "x\ny" } }, /field reason/],
  [LOCKS, { body: "[]" }, /object/],
  [LOCKS, { body: "{" }, /JSON/],
  [LOCKS, { body: Uint8Array.of(0x22, 0xff, 0x22) }, /UTF-8/],
  ["GET /v1/names?limit=0", {}, /field limit/],
  ["GET /v1/names?limit=x", {}, /field limit/],
  ["GET /v1/names?limit=1&limit=2", {}, /"limit"/],
  ["GET /v1/names?name=a", {}, /field name/],
  ["GET /v1/names?prefix=%20", {}, /field prefix/],
  ["GET /v1/names/a%20b", {}, /field name/],
  ["GET /v1/names/%FF", {}, /%FF/],
  ["GET /v1/names/a?x=1", {}, /field x/],
  ["GET /v1/status?key=secret", {}, /field key/],
  ["POST /v1/locks?key=secret", { body: { name: "a" } }, /field key/],
  ["GET /v1/explain/a?op=who", {}, /field op/],
  ["GET /v1/events?name=a", {}, /field name/],
  ["GET /v1/sessions?prefix=a", {}, /field prefix/],
  ["POST /v1/break", { body: { name: "a", token: 1 } }, /field reason/],
  ["POST /v1/break", { body: { name: "a", token: 1, reason: "" } }, /field reason/],
  ["POST /v1/kick", { body: { session: "s" } }, /field reason/],
  ["POST /v1/drain", { body: { force: true } }, /field force/],
];

testRest(
  "[H-1] a field that is missing, wrong or not known is refused by name, and nothing is done",
  async (peer) => {
    for (const [line, options, names] of BAD) {
      const { status, body, headers } = await peer.ask(line, options);
      const shown = `${line} ${JSON.stringify(options)}: ${JSON.stringify(body)}`;
      deepEqual([status, body.code], [400, "BAD_REQUEST"], shown);
      match(body.detail, names, shown);
      equal(headers.get("content-type"), "application/problem+json");
    }
    const { body } = await peer.ask("GET /v1/status");
    deepEqual([body.draining, body.counts.sessions, body.counts.locks], [false, 0, 0]);
  },
);

testRest("[H-1] a body is JSON and says so, and is as long as a frame at most", async (peer) => {
  const cases: readonly [RestOptions, status: number][] = [
    [{ body: "name=a", headers: { "content-type": "application/x-www-form-urlencoded" } }, 415],
    [{ body: '{"name":"a"}', headers: { "content-type": "text/plain" } }, 415],
    [{ body: '{"name":"a"}', headers: { "content-encoding": "gzip" } }, 415],
    [{ body: `{"name":"a","reason":"${"x".repeat(5_000)}"}` }, 413],
    [{ body: new Uint8Array(4_097) }, 413],
    [{ body: '{"name":"a"}', headers: { "content-type": "Application/JSON; charset=utf-8" } }, 201],
  ];
  for (const [options, status] of cases) {
    const answer = await peer.ask(LOCKS, options);
    equal(answer.status, status, JSON.stringify([options.headers, answer.body]));
    equal(answer.headers.get("cache-control"), "no-store");
  }
}, ["--frame-bytes-max", "4096"]);

async function sayRaw({ httpPort }: Daemon, text: string): Promise<string> {
  using socket = await Deno.connect({ port: httpPort });
  await socket.write(new TextEncoder().encode(text));
  const [buffer, decoder] = [new Uint8Array(4_096), new TextDecoder()];
  let heard = "";
  while (!heard.includes("\r\n\r\n")) {
    const count = await within("an answer", socket.read(buffer));
    if (count === null) break;
    heard += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
  return heard;
}

const HEAD = "POST /v1/locks HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";

testRest("[H-1] a body that does not come is not waited for", async (_peer, daemon) => {
  match(await sayRaw(daemon, `${HEAD}content-length: 12\r\n\r\n{"na`), /^HTTP\/1.1 408 /);
}, ["--hello-timeout", "50ms"]);

testRest("[H-1] a body that does not say how long it is ends where it is too long", async (_peer, daemon) => {
  const chunks = `1000\r\n${" ".repeat(4_096)}\r\n`.repeat(2);
  match(await sayRaw(daemon, `${HEAD}transfer-encoding: chunked\r\n\r\n${chunks}`), /^HTTP\/1.1 413 /);
}, ["--frame-bytes-max", "4096"]);

Deno.test("[H-2] every code has the status of the table, and a problem document", () => {
  const statuses: Record<ErrorCode, number> = {
    TIMEOUT: 408,
    BUSY: 423,
    CANCELLED: 499,
    DEADLOCK: 409,
    NOT_HELD: 404,
    STALE_TOKEN: 412,
    SESSION_GONE: 410,
    QUEUE_FULL: 429,
    LIMIT: 429,
    BAD_REQUEST: 400,
    UNAUTHENTICATED: 401,
    DENIED: 403,
    DRAINING: 503,
    STORE_UNAVAILABLE: 503,
    UNSUPPORTED: 501,
    INTERNAL: 500,
  };
  deepEqual(STATUS_OF, statuses);
  for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
    const { title, ...problem }: Problem = problemOf({ code, message: "Cannot: so" });
    const status: number = STATUS_OF[code];
    deepEqual(problem, { type: `urn:distrilock:error:${code}`, status, detail: "Cannot: so", code });
    ok(title.length > 3 && title !== "Error", code);
  }
});

testRest("[H-2] a full queue is told with the time after which to come again", async (peer) => {
  await peer.acquire({ name: "a" });
  const leaving = new AbortController();
  const wait = peer.ask(LOCKS, { body: { name: "a", wait: 60_000 }, signal: leaving.signal }).catch(() =>
    undefined
  );
  await peer.untilWaiting("a", 1);
  const full = await peer.ask(LOCKS, { body: { name: "a", wait: 60_000 } });
  deepEqual([full.status, full.body.code], [429, "QUEUE_FULL"]);
  equal(full.headers.get("retry-after"), "1");
  leaving.abort();
  await wait;
  await peer.untilWaiting("a", 0);
}, ["--waiters-per-session-max", "1", "--queue-length-max", "1"]);

testRest("[H-3] what HTTP itself refuses has its own status", async (peer) => {
  const cases: readonly [line: string, headers: Record<string, string>, status: number, allow?: string][] = [
    ["GET /web/", {}, 404],
    ["GET /v1", {}, 404],
    ["GET /v1/lock", {}, 404],
    ["GET /v1/locks", {}, 405, "POST, OPTIONS"],
    ["PATCH /v1/locks/x.1", {}, 405, "GET, DELETE, HEAD, OPTIONS"],
    ["POST /v1/locks/x.1/value", {}, 405, "PUT, OPTIONS"],
    ["DELETE /v1/names/a/b", {}, 405, "GET, HEAD, OPTIONS"],
    ["GET /v1/break", {}, 405, "POST, OPTIONS"],
    ["GET /v1/status", { accept: "text/html" }, 406],
    ["GET /v1/status", { accept: "application/json;q=0, */*" }, 406],
    ["GET /v1/events", { accept: "application/json" }, 406],
    ["GET /v1/ws", {}, 426],
  ];
  for (const [line, headers, status, allow] of cases) {
    const answer = await peer.ask(line, { headers });
    deepEqual([answer.status, answer.body.status, answer.body.code], [status, status, "BAD_REQUEST"], line);
    equal(answer.headers.get("allow"), allow ?? null, line);
  }
  for (const accept of ["*/*", "application/*", "text/html, application/json;q=0.1", ""]) {
    equal((await peer.ask("GET /v1/status", { headers: { accept } })).status, 200, accept);
  }
});

testRest("[H-3] HEAD tells what GET would without a body, and OPTIONS the methods", async (peer) => {
  for (const path of ["/v1/status", "/v1/names/a", "/v1/events", "/v1/openapi.json"]) {
    const answer = await peer.ask(`HEAD ${path}`);
    deepEqual([answer.status, answer.body], [200, undefined], path);
  }
  equal((await peer.ask("GET /v1/sessions")).body.sessions.length, 0, "no stream was opened");
  const [head, get] = [await peer.ask("HEAD /v1/openapi.json"), await peer.ask("GET /v1/openapi.json")];
  equal(head.headers.get("content-length"), get.headers.get("content-length"));
  const options = await peer.ask("OPTIONS /v1/locks/x.1");
  deepEqual([options.status, options.headers.get("allow")], [204, "GET, DELETE, HEAD, OPTIONS"]);
  equal((await peer.ask("OPTIONS /v1/nothing")).status, 404);
});

testRest(
  "[H-4] a page of another origin is refused before anything is done, one of ours is not",
  async (peer, daemon) => {
    const body = { name: "a" };
    const foreign: readonly Record<string, string>[] = [
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: `http://127.0.0.1:${daemon.httpPort + 1}` },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" },
    ];
    for (const headers of foreign) {
      const answer = await peer.ask(LOCKS, { headers, body });
      deepEqual([answer.status, answer.body.code], [403, "DENIED"], JSON.stringify(headers));
      equal(answer.headers.get("access-control-allow-origin"), null);
    }
    equal((await peer.ask("GET /v1/names/a")).body.free, true);
    const preflight = { origin: "https://evil.example", "access-control-request-method": "POST" };
    equal((await peer.ask("OPTIONS /v1/locks", { headers: preflight })).status, 403);
    const own = { origin: `http://127.0.0.1:${daemon.httpPort}`, "sec-fetch-site": "same-origin" };
    equal((await peer.ask(LOCKS, { headers: own, body })).status, 201);
    const link = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    equal((await peer.ask("GET /v1/status", { headers: link })).status, 200);
  },
);
