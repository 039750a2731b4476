/**
 * Cases about the Web Locks API, which has to be the same where there is a `navigator.locks` and where there
 * is none.
 *
 * @module
 */
import { type WebLock, WebLocks } from "@distrilock/client/web-locks";
import { equal, failure, ok, rejection, within } from "./check.ts";
import type { Cases } from "./stage.ts";

/** The Web Locks API. */
export const WEB_LOCK_CASES: Cases = {
  "WebLocks holds a lock while its callback runs": async (stage) => {
    const [one, other] = [new WebLocks(await stage.open()), new WebLocks(await stage.open())];
    const result = await one.request(stage.name(), async (lock: WebLock) => {
      equal([lock.name, lock.mode], [stage.name(), "exclusive"]);
      const ifAvailable = { ifAvailable: true };
      return await other.request(stage.name(), ifAvailable, (second) => second === null ? "busy" : "free");
    });
    equal(result, "busy");
    await other.request(stage.name(), { mode: "shared" }, ({ mode }) => equal(mode, "shared"));
  },

  "WebLocks tells who holds and who waits, and ends a wait with its signal": async (stage) => {
    const [one, other] = [await stage.open(), await stage.open()];
    const [holder, waiter] = [
      new WebLocks(one, { prefix: stage.prefix }),
      new WebLocks(other, { prefix: stage.prefix }),
    ];
    await holder.request("a", async () => {
      const controller = new AbortController();
      const reason = new Error("enough");
      const waiting = rejection(waiter.request("a", { signal: controller.signal }, () => {}));
      await stage.waiters(one, stage.name("a"), 1);
      const { held, pending } = await holder.query();
      equal([held.map(({ name }) => name), pending.map(({ name }) => name)], [["a"], ["a"]]);
      controller.abort(reason);
      ok(await waiting === reason, "it is the reason itself");
    });
  },

  "WebLocks steals a lock, and its holder hears of it": async (stage) => {
    const [one, other] = [new WebLocks(await stage.open()), new WebLocks(await stage.open())];
    let hold = () => {};
    let isHeld = () => {};
    const held = new Promise<void>((resolve) => isHeld = resolve);
    const losing = failure(
      one.request(stage.name(), () => {
        isHeld();
        return new Promise<void>((resolve) => hold = resolve);
      }),
      DOMException,
    );
    await within("the first lock", held);
    await within(
      "the steal",
      other.request(stage.name(), { steal: true }, ({ token }) => ok(token > 0, "it has a token")),
    );
    equal((await losing).name, "AbortError");
    hold();
  },
};
