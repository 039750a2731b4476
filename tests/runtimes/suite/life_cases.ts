/**
 * Cases about how locks live and end, and what their holders are told. A holder whose thread stands still
 * belongs here.
 *
 * @module
 */
import { type Lock, LockLostError, type Party } from "@distrilock/client";
import { aborted, equal, eventually, failure, ok, within } from "./check.ts";
import type { Cases } from "./stage.ts";

/**
 * A life that is long enough for what has to be done within a third of it, also where many tests share a
 * machine. In milliseconds.
 */
const LEISURE_MS = 2_000;

/** Lives and ends. */
export const LIFE_CASES: Cases = {
  "a lock with a ttl is renewed by the client": async (stage) => {
    const client = await stage.open();
    const lock = await client.acquire(stage.name(), { ttl: LEISURE_MS });
    const first = lock.expires;
    ok(first !== undefined, "it says when it ends");
    await eventually("a renewal", () => lock.expires! > first);
    ok(lock.held && !lock.signal.aborted, "it is still held");
    ok(await lock.verify(), "the kernel says so");
    await lock.release();
  },

  "a lock that nobody renews warns, and then aborts its signal": async (stage) => {
    const client = await stage.open();
    let warned: Lock | undefined;
    const onExpiring = (lock: Lock) => {
      warned = lock;
    };
    const lock = await client.acquire(stage.name(), { ttl: LEISURE_MS, renew: false, onExpiring });
    ok(lock.remaining() <= LEISURE_MS, "it knows how long it lives");
    const reason = await aborted(lock.signal);
    ok(reason instanceof LockLostError && reason.reason === "expired", `${reason}`);
    ok(warned === lock, "it was warned before");
    equal([lock.held, lock.remaining()], [false, 0]);
    await failure(lock.release(), LockLostError);
    await (await client.acquire(stage.name(), { wait: 5_000 })).release();
  },

  "renew by hand lets a lock live on": async (stage) => {
    const client = await stage.open();
    const lock = await client.acquire(stage.name(), { ttl: LEISURE_MS, renew: false });
    await lock.renew(60_000);
    ok(lock.remaining() > 30_000, "it lives longer");
    await lock.release();
  },

  "maxHold ends a lock that is renewed": async (stage) => {
    const client = await stage.open();
    const lock = await client.acquire(stage.name(), { ttl: 60_000, maxHold: LEISURE_MS });
    const reason = await aborted(lock.signal);
    ok(reason instanceof LockLostError && reason.reason === "max-hold", `${reason}`);
  },

  "a lock that is broken tells its holder": async (stage) => {
    const [client, admin] = [await stage.open(), await stage.open()];
    const lock = await client.acquire(stage.name());
    const stale = admin.break(stage.name(), { token: lock.token + 1, reason: "wrong token" });
    await failure(stale, Error);
    ok(lock.held, "another token breaks nothing");
    const broken = await admin.break(stage.name(), { token: lock.token, reason: "it hangs" });
    equal(broken.length, 1);
    const reason = await aborted(lock.signal);
    ok(reason instanceof LockLostError, `${reason}`);
    equal([reason.code, reason.reason, reason.lockName, reason.token], [
      "NOT_HELD",
      "broken",
      stage.name(),
      lock.token,
    ]);
    ok(!await lock.verify(), "the server says the same");
  },

  "a value is left for the next holder": async (stage) => {
    const client = await stage.open();
    const first = await client.acquire(stage.name());
    equal(first.value, undefined);
    await first.setValue("page 7 — näxt");
    await first.release();
    const second = await client.acquire(stage.name());
    equal([second.value?.text, second.value?.valid], ["page 7 — näxt", true]);
    await second.release();
  },

  "onYield is called when somebody waits": async (stage) => {
    const [one, other] = [await stage.open(), await stage.open("the next one")];
    const asked: Party[] = [];
    const lock = await one.acquire(stage.name(), {
      onYield: (held, by) => {
        asked.push(by);
        void held.release();
      },
    });
    const next = await within("the grant", other.acquire(stage.name()));
    equal(asked.map(({ client }) => client?.name), ["the next one"]);
    ok(!lock.held, "it was given up");
    await next.release();
  },
};
