// The rules of docs/dialects.md section 3, over real sockets against real daemons.
import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import { startDaemon, startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { connectRaw } from "../support/raw_peer.ts";
import { RestPeer } from "../support/rest_peer.ts";
import { testHttpScenarios } from "./http_scenario.ts";

testHttpScenarios("double_dutch.json");

type Daemon = ReturnType<typeof startDaemon>;

function testDutch(name: string, run: (peer: RestPeer, daemon: Daemon) => Promise<void>): void {
  Deno.test(name, async () => {
    using directory = temporaryDirectory();
    await using daemon = startDaemon(directory.path);
    await run(new RestPeer(daemon), daemon);
  });
}

testDutch("[D-1] keys are random, 32 characters long, and never come twice", async (peer) => {
  const keys = new Set<string>();
  for (let round = 0; round < 20; round++) {
    const { body: key, headers } = await peer.ask("GET /getLock/a");
    match(key, /^[A-Za-z0-9_-]{32}$/);
    match(headers.get("content-type") ?? "", /^text\/plain/);
    equal(headers.get("cache-control"), "no-store");
    keys.add(key);
    await peer.ask(`GET /releaseLock/a/${key}`);
  }
  equal(keys.size, 20);
});

for (const path of ["/getLock/a?timeout=60", "/getlock?lockname=a&timeout=60"]) {
  testDutch(`[D-3] GET ${path} waits in line, and gets the lock when it is free`, async (peer, daemon) => {
    const { body: key } = await peer.ask("GET /getLock/a");
    const waiting = peer.ask(`GET ${path}`);
    await peer.untilWaiting("a", 1);
    await using native = await connectRaw(daemon, "tcp");
    equal((await native.ask({ id: 2, op: "acquire", name: "a", wait: 0 })).error.code, "BUSY");
    await peer.ask(`GET /releaseLock/a/${key}`);
    const { status, body } = await waiting;
    equal(status, 200);
    notEqual(body.sessiontoken ?? body, key);
    equal(body.lockacquired ?? true, true);
  });

  testDutch(`[D-3] GET ${path} whose client goes away leaves no waiter behind`, async (peer) => {
    await peer.ask("GET /getLock/a");
    const leaving = new AbortController();
    const wait = peer.ask(`GET ${path}`, { signal: leaving.signal }).catch(() => undefined);
    await peer.untilWaiting("a", 1);
    leaving.abort();
    await wait;
    await peer.untilWaiting("a", 0);
  });
}

testDutch("[D-3] a lock ends after its lifetime, and is in no list then", async (peer) => {
  const { body: key } = await peer.ask("GET /getLock/a/0.1");
  await eventually("it has ended", async () => (await peer.ask("GET /status")).body.locks.length === 0);
  equal((await peer.ask(`GET /releaseLock/a/${key}`)).body, "false");
  notEqual((await peer.ask("GET /getLock/a")).body, "false");
});

testDutch(
  "[D-2] the status tells the locks of DoubleDutch clients alone, without their keys",
  async (peer) => {
    await peer.acquire({ name: "rest" });
    await peer.ask("GET /getlock?lockname=b");
    const { body } = await peer.ask("GET /status");
    deepEqual(body.locks, [{ lockname: "b", sessiontoken: "", remaining: 30 }]);
  },
);

testDutch("[D-7] a key is for its own lock, in REST as well", async (peer) => {
  const { body: key } = await peer.ask("GET /getLock/a");
  const grant = await peer.acquire({ name: "b" });
  equal((await peer.ask(`DELETE /v1/locks/${grant.lock}`, { key })).status, 403);
  equal((await peer.ask(`GET /releaseLock/a/${grant.key}`)).body, "false");
});

testDutch("[D-8] a daemon that leaves gives no lock, and goes on releasing", async (peer, daemon) => {
  const { body: key } = await peer.ask("GET /getLock/a/60");
  const waiting = peer.ask("GET /getlock?lockname=a&timeout=60");
  await peer.untilWaiting("a", 1);
  const drained = daemon.daemon.drain();
  const refused = await waiting;
  deepEqual([refused.status, refused.body.lockacquired], [503, false]);
  match(refused.body.error, /^DRAINING: /);
  const old = await peer.ask("GET /getLock/b");
  deepEqual([old.status, old.body, old.headers.get("retry-after")], [503, "false", "1"]);
  equal((await peer.ask(`GET /releaseLock/a/${key}`)).body, "released");
  await drained;
});

Deno.test("[D-8] daemons of one directory stand in for each other, also for one that was killed", async () => {
  using directory = temporaryDirectory();
  await using one = await startDaemonProcess(directory.path);
  await using two = startDaemon(directory.path);
  const [first, second] = [new RestPeer(one), new RestPeer(two)];
  const { body: key } = await first.ask("GET /getLock/a/1209600");
  match(key, /^.{32}$/);
  equal((await second.ask("GET /getLock/a")).body, "false");
  equal((await second.ask(`GET /releaseLock/a/${key}`)).body, "false");
  const waiting = second.ask("GET /getlock?lockname=a&timeout=30");
  await second.untilWaiting("a", 1);
  one.kill("SIGKILL");
  equal((await waiting).body.lockacquired, true);
});

testDutch("[D-9] what a page of another site makes a browser ask takes no lock", async (peer) => {
  const foreign: readonly Record<string, string>[] = [
    { origin: "https://evil.example" },
    { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
    { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
    { "sec-fetch-site": "same-site", "sec-fetch-mode": "navigate" },
  ];
  for (const headers of foreign) {
    for (const line of ["GET /getLock/a", "GET /getlock?lockname=a"]) {
      equal((await peer.ask(line, { headers })).status, 403, `${line} ${JSON.stringify(headers)}`);
    }
  }
  deepEqual((await peer.ask("GET /status")).body.locks, []);
  const own = { "sec-fetch-site": "none", "sec-fetch-mode": "navigate" };
  equal((await peer.ask("GET /getLock/a", { headers: own })).status, 200);
});
