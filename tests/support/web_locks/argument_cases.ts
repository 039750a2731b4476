/**
 * Cases of the Web Locks API: what may be said in a request, and what its promise tells.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { errorOf, type Granted, type LockCase, never, rejectsDom, rejectsType } from "./lock_case.ts";

const { signal } = new AbortController();
const nothing = () => {};

/** What each request is refused for, before anything is asked. */
const NOT_SUPPORTED: readonly (readonly [string, object])[] = [
  ["steal and ifAvailable exclude each other", { steal: true, ifAvailable: true }],
  ["shared locks are not stolen", { mode: "shared", steal: true }],
  ["signal and steal exclude each other", { signal, steal: true }],
  ["signal and ifAvailable exclude each other", { signal, ifAvailable: true }],
  ["an aborted signal does not hide what was asked for", { signal: AbortSignal.abort(), steal: true }],
  ["members are converted to booleans", { steal: 1, ifAvailable: "no" }],
];

/** The cases. */
export const ARGUMENT_CASES: readonly LockCase[] = [
  ...NOT_SUPPORTED.map(([title, options]): LockCase => ({
    title,
    run: (locks, name) => rejectsDom("NotSupportedError", locks.request(name, options, never)),
  })),
  {
    title: "a name and a callback must be given",
    async run(locks, name) {
      await rejectsType(locks.request(), "nothing");
      await rejectsType(locks.request(name), "no callback");
    },
  },
  {
    title: "a callback must be a function",
    async run(locks, name) {
      for (const callback of [undefined, null, 123, "abc", [], {}, Promise.resolve()]) {
        await rejectsType(locks.request(name, callback), `${callback}`);
        await rejectsType(locks.request(name, {}, callback), `${callback} after options`);
      }
    },
  },
  {
    title: "options must be an object, or not be there",
    async run(locks, name) {
      for (const options of [123, "abc", true]) {
        await rejectsType(locks.request(name, options, never), `${options}`);
      }
      equal(await locks.request(name, undefined, ({ mode }: Granted) => mode), "exclusive");
      equal(await locks.request(name, null, ({ mode }: Granted) => mode), "exclusive");
    },
  },
  {
    title: "the mode is exclusive or shared",
    async run(locks, name) {
      await rejectsType(locks.request(name, { mode: "foo" }, never), "foo");
      await rejectsType(locks.request(name, { mode: null }, never), "null");
      equal(await locks.request(name, { mode: "exclusive" }, ({ mode }: Granted) => mode), "exclusive");
      equal(await locks.request(name, { mode: "shared" }, ({ mode }: Granted) => mode), "shared");
      equal(await locks.request(name, ({ mode }: Granted) => mode), "exclusive");
    },
  },
  {
    title: "a name that begins with - is refused",
    async run(locks) {
      await rejectsDom("NotSupportedError", locks.request("-", never));
      await rejectsDom("NotSupportedError", locks.request("-foo", never));
      equal(await locks.request("x-foo", ({ name }: Granted) => name), "x-foo");
    },
  },
  {
    title: "wrong types are told before wrong wishes",
    async run(locks) {
      await rejectsType(locks.request("-foo", { mode: "foo" }, never), "mode");
      await rejectsType(locks.request("-foo", { steal: true, ifAvailable: true }, 123), "callback");
    },
  },
  {
    title: "the promise gives what the callback gives",
    async run(locks, name) {
      const promise = locks.request(name, () => 123);
      equal(Promise.resolve(promise), promise);
      equal(await promise, 123);
      equal(await locks.request(name, () => Promise.resolve("later")), "later");
    },
  },
  {
    title: "the promise is resolved after the lock is released",
    async run(locks, name) {
      const order: string[] = [];
      const end = Promise.withResolvers<void>();
      const returned = locks.request(name, () => end.promise).then(() => order.push("returned"));
      const ended = end.promise.then(() => order.push("ended"));
      end.resolve();
      await Promise.all([returned, ended]);
      deepEqual(order, ["ended", "returned"]);
      equal(await locks.request(name, { ifAvailable: true }, (lock: Granted | null) => lock !== null), true);
    },
  },
  {
    title: "the promise is rejected with what the callback throws, at once or later",
    async run(locks, name) {
      const thrown = { name: "test" };
      const atOnce = locks.request(name, () => {
        throw thrown;
      });
      equal(Promise.resolve(atOnce), atOnce);
      equal(await errorOf(atOnce), thrown);
      equal(await errorOf(locks.request(name, () => Promise.reject(thrown))), thrown);
      await locks.request(name, nothing);
    },
  },
  {
    title: "what is thrown is not called, even if it has a then",
    async run(locks, name) {
      let isCalled = false;
      const thrown = { then: () => isCalled = true };
      const told = await locks.request(name, () => Promise.reject(thrown)).then(never, (error) => [error]);
      equal((told as unknown[])[0], thrown);
      equal(isCalled, false);
    },
  },
  {
    title: "names are kept whatever they are, and are told apart by their code units",
    async run(locks, name) {
      const names = [
        "",
        "abc\0def",
        "\ud800",
        "\udc00",
        "\udc00\ud800",
        "\uffff",
        "\ufffd",
        "/",
        "..",
        "~",
        "é☃🔒",
      ];
      for (const odd of [...names, ...names.map((odd) => name + odd)]) {
        equal(await locks.request(odd, ({ name }: Granted) => name), odd);
      }
      await locks.request("\ud800", async () => {
        await locks.request("\ufffd", nothing);
      });
    },
  },
];
