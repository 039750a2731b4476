/**
 * Cases of the Web Locks API: how long a lock is held, which go together, in which order they are granted,
 * and what ifAvailable tells.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import {
  type Entry,
  errorOf,
  type Granted,
  hold,
  type LockCase,
  type Locks,
  modesOf,
  never,
} from "./lock_case.ts";

const isGranted = (lock: Granted | null) => lock !== null;
const five = [1, 2, 3, 4, 5];

/** Modes of what is held, of what is tried, and whether that is granted. */
const TRIES: readonly (readonly [string, string, boolean])[] = [
  ["exclusive", "exclusive", false],
  ["exclusive", "shared", false],
  ["shared", "exclusive", false],
  ["shared", "shared", true],
];

/** The cases. */
export const HOLDING_CASES: readonly LockCase[] = [
  ...TRIES.map(([held, mode, granted]): LockCase => ({
    title: `ifAvailable: ${mode} while ${held} is held ${granted ? "is granted" : "gives null"}`,
    async run(locks, name) {
      const holder = await hold(locks, name, { mode: held });
      equal(await locks.request(name, { mode, ifAvailable: true }, isGranted), granted);
      holder.letGo();
      await holder.result;
      equal(await locks.request(name, { mode, ifAvailable: true }, isGranted), true);
    },
  })),
  {
    title: "ifAvailable: another name is not in the way, nor is a lock that was released",
    async run(locks, name) {
      await locks.request(name, async () => {
        await locks.request(`${name}/other`, () => {});
        equal(await locks.request(`${name}/other`, { ifAvailable: true }, isGranted), true);
      });
    },
  },
  {
    title: "ifAvailable: what the callback does with null is told as ever",
    async run(locks, name) {
      const holder = await hold(locks, name);
      const thrown = { name: "test" };
      const options = { ifAvailable: true };
      equal(await locks.request(name, options, (lock: Granted | null) => lock ?? 123), 123);
      equal(await errorOf(locks.request(name, options, () => Promise.reject(thrown))), thrown);
      const atOnce = locks.request(name, options, () => {
        throw thrown;
      });
      equal(await errorOf(atOnce), thrown);
      holder.letGo();
      await holder.result;
    },
  },
  {
    title: "a lock is held until the promise of its callback is settled",
    async run(locks, name) {
      for (const end of [Promise.resolve, Promise.reject]) {
        const order: string[] = [];
        const ended = Promise.withResolvers<void>();
        const first = locks.request(name, async () => {
          order.push("first granted");
          await ended.promise;
          order.push("first ends");
          await end.call(Promise, new Error("as the case wants"));
        }).catch(() => {});
        const second = locks.request(name, () => order.push("second granted"));
        equal(await locks.request(name, { ifAvailable: true }, isGranted), false);
        ended.resolve();
        await Promise.all([first, second]);
        deepEqual(order, ["first granted", "first ends", "second granted"]);
      }
    },
  },
  {
    title: "exclusive locks of a name are granted one after the other, in the order of the requests",
    async run(locks, name) {
      const granted: number[] = [];
      let holding = 0;
      await Promise.all(five.map((which) =>
        locks.request(name, async () => {
          equal(++holding, 1);
          granted.push(which);
          await locks.query();
          holding--;
        })
      ));
      deepEqual(granted, five);
    },
  },
  {
    title: "what waits for one name does not keep another one back",
    async run(locks, name) {
      const granted: string[] = [];
      let inner: Promise<unknown> | undefined;
      await locks.request(name, () => {
        inner = Promise.all([
          locks.request(name, () => granted.push("same")),
          locks.request(`${name}/other`, () => granted.push("other")),
        ]);
        return locks.request(`${name}/other`, () => {});
      });
      await inner;
      deepEqual(granted, ["other", "same"]);
    },
  },
  {
    title: "shared locks are granted in the order of the requests, over all names",
    async run(locks, name) {
      const granted: number[] = [];
      await Promise.all(
        five.map((which) =>
          locks.request(`${name}/${which % 2}`, { mode: "shared" }, () => granted.push(which))
        ),
      );
      deepEqual(granted, five);
    },
  },
  {
    title: "shared locks are held together, exclusive ones wait for them",
    async run(locks, name) {
      const granted: string[] = [];
      const shared = await Promise.all(five.map(() => hold(locks, name, { mode: "shared" })));
      const exclusive = locks.request(name, ({ mode }: Granted) => granted.push(mode));
      await locks.request(`${name}/other`, () => granted.push("other"));
      deepEqual(granted, ["other"]);
      for (const holder of shared) holder.letGo();
      await exclusive;
      deepEqual(granted, ["other", "exclusive"]);
    },
  },
  {
    title: "an exclusive request between shared ones is overtaken by none of them",
    async run(locks, name) {
      const first = await Promise.all(five.map(() => hold(locks, name, { mode: "shared" })));
      const between = hold(locks, name);
      const later = five.map(() => hold(locks, name, { mode: "shared" }));
      await waits(locks, name, ["exclusive", ...five.map(() => "shared")]);
      deepEqual(modesOf((await locks.query()).held, name), five.map(() => "shared"));
      for (const holder of first) holder.letGo();
      const exclusive = await between;
      deepEqual(modesOf((await locks.query()).held, name), ["exclusive"]);
      exclusive.letGo();
      const last = await Promise.all(later);
      deepEqual(modesOf((await locks.query()).held, name), five.map(() => "shared"));
      for (const holder of last) holder.letGo();
      await Promise.all(last.map(({ result }) => result));
    },
  },
  {
    title: "ifAvailable does not overtake those that wait",
    runtimeInstead: "grants it, where a request must be the first of its queue to be grantable",
    async run(locks, name) {
      const reader = await hold(locks, name, { mode: "shared" });
      const writer = locks.request(name, () => {});
      await waits(locks, name, ["exclusive"]);
      await locks.request(name, { mode: "shared", ifAvailable: true }, (lock: Granted | null) => {
        if (lock !== null) never();
      });
      reader.letGo();
      await writer;
    },
  },
];

/** Fails unless the requests that wait have those modes. */
async function waits(locks: Locks, name: string, modes: readonly string[]): Promise<void> {
  const { pending }: { readonly pending: readonly Entry[] } = await locks.query();
  ok(pending.length >= modes.length);
  deepEqual(modesOf(pending, name), modes);
}
