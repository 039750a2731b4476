/**
 * Cases about locks: getting them, waiting for them, changing them, giving them back.
 *
 * @module
 */
import { LockError, LockTimeoutError } from "@distrilock/client";
import { equal, failure, ok, rejection, within } from "./check.ts";
import type { Cases } from "./stage.ts";

/** How often an abort meets a grant, so that each comes first now and then. */
const RACES = 12;

/** Locks and waits. */
export const LOCK_CASES: Cases = {
  "acquire waits until the lock is released": async (stage) => {
    const [one, other] = [await stage.open(), await stage.open()];
    const first = await one.acquire(stage.name());
    const waiting = other.acquire(stage.name());
    await stage.waiters(one, stage.name(), 1);
    await first.release();
    const second = await within("the grant", waiting);
    ok(second.token > first.token, "tokens grow");
    equal([first.held, second.held, second.name, second.mode], [false, true, stage.name(), "EX"]);
    await second.release();
    await second.release();
  },

  "tryAcquire gives null while somebody else holds the lock": async (stage) => {
    const [one, other] = [await stage.open(), await stage.open()];
    const lock = await one.acquire(stage.name());
    equal(await other.tryAcquire(stage.name()), null);
    await lock.release();
    const free = await other.tryAcquire(stage.name());
    ok(free, "it is free");
    await free.release();
  },

  "request holds the lock while its body runs": async (stage) => {
    const [one, other] = [await stage.open(), await stage.open()];
    const result = await one.request(stage.name(), { reason: "work" }, async (lock) => {
      equal(await other.tryAcquire(stage.name()), null);
      return lock.token;
    });
    ok(result > 0, "it gives the result of the body");
    const thrown = new Error("body");
    const failing = one.request(stage.name(), () => Promise.reject(thrown));
    ok(await rejection(failing) === thrown, "an error of the body is not hidden");
    ok(await other.tryAcquire(stage.name()), "it is free after both");
  },

  "await using gives a lock back": async (stage) => {
    const client = await stage.open();
    {
      await using lock = await client.acquire(stage.name());
      ok(lock.held, "it is held");
      equal(await client.tryAcquire(stage.name()), null);
    }
    ok(await client.tryAcquire(stage.name()), "it is free");
  },

  "modes: readers share, a writer does not": async (stage) => {
    const [one, other] = [await stage.open(), await stage.open()];
    const reader = await one.acquire(stage.name(), { mode: "shared" });
    equal(reader.mode, "PR");
    const second = await other.tryAcquire(stage.name(), { mode: "PR" });
    ok(second, "readers share");
    for (const mode of ["PW", "CW"] as const) equal(await other.tryAcquire(stage.name(), { mode }), null);
    equal(await one.tryAcquire(stage.name()), null);
    ok(await one.tryAcquire(stage.name(), { mode: "CR" }), "CR goes with readers");
  },

  "several names are one lock, all or none": async (stage) => {
    const [one, other] = [await stage.open(), await stage.open()];
    const [a, b] = [stage.name("a"), stage.name("b")];
    const held = await one.acquire(b);
    equal(await other.tryAcquire([a, b]), null);
    ok(await one.tryAcquire(a).then((lock) => lock?.release().then(() => true)), "nothing is left of it");
    await held.release();
    const both = await other.acquire([b, a]);
    equal(both.names, [a, b]);
    equal([...both.tokens.keys()], [a, b]);
    equal([await one.tryAcquire(a), await one.tryAcquire(b)], [null, null]);
    await both.release();
  },

  "a wait that runs out is a LockTimeoutError that says because of whom": async (stage) => {
    const [one, other] = [await stage.open("in the way"), await stage.open()];
    const held = await one.acquire(stage.name(), { reason: "inventory", labels: { job: "7" } });
    const error = await failure(other.acquire(stage.name(), { wait: 30 }), LockTimeoutError);
    equal(error.code, "TIMEOUT");
    const [by] = error.blockedBy;
    equal([by?.client?.name, by?.reason, by?.mode, by?.labels], ["in the way", "inventory", "EX", {
      job: "7",
    }]);
    const busy = await failure(other.acquire(stage.name(), { wait: 0 }), LockError);
    equal([busy.code, busy.blockedBy.length], ["BUSY", 1]);
    await held.release();
  },

  "an abort ends a wait, and nothing is left of it": async (stage) => {
    const [one, other] = [await stage.open(), await stage.open()];
    const held = await one.acquire(stage.name());
    const controller = new AbortController();
    const reason = new Error("enough");
    const waiting = rejection(other.acquire(stage.name(), { signal: controller.signal }));
    await stage.waiters(one, stage.name(), 1);
    controller.abort(reason);
    ok(await waiting === reason, "it is the reason itself");
    equal((await one.who(stage.name())).waitingCount, 0);
    await held.release();
    ok(await one.tryAcquire(stage.name()), "nobody else has it");
  },

  "an abort that races a grant leaves a lock or nothing": async (stage) => {
    const [one, other] = [await stage.open(), await stage.open()];
    const reason = new Error("enough");
    for (let race = 0; race < RACES; race++) {
      const held = await one.acquire(stage.name(), { wait: 5_000 });
      const controller = new AbortController();
      const waiting = other.acquire(stage.name(), { signal: controller.signal });
      const outcome = waiting.then((lock) => lock.release(), (error) => ok(error === reason, `${error}`));
      await stage.waiters(one, stage.name(), 1);
      const releasing = held.release();
      if (race % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      controller.abort(reason);
      await Promise.all([releasing, within("the end of the wait", outcome)]);
      const { heldCount, waitingCount } = await one.who(stage.name());
      equal([heldCount, waitingCount], [0, 0]);
    }
  },

  "convert changes the mode in place": async (stage) => {
    const [one, other] = [await stage.open(), await stage.open()];
    const lock = await one.acquire(stage.name(), { mode: "PR" });
    const { token } = lock;
    const reader = await other.acquire(stage.name(), { mode: "PR" });
    equal((await failure(lock.convert("EX", { wait: 0 }), LockError)).code, "BUSY");
    equal([lock.mode, lock.held], ["PR", true]);
    const converting = lock.convert("EX");
    await reader.release();
    await within("the conversion", converting);
    equal(lock.mode, "EX");
    ok(lock.token > token, "a conversion upward has a new token");
    await lock.convert("CR");
    ok(await other.tryAcquire(stage.name(), { mode: "PR" }), "it lets others in");
  },

  "owners that would wait in a circle are refused with the circle": async (stage) => {
    const client = await stage.open();
    const [one, other] = [client.owner("one"), client.owner("other")];
    const [a, b] = [stage.name("a"), stage.name("b")];
    await one.acquire(a);
    const second = await other.acquire(b);
    const waiting = one.acquire(b);
    await stage.waiters(client, b, 1);
    const error = await failure(other.acquire(a), LockError);
    equal(error.code, "DEADLOCK");
    equal(error.cycle.length, 2);
    await second.release();
    await within("the other owner's lock", waiting);
  },
};
