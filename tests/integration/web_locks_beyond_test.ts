// What WebLocks does where the standard says nothing, or where many machines are not one browser.
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import {
  type Client,
  connect,
  LockLostError,
  LockTimeoutError,
  WebLock,
  WebLocks,
} from "../../client/mod.ts";
import { startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { eventually, within } from "../support/eventually.ts";
import { errorOf, hold, type Locks } from "../support/web_locks/lock_case.ts";

/** Runs `body` with the clients of one daemon. */
async function withClients(body: (one: Client, two: Client) => Promise<void>): Promise<void> {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path);
  await using one = await connect(daemon.url, { name: "one" });
  await using two = await connect(daemon.webSocketUrl, { name: "two" });
  await within("the case ends", body(one, two));
}

function untyped(locks: WebLocks): Locks {
  return locks as unknown as Locks;
}

Deno.test("WebLock has the token and the signal of its lock, and the lock", () =>
  withClients(async (client) => {
    const locks = new WebLocks(client);
    const kept = await locks.request("a", (lock) => {
      ok(lock instanceof WebLock);
      equal(lock.token, lock.lock.token);
      equal(lock.signal, lock.lock.signal);
      equal(String(lock), "[object Lock]");
      return lock;
    });
    equal(kept.lock.held, false);
    equal(kept.signal.aborted, false);
    ok(await locks.request("a", ({ token }) => token) > kept.token);
    equal(String(locks), "[object LockManager]");
  }));

Deno.test("WebLocks.request says of a lock what its options say: reason, labels, life", () =>
  withClients(async (client, other) => {
    const options = { reason: "rebill", labels: { team: "a" }, ttl: 60_000, maxHold: 120_000 };
    const locks = new WebLocks(client);
    for (const way of [{}, { ifAvailable: true }, { steal: true }, { mode: "shared" as const }]) {
      await locks.request("a", { ...options, ...way }, async () => {
        const [party] = (await other.who("a")).held;
        equal(party?.reason, "rebill");
        deepEqual(party?.labels, { team: "a" });
        ok(party?.expires !== undefined);
      });
    }
  }));

Deno.test("WebLocks and other programs meet at names that are both", () =>
  withClients(async (client, other) => {
    const locks = new WebLocks(client);
    await locks.request("invoice/42", async () => equal(await other.tryAcquire("invoice/42"), null));
    await locks.request("two words", async () => equal(await other.tryAcquire("two~20words"), null));
  }));

Deno.test("WebLocks.request refuses a name that is too long as a lock name", () =>
  withClients(async (client) => {
    const locks = new WebLocks(client);
    equal(await locks.request("x".repeat(200), ({ name }) => name.length), 200);
    equal(await locks.request("é".repeat(66), ({ name }) => name.length), 66);
    for (const name of ["x".repeat(201), "é".repeat(67)]) {
      await rejects(locks.request(name, () => {}), { name: "NotSupportedError" });
    }
  }));

Deno.test("WebLocks with a prefix see and hold only names that begin so", () =>
  withClients(async (client, other) => {
    const locks = new WebLocks(client, { prefix: "shop/" });
    await using elsewhere = await other.acquire("cart");
    await locks.request("cart", async ({ name, lock }) => {
      equal(name, "cart");
      equal(lock.name, "shop/cart");
      const { held } = await locks.query();
      deepEqual(held.map(({ name, lockName, clientId }) => [name, lockName, clientId]), [
        ["cart", "shop/cart", client.session],
      ]);
    });
    for (const prefix of ["/", "a b", "x/../", "x".repeat(200)]) {
      let error: unknown;
      try {
        new WebLocks(client, { prefix });
      } catch (thrown) {
        error = thrown;
      }
      ok(error instanceof TypeError, prefix);
    }
    equal(elsewhere.held, true);
  }));

Deno.test("WebLocks.query shows locks of other programs as they look to its requests, with the party", () =>
  withClients(async (client, other) => {
    const locks = new WebLocks(client);
    const modes = { CR: "shared", PR: "shared", CW: "exclusive", PW: "exclusive", EX: "exclusive" } as const;
    for (const mode of ["NL", ...Object.keys(modes)] as const) {
      await other.acquire(`m/${mode}~x`, { mode: mode as never, reason: mode });
    }
    const { held } = await locks.query();
    deepEqual(
      Object.fromEntries(held.map(({ name, mode, party }) => [name, `${mode} ${party.client?.name}`])),
      Object.fromEntries(Object.entries(modes).map(([mode, shown]) => [`m/${mode}~x`, `${shown} two`])),
    );
  }));

Deno.test("WebLocks.request is rejected with AbortError whatever the lock was lost by, and says by what", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path);
  const client = await connect(daemon.url);
  const holder = await hold(untyped(new WebLocks(client)), "a");
  await client.close();
  const error = await errorOf(holder.result);
  ok(error instanceof DOMException && error.name === "AbortError");
  ok(error.cause instanceof LockLostError && error.cause.reason === "session");
  holder.letGo();
  await rejects(new WebLocks(client).request("a", () => {}), { code: "SESSION_GONE" });
});

Deno.test("WebLocks.request with steal waits for a holder at another daemon, and then tells who it is", async () => {
  using directory = temporaryDirectory();
  await using here = startDaemon(directory.path);
  await using there = startDaemon(directory.path);
  await using far = await connect(there.url, { name: "far" });
  await using near = await connect(here.url, { name: "near" });
  const holder = await far.acquire("a", { reason: "a long job" });
  await eventually("the other daemon says who holds it", async () => (await near.who("a")).outsideHolder);
  const error = await errorOf(new WebLocks(near, { stealMs: 200 }).request("a", { steal: true }, () => {}));
  ok(error instanceof LockTimeoutError);
  equal(error.blockedBy[0]?.client?.name, "far");
  equal(holder.held, true);
  const stolen = new WebLocks(near).request("a", { steal: true }, () => "mine");
  await holder.release();
  equal(await within("the steal", stolen), "mine");
  deepEqual((await near.who("a")).held, []);
});

Deno.test("WebLocks fits the type that browsers give navigator.locks", async () => {
  using directory = temporaryDirectory();
  const path = `${directory.path}/fits.ts`;
  const mod = new URL("../../client/mod.ts", import.meta.url);
  Deno.writeTextFileSync(
    path,
    `/// <reference lib="dom" />
import { type Client, WebLocks } from "${mod}";
declare const client: Client;
const manager: LockManager = new WebLocks(client);
await manager.request("a", { ifAvailable: true }, (lock: Lock | null) => lock?.name);
`,
  );
  Deno.writeTextFileSync(
    `${directory.path}/deno.json`,
    JSON.stringify({
      compilerOptions: { lib: ["esnext", "dom", "deno.ns"], exactOptionalPropertyTypes: true },
    }),
  );
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", "--config", `${directory.path}/deno.json`, path],
    env: { NO_COLOR: "1" },
  }).output();
  ok(success, new TextDecoder().decode(stderr));
});
