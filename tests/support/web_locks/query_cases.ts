/**
 * Cases of the Web Locks API: what query() tells, of one client and of several.
 *
 * @module
 */
import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import {
  type ClientsCase,
  clientsOf,
  entriesOf,
  type Granted,
  hold,
  type LockCase,
  modesOf,
  rejectsDom,
} from "./lock_case.ts";

/** The cases of one client. */
export const QUERY_CASES: readonly LockCase[] = [
  {
    title: "query: two arrays, empty when there is nothing to tell",
    async run(locks, name) {
      const { held, pending } = await locks.query();
      ok(Array.isArray(held) && Array.isArray(pending));
      deepEqual([...entriesOf(held, name), ...entriesOf(pending, name)], []);
    },
  },
  {
    title: "query: each entry has name, mode and clientId of its own",
    async run(locks, name) {
      const holder = await hold(locks, name);
      const waiting = locks.request(name, () => {});
      const { held, pending } = await locks.query();
      for (const entry of [...entriesOf(held, name), ...entriesOf(pending, name)]) {
        for (const key of ["name", "mode", "clientId"]) ok(Object.hasOwn(entry, key), key);
        equal(typeof entry.clientId, "string");
      }
      deepEqual([modesOf(held, name), modesOf(pending, name)], [["exclusive"], ["exclusive"]]);
      holder.letGo();
      await waiting;
    },
  },
  {
    title: "query: locks of several names, in both modes, of one client",
    async run(locks, name) {
      const other = `${name}/other`;
      await locks.request(name, async () => {
        await locks.request(other, { mode: "shared" }, async () => {
          const { held } = await locks.query();
          deepEqual([modesOf(held, name), modesOf(held, other)], [["exclusive"], ["shared"]]);
          deepEqual(clientsOf(held, name), clientsOf(held, other));
        });
      });
    },
  },
  {
    title: "query: shared locks and requests are told each",
    async run(locks, name) {
      const readers = await Promise.all([1, 2, 3, 4, 5, 6].map(() => hold(locks, name, { mode: "shared" })));
      equal(modesOf((await locks.query()).held, name).join(" "), readers.map(() => "shared").join(" "));
      for (const { letGo } of readers) letGo();
      await Promise.all(readers.map(({ result }) => result));
      const writer = await hold(locks, name);
      const waiting = readers.map(() => locks.request(name, { mode: "shared" }, () => {}));
      equal(modesOf((await locks.query()).pending, name).join(" "), readers.map(() => "shared").join(" "));
      writer.letGo();
      await Promise.all(waiting);
    },
  },
];

/** The cases of several clients. */
export const CLIENTS_CASES: readonly ClientsCase[] = [
  {
    title: "clients exclude each other, and wait for each other",
    async run([one, two], name) {
      const holder = await hold(one, name);
      equal(await two.request(name, { ifAvailable: true }, (lock: Granted | null) => lock), null);
      const next = two.request(name, () => "granted");
      holder.letGo();
      equal(await next, "granted");
    },
  },
  {
    title: "query: clients have different ids, and all see the same",
    async run([one, two, three], name) {
      const [first, second] = [
        await hold(one, name, { mode: "shared" }),
        await hold(two, name, { mode: "shared" }),
      ];
      const seen = clientsOf((await three.query()).held, name);
      equal(seen.length, 2);
      notEqual(seen[0], seen[1]);
      deepEqual(clientsOf((await one.query()).held, name), seen);
      first.letGo();
      second.letGo();
    },
  },
  {
    title: "query: a deadlock can be seen",
    async run([one, two, three], name) {
      const other = `${name}/other`;
      const [first, second] = [await hold(one, name), await hold(two, other)];
      const controller = new AbortController();
      const { signal } = controller;
      const waiting = [one.request(other, { signal }, () => {}), two.request(name, { signal }, () => {})];
      await Promise.all([one.query(), two.query()]);
      const { held, pending } = await three.query();
      deepEqual(clientsOf(held, name), clientsOf(pending, other));
      deepEqual(clientsOf(held, other), clientsOf(pending, name));
      controller.abort();
      for (const request of waiting) await rejectsDom("AbortError", request);
      first.letGo();
      second.letGo();
    },
  },
  {
    title: "query: requests are told in the order in which they were made",
    async run(locks, name) {
      const ids: string[] = [];
      for (const manager of locks) {
        await manager.request(name, async () => ids.push(...clientsOf((await manager.query()).held, name)));
      }
      const holder = await hold(locks[0], name);
      const waiting: Promise<unknown>[] = [];
      const order = [2, 0, 1, 0, 2, 1];
      for (const which of order) {
        waiting.push(locks[which]!.request(name, () => {}));
        await locks[which]!.query();
      }
      deepEqual(clientsOf((await locks[1].query()).pending, name), order.map((which) => ids[which]));
      holder.letGo();
      await Promise.all(waiting);
    },
  },
  {
    title: "steal: it works between clients, and the last one wins",
    async run([one, two, three], name) {
      const [first] = [await hold(one, name)];
      const waiting = three.request(name, () => "granted");
      const second = await hold(two, name, { steal: true });
      await rejectsDom("AbortError", first.result);
      equal(await three.request(name, { steal: true }, () => "mine"), "mine");
      await rejectsDom("AbortError", second.result);
      equal(await waiting, "granted");
      first.letGo();
      second.letGo();
    },
  },
];
