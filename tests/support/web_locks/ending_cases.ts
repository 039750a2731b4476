/**
 * Cases of the Web Locks API: aborted waits and stolen locks.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import {
  entriesOf,
  errorOf,
  type Granted,
  hold,
  type LockCase,
  modesOf,
  never,
  rejectsDom,
  rejectsType,
} from "./lock_case.ts";

const SIGNAL_CASES: readonly LockCase[] = [
  {
    title: "signal: it must be an AbortSignal",
    async run(locks, name) {
      for (const signal of ["text", 12.34, false, null, {}, Symbol(), () => {}, globalThis]) {
        await rejectsType(locks.request(name, { signal }, never), String(signal));
      }
    },
  },
  {
    title: "signal: one that was aborted before ends the request with its reason",
    async run(locks, name) {
      const signal = AbortSignal.abort();
      await rejectsDom("AbortError", locks.request(name, { signal }, never));
      equal(await errorOf(locks.request(name, { signal }, never)), signal.reason);
      equal(
        await errorOf(locks.request(name, { signal: AbortSignal.abort("my reason") }, never)),
        "my reason",
      );
      deepEqual(entriesOf((await locks.query()).pending, name), []);
    },
  },
  {
    title: "signal: an abort ends the wait with its reason",
    async run(locks, name) {
      const holder = await hold(locks, name);
      for (const reason of [undefined, "my reason"]) {
        const controller = new AbortController();
        const request = locks.request(name, { signal: controller.signal }, never);
        deepEqual(modesOf((await locks.query()).pending, name), ["exclusive"]);
        controller.abort(reason);
        equal(await errorOf(request), controller.signal.reason);
        deepEqual(entriesOf((await locks.query()).pending, name), []);
      }
      holder.letGo();
      await holder.result;
    },
  },
  {
    title: "signal: nothing happens when it is not aborted",
    async run(locks, name) {
      const { signal } = new AbortController();
      equal(await locks.request(name, { signal }, (lock: Granted) => lock.name), name);
    },
  },
  {
    title:
      "signal: an abort right after the request keeps the callback from being called, and nobody else back",
    async run(locks, name) {
      const controller = new AbortController();
      const request = locks.request(name, { signal: controller.signal }, never);
      const next = locks.request(name, () => "granted");
      controller.abort("my reason");
      equal(await errorOf(request), "my reason");
      equal(await next, "granted");
    },
  },
  {
    title: "signal: an abort while the lock is held, or later, changes nothing",
    async run(locks, name) {
      const whileHeld = new AbortController();
      const first = await hold(locks, name, { signal: whileHeld.signal });
      whileHeld.abort();
      deepEqual(modesOf((await locks.query()).held, name), ["exclusive"]);
      first.letGo("all is well");
      equal(await first.result, "all is well");
      const afterwards = new AbortController();
      const second = await hold(locks, name, { signal: afterwards.signal });
      second.letGo("all is well");
      afterwards.abort();
      equal(await second.result, "all is well");
    },
  },
];

const STEAL_CASES: readonly LockCase[] = [
  {
    title: "steal: a free lock is granted",
    async run(locks, name) {
      equal(await locks.request(name, { steal: true }, (lock: Granted) => lock.mode), "exclusive");
    },
  },
  {
    title: "steal: the holder's request is rejected with AbortError, though its callback goes on",
    async run(locks, name) {
      const holder = await hold(locks, name);
      equal(await locks.request(name, { steal: true }, () => "mine"), "mine");
      await rejectsDom("AbortError", holder.result);
      holder.letGo("too late");
      equal(await locks.request(name, () => "free"), "free");
    },
  },
  {
    title: "steal: an error of a callback that was stolen from is told to nobody",
    async run(locks, name) {
      const holder = await hold(locks, name);
      await locks.request(name, { steal: true }, () => {});
      await rejectsDom("AbortError", holder.result);
      holder.letGo(Promise.reject(new Error("too late")));
      await locks.query();
    },
  },
  {
    title: "steal: all holders of a shared lock lose it",
    async run(locks, name) {
      const holders = await Promise.all([1, 2, 3].map(() => hold(locks, name, { mode: "shared" })));
      await locks.request(name, { steal: true }, () => {});
      for (const holder of holders) {
        await rejectsDom("AbortError", holder.result);
        holder.letGo();
      }
    },
  },
  ...["exclusive", "shared"].map((mode): LockCase => ({
    title: `steal: it goes before those that wait for a ${mode} lock, who get theirs later`,
    async run(locks, name) {
      const order: string[] = [];
      const holder = await hold(locks, name, { mode });
      const waiting = [1, 2].map((which) => locks.request(name, () => order.push(`waiter ${which}`)));
      await locks.request(name, { steal: true }, async () => {
        order.push("thief");
        deepEqual(modesOf((await locks.query()).held, name), ["exclusive"]);
      });
      await Promise.all(waiting);
      deepEqual(order, ["thief", "waiter 1", "waiter 2"]);
      await rejectsDom("AbortError", holder.result);
      holder.letGo();
    },
  })),
  {
    title: "steal: the last one wins",
    async run(locks, name) {
      const holder = await hold(locks, name);
      const thief = await hold(locks, name, { steal: true });
      await rejectsDom("AbortError", holder.result);
      equal(await locks.request(name, { steal: true }, () => "mine"), "mine");
      await rejectsDom("AbortError", thief.result);
      holder.letGo();
      thief.letGo();
    },
  },
  {
    title: "steal: of many at the same time, each has it, or had it stolen",
    async run(locks, name) {
      const results = await Promise.allSettled(
        [1, 2, 3, 4].map((which) => locks.request(name, { steal: true }, () => which)),
      );
      for (const result of results) {
        ok(result.status === "fulfilled" || (result.reason as Error).name === "AbortError", String(result));
      }
      equal(results.at(-1)!.status, "fulfilled");
      equal(await locks.request(name, () => "free"), "free");
    },
  },
];

/** The cases. */
export const ENDING_CASES: readonly LockCase[] = [...SIGNAL_CASES, ...STEAL_CASES];
