// Who may do what: docs/protocol.md section 7 against a daemon with a tokens file, over both transports.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Place, startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { connectRaw, type RawMessage, type RawPeer, TRANSPORTS } from "../support/raw_peer.ts";
import { testToken, writeTokens } from "../support/tokens.ts";

interface Guarded {
  readonly place: Place;
  /** Replaces the tokens file, and has the daemon read it. */
  replace(rulesOf: Readonly<Record<string, string>>): Promise<void>;
  /** Connects, and says hello with the token of a subject, if any; more fields of the hello can be given. */
  greet(subject?: string, more?: object): Promise<{ readonly peer: RawPeer; readonly hello: RawMessage }>;
}

const RULES = {
  alice: "read,acquire:a/*",
  bob: "read,acquire,break:b/* acquire:a/*",
  ops: "read,acquire,break,admin:*",
} as const;

function guarded(
  name: string,
  play: (stage: Guarded) => Promise<void>,
  rules: Readonly<Record<string, string>> = RULES,
) {
  for (const transport of TRANSPORTS) {
    Deno.test(`${name} (${transport})`, async () => {
      using directory = temporaryDirectory();
      using files = temporaryDirectory();
      const path = `${files.path}/tokens`;
      writeTokens(path, rules);
      await using daemon = startDaemon(directory.path, ["--tokens-file", path, "--refusal-pause", "5ms"]);
      await using peers = new AsyncDisposableStack();
      await play({
        place: daemon,
        replace: async (rulesOf) => {
          writeTokens(path, rulesOf);
          await daemon.daemon.reloads.get("tokens")?.();
        },
        greet: async (subject, more = {}) => {
          const peer = peers.use(await connectRaw(daemon, transport, { hello: false }));
          const token = subject === undefined ? {} : { token: testToken(subject) };
          return { peer, hello: await peer.ask({ id: 1, op: "hello", version: 1, ...token, ...more }) };
        },
      });
    });
  }
}

guarded("[P-80] a hello without a good token is refused, and the connection closed", async ({ greet }) => {
  const messages = new Set<string>();
  for (const subject of ["eve", "Alice"]) {
    const { peer, hello } = await greet(subject);
    equal(hello.error.code, "UNAUTHENTICATED");
    messages.add(hello.error.message);
    equal(await peer.hear(), undefined);
  }
  equal(messages.size, 1);
  const { peer, hello } = await greet();
  equal(hello.error.code, "UNAUTHENTICATED");
  equal(await peer.hear(), undefined);
  const { hello: good } = await greet("alice", { client: { name: "a" } });
  equal(good.ok, true);
  equal(JSON.stringify(good).includes(testToken("alice")), false);
});

guarded("[P-80] what follows a refused hello is not carried out", async ({ greet, place }) => {
  const { peer: alice } = await greet("alice");
  await using eve = await connectRaw(place, "tcp", { hello: false });
  for (const subject of ["eve", "alice"]) {
    await eve.say({ id: 1, op: "hello", version: 1, token: testToken(subject) });
  }
  await eve.say({ id: 2, op: "acquire", name: "a/1" });
  equal((await eve.hear()).error.code, "UNAUTHENTICATED");
  equal(await eve.hear(), undefined);
  equal((await alice.ask({ id: 2, op: "who", name: "a/1" })).heldCount, 0);
});

guarded("[P-80] strangers may what the file lets them", async ({ greet }) => {
  const { peer, hello } = await greet();
  equal(hello.ok, true);
  equal((await peer.ask({ id: 2, op: "who", name: "x" })).ok, true);
  equal((await peer.ask({ id: 3, op: "acquire", name: "x" })).error.code, "DENIED");
  equal((await greet("eve")).hello.error.code, "UNAUTHENTICATED");
}, { anonymous: "read:*" });

guarded("[P-46] sessions tells whose token each was opened with", async ({ greet }) => {
  const { peer: ops } = await greet("ops");
  await greet("alice", { client: { name: "ops" } });
  const { sessions } = await ops.ask({ id: 2, op: "sessions" });
  deepEqual(sessions.map(({ subject }: { subject: string }) => subject).toSorted(), ["alice", "ops"]);
});

guarded("[I-10] [P-81] every request wants its right, and changes nothing without it", async ({ greet }) => {
  const { peer: ops } = await greet("ops");
  const { peer: alice } = await greet("alice");
  const { peer: bob } = await greet("bob");
  const token = (await ops.ask({ id: 2, op: "acquire", name: "b/1", mode: "PR" })).token;
  const session = (await ops.ask({ id: 3, op: "sessions" })).sessions[0].session;
  const requests = [
    { op: "acquire", name: "b/1", mode: "PR" },
    { op: "acquire", names: ["a/1", "b/2"] },
    { op: "who", name: "b/1" },
    { op: "explain", name: "b/1" },
    { op: "list", prefix: "b/" },
    { op: "watch", prefix: "b/" },
    { op: "break", name: "b/1", token, reason: "mine" },
    { op: "sessions" },
    { op: "kick", session, reason: "mine" },
    { op: "status" },
    { op: "drain" },
  ];
  for (const [index, request] of requests.entries()) {
    const answer = await alice.ask({ id: index + 2, ...request });
    equal(answer.error?.code, "DENIED", JSON.stringify(request));
  }
  for (const [index, request] of requests.entries()) {
    const mayBob = index < 7;
    if (request.op === "break" || index === 1) continue;
    const answer = await bob.ask({ id: index + 2, ...request });
    equal(answer.error?.code, mayBob ? undefined : "DENIED", JSON.stringify(request));
  }
  const { names } = await ops.ask({ id: 4, op: "list" });
  deepEqual(names.map((one: RawMessage) => [one.name, one.heldCount]), [["b/1", 2]]);
  equal((await bob.ask({ id: 90, op: "break", name: "b/1", token, reason: "mine" })).ok, true);
});

guarded("[P-81] what one has one may use, whatever one may begin", async ({ greet, replace }) => {
  const { peer } = await greet("alice");
  await peer.ask({ id: 2, op: "acquire", name: "a/1", mode: "PR", ttl: 60_000 });
  await replace({ ...RULES, alice: "read:z" });
  const requests = [
    { op: "ping" },
    { op: "renew", lock: 2 },
    { op: "convert", lock: 2, mode: "EX" },
    { op: "set", lock: 2, value: "v" },
    { op: "verify", lock: 2 },
    { op: "release", lock: 2 },
    { op: "releaseAll" },
    { op: "cancel", request: 99 },
  ];
  for (const [index, request] of requests.entries()) {
    equal((await peer.ask({ id: index + 3, ...request })).ok, true, JSON.stringify(request));
  }
  equal((await peer.ask({ id: 200, op: "acquire", name: "a/1" })).error.code, "DENIED");
});

guarded("[I-10] [P-82] nothing says what happens at names that may not be read", async ({ greet }) => {
  const { peer: ops } = await greet("ops", { client: { name: "top-secret" } });
  const { peer: bob } = await greet("bob");
  const heard: RawMessage[] = [];
  heard.push(await bob.ask({ id: 2, op: "watch" }));
  for (const [index, name] of ["a/1", "b/1", "c/1"].entries()) {
    await ops.ask({ id: index + 2, op: "acquire", name, reason: "top-secret" });
  }
  heard.push(await bob.ask({ id: 3, op: "acquire", name: "a/1", wait: 0 }));
  heard.push(await bob.ask({ id: 4, op: "acquire", name: "a/1", wait: 1 }));
  equal(heard[1].error.code, "BUSY");
  equal(heard[2].error.code, "TIMEOUT");
  const { names } = await bob.ask({ id: 5, op: "list" });
  deepEqual(names.map((one: RawMessage) => one.name), ["b/1"]);
  const event = await bob.hear();
  deepEqual([event.push, event.name, event.seq], ["event", "b/1", 1]);
  equal(heard.some((message) => JSON.stringify(message).includes("top-secret")), false);
  match((await bob.ask({ id: 6, op: "acquire", name: "b/1", wait: 0 })).error.message, /top-secret/);
});

guarded(
  "[P-83] a secret is of no use to another subject, and of use with another token of the same",
  async ({ greet, replace }) => {
    const { peer, hello } = await greet("alice", { grace: 60_000 });
    await peer.ask({ id: 2, op: "acquire", name: "a/1" });
    const resume = { session: hello.session, secret: hello.secret };
    peer.end();
    const { peer: ops } = await greet("ops");
    await eventually("the session is detached", async () => {
      const { sessions } = await ops.ask({ id: 2, op: "sessions" });
      return sessions.some((one: RawMessage) => one.state === "detached" && one.subject === "alice");
    });
    for (const subject of ["bob", "ops"]) {
      const { hello: refused } = await greet(subject, { resume });
      deepEqual(refused.error, {
        code: "SESSION_GONE",
        message: "Cannot resume the session: no session with that secret",
      });
    }
    equal((await greet(undefined, { resume })).hello.error.code, "UNAUTHENTICATED");
    await replace({ ...RULES, alice: "read,acquire:a/*" });
    const again = await greet("alice", { resume });
    equal(again.hello.locks.length, 1);
  },
);

guarded(
  "[P-84] a token that is taken out ends its sessions, and their locks are free",
  async ({ greet, replace }) => {
    const { peer: alice } = await greet("alice");
    const { peer: ops } = await greet("ops");
    await alice.ask({ id: 2, op: "acquire", name: "a/1" });
    await ops.say({ id: 2, op: "acquire", name: "a/1" });
    const { bob, ops: opsRules } = RULES;
    await replace({ bob, ops: opsRules });
    const closing = await alice.hear();
    equal(closing.push, "closing");
    match(closing.reason, /withdrawn/);
    equal(await alice.hear(), undefined);
    const grant = await ops.hear();
    deepEqual([grant.id, grant.ok], [2, true]);
    equal((await greet("alice")).hello.error.code, "UNAUTHENTICATED");
  },
);

guarded("[P-84] a file that cannot be used changes nothing", async ({ greet, replace }) => {
  const { peer } = await greet("alice");
  let refused: unknown;
  await replace({ alice: "write:a/*" }).catch((error) => refused = error);
  ok(refused instanceof Error);
  equal((await peer.ask({ id: 2, op: "acquire", name: "a/1" })).ok, true);
  equal((await greet("bob")).hello.ok, true);
});
