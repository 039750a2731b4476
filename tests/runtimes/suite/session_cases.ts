/**
 * Cases about sessions: how they begin and end.
 *
 * @module
 */
import { ConnectionError, LockError, LockLostError } from "@distrilock/client";
import { aborted, equal, failure, ok, within } from "./check.ts";
import type { Cases } from "./stage.ts";

/** Sessions. */
export const SESSION_CASES: Cases = {
  "connect says hello, and hears who answers": async (stage) => {
    const client = await stage.open("hello");
    ok(client.session.length > 0, "the session has an id");
    equal(client.guarantee, "local");
    ok(/^\d+\.\d+\.\d+/.test(client.server.version), "the server tells its version");
    const holder = await client.acquire(stage.name());
    equal((await client.who(stage.name())).held[0]?.client?.name, "hello");
    await holder.release();
  },

  "close ends the locks, and says that nobody else did": async (stage) => {
    const client = await stage.open();
    const lock = await client.acquire(stage.name());
    await client.close();
    equal(await client.closed, null);
    ok(lock.signal.reason instanceof LockLostError, "the signal of the lock is aborted");
    equal(lock.signal.reason.reason, "session");
    equal((await failure(client.acquire(stage.name()), ConnectionError)).code, "SESSION_GONE");
    const other = await stage.open();
    ok(await other.tryAcquire(stage.name()), "the lock is free");
  },

  "a client can be disposed of with await using": async (stage) => {
    let closed: Promise<unknown>;
    {
      await using client = await stage.open();
      closed = client.closed;
      await client.acquire(stage.name());
    }
    equal(await closed, null);
    ok(await (await stage.open()).tryAcquire(stage.name()), "its lock is free");
  },

  "a session that is kicked is told so": async (stage) => {
    const [client, admin] = [await stage.open("case", { reconnect: false }), await stage.open()];
    const lock = await client.acquire(stage.name());
    await admin.administrator.kick(client.session, "maintenance");
    await aborted(lock.signal);
    ok(await within("the end of the client", client.closed) instanceof ConnectionError, "it says why");
  },

  "errors have a code": async (stage) => {
    const client = await stage.open();
    equal((await failure(client.acquire("../a"), LockError)).code, "BAD_REQUEST");
    const never = client.break(stage.name(), { token: 1, reason: "none" });
    equal((await failure(never, LockError)).code, "NOT_HELD");
    const nobody = client.administrator.kick("nobody", "none");
    equal((await failure(nobody, LockError)).code, "SESSION_GONE");
  },
};
