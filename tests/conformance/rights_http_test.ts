// Who may do what over HTTP: REST, events and DoubleDutch against a daemon with a tokens file.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { type RestAnswer, type RestBody, type RestOptions, RestPeer } from "../support/rest_peer.ts";
import { testToken, writeTokens } from "../support/tokens.ts";

interface Guarded {
  /** Asks as a subject, or as a stranger. */
  as(subject?: string): (line: string, options?: RestOptions) => Promise<RestAnswer>;
  /** The same, of an answer that does not end. */
  open(subject: string, line: string, signal: AbortSignal): Promise<Response>;
  replace(rulesOf: Readonly<Record<string, string>>): Promise<void>;
}

const RULES = {
  alice: "read,acquire:a/*",
  bob: "read,acquire,break:b/* acquire:a/*",
  ops: "read,acquire,break,admin:*",
};

function guarded(name: string, play: (stage: Guarded) => Promise<void>, flags: readonly string[] = []): void {
  Deno.test(name, async () => {
    using directory = temporaryDirectory();
    using files = temporaryDirectory();
    const path = `${files.path}/tokens`;
    writeTokens(path, RULES);
    const own = ["--tokens-file", path, "--refusal-pause", "1ms"];
    await using daemon = startDaemon(directory.path, [...own, ...flags]);
    const peer = new RestPeer(daemon);
    const headersOf = (subject?: string): Record<string, string> =>
      subject === undefined ? {} : { authorization: `Bearer ${testToken(subject)}` };
    await play({
      as: (subject) => (line, options = {}) =>
        peer.ask(line, { ...options, headers: { ...options.headers, ...headersOf(subject) } }),
      open: (subject, line, signal) => peer.open(line, { headers: headersOf(subject), signal }),
      replace: async (rulesOf) => {
        writeTokens(path, rulesOf);
        await daemon.daemon.reloads.get("tokens")?.();
      },
    });
  });
}

const REQUESTS: readonly (readonly [line: string, body?: object])[] = [
  ["POST /v1/locks", { name: "b/1", wait: 0 }],
  ["POST /v1/locks", { names: ["a/1", "b/1"], wait: 0 }],
  ["GET /v1/names/b/1"],
  ["GET /v1/explain/b/1"],
  ["GET /v1/names?prefix=b/"],
  ["GET /v1/events?prefix=b/"],
  ["POST /v1/break", { name: "b/1", token: 1, reason: "mine" }],
  ["GET /v1/status"],
  ["GET /v1/sessions"],
  ["POST /v1/kick", { session: "x", reason: "mine" }],
  ["POST /v1/drain"],
];
const DUTCH = ["GET /getLock/b%2F1/60", "GET /getlock?lockname=b/1&lifetime=60", "GET /status"];

function askAll(ask: ReturnType<Guarded["as"]>): Promise<RestAnswer[]> {
  return Promise.all(REQUESTS.map(([line, body]) => {
    const headers = line.startsWith("GET /v1/events") ? { accept: "text/event-stream" } : {};
    return ask(line, { headers, ...(body ? { body } : {}) });
  }));
}

guarded("[H-21] [P-80] every route wants a token, in the header and nowhere else", async ({ as }) => {
  for (const subject of [undefined, "eve"]) {
    for (const { status, body, headers } of await askAll(as(subject))) {
      deepEqual([status, body.code], [401, "UNAUTHENTICATED"]);
      equal(headers.get("www-authenticate"), "Bearer");
    }
    for (const line of DUTCH) ok([401, 200].includes((await as(subject)(line)).status), line);
    equal((await as(subject)("GET /getLock/b%2F1/60")).body, "false");
  }
  const inUrl = await as()(`GET /v1/names?prefix=a/&token=${testToken("ops")}`);
  equal(inUrl.status === 400 || inUrl.status === 401, true);
  deepEqual((await as("ops")("GET /v1/names")).body.names, []);
});

guarded("[I-10] [P-81] every route wants its right, and changes nothing without it", async ({ as }) => {
  for (const [index, { status, body }] of (await askAll(as("alice"))).entries()) {
    deepEqual([status, body.code], [403, "DENIED"], REQUESTS[index]?.[0]);
  }
  equal((await as("alice")("GET /getLock/b%2F1/60")).body, "false");
  deepEqual((await as("ops")("GET /v1/names")).body.names, []);
  equal((await as("alice")("POST /v1/locks", { body: { name: "a/1" } })).status, 201);
  equal((await as("ops")("GET /v1/status")).status, 200);
});

guarded("[I-10] [P-82] lists, names and refusals say nothing of what may not be read", async ({ as }) => {
  const reason = "top-secret";
  for (const name of ["a/1", "b/1", "c/1"]) {
    equal(
      (await as("ops")("POST /v1/locks", { body: { name, reason, client: { name: reason } } })).status,
      201,
    );
  }
  const { body: { names, next } } = await as("bob")("GET /v1/names?limit=1");
  deepEqual([names.map(({ name }: RestBody) => name), next], [["b/1"], null]);
  for (const wait of [0, 1]) {
    const { status, body } = await as("bob")("POST /v1/locks", { body: { name: "a/1", wait } });
    ok([423, 408].includes(status));
    equal(JSON.stringify(body).includes(reason), false);
    equal(body.blockedBy, undefined);
  }
  match((await as("bob")("POST /v1/locks", { body: { name: "b/1", wait: 0 } })).body.detail, /top-secret/);
});

guarded("[I-10] [P-82] a stream of events tells of names that may be read", async ({ as, open }) => {
  const leaving = new AbortController();
  const response = await open("bob", "GET /v1/events", leaving.signal);
  equal(response.status, 200);
  for (const name of ["a/1", "c/1", "b/1"]) await as("ops")("POST /v1/locks", { body: { name } });
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (text.includes("b/1")) break;
  }
  ok(!text.includes("a/1") && !text.includes("c/1"), text);
  leaving.abort();
});

guarded(
  "[P-83] a lock's key is of no use to another subject, nor its session, nor its Idempotency-Key",
  async ({ as }) => {
    const headers = { "idempotency-key": "one-and-only" };
    const { body: { lock, key, session, token } } = await as("alice")("POST /v1/locks", {
      body: { name: "a/1" },
      headers,
    });
    for (const subject of ["bob", "ops"]) {
      for (
        const [line, body] of [
          [`GET /v1/locks/${lock}`, undefined],
          [`DELETE /v1/locks/${lock}`, undefined],
          [`POST /v1/locks/${lock}/renew`, {}],
          [`POST /v1/locks/${lock}/convert`, { mode: "PR" }],
          [`POST /v1/locks/${lock}/verify`, {}],
          [`PUT /v1/locks/${lock}/value`, { value: "v" }],
          ["POST /v1/locks", { name: "a/2", session }],
        ] as const
      ) {
        const answer = await as(subject)(line, { key, ...(body ? { body } : {}) });
        deepEqual([answer.status, answer.body.code], [403, "DENIED"], line);
      }
      const repeated = await as(subject)("POST /v1/locks", { body: { name: "a/1", wait: 0 }, headers });
      equal(repeated.status, 423);
      equal(JSON.stringify(repeated.body).includes(key), false);
    }
    equal((await as("alice")(`GET /v1/locks/${lock}`, { key })).body.token, token);
    equal((await as("alice")(`DELETE /v1/locks/${lock}`, { key })).status, 200);
  },
);

guarded("[H-21] [P-83] DoubleDutch tells and takes keys of a subject's own locks alone", async ({ as }) => {
  const key = (await as("alice")("GET /getLock/a%2F1/60?auth=k")).body;
  match(key, /^[\w-]{32}$/);
  equal((await as("bob")(`GET /releaseLock/a%2F1/${key}?auth=k`)).body, "false");
  deepEqual((await as("bob")("GET /status?auth=k")).body.locks, []);
  const [seen] = (await as("ops")("GET /status?auth=k")).body.locks;
  deepEqual([seen.lockname, seen.sessiontoken], ["a/1", ""]);
  equal((await as("alice")("GET /status?auth=k")).body.locks[0].sessiontoken, key);
  equal((await as()("GET /status?auth=k")).status, 401);
  equal((await as("alice")("GET /status?auth=wrong")).status, 401);
  equal((await as("alice")(`GET /releaseLock/a%2F1/${key}?auth=k`)).body, "released");
}, ["--api-key", "k"]);

guarded(
  "[P-84] a lock over HTTP ends with its token, and goes on with another of the same subject",
  async ({ as, replace }) => {
    const { body: { lock, key } } = await as("alice")("POST /v1/locks", { body: { name: "a/1" } });
    await replace({ ...RULES, alice: "acquire:a/*" });
    equal((await as("alice")(`POST /v1/locks/${lock}/renew`, { key, body: {} })).status, 200);
    const { bob, ops } = RULES;
    await replace({ bob, ops });
    equal((await as("alice")(`GET /v1/locks/${lock}`, { key })).status, 401);
    await eventually("the lock is free", async () => {
      return (await as("ops")("POST /v1/locks", { body: { name: "a/1", wait: 0 } })).status === 201;
    });
  },
);
