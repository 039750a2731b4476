// What WebLocks does at moments that a server cannot be brought to.
import { deepEqual, equal, rejects } from "node:assert/strict";
import type { Client } from "../../../client/client.ts";
import { LockLostError } from "../../../client/errors.ts";
import type { Lock } from "../../../client/lock.ts";
import { WebLocks } from "../../../client/web_locks.ts";

/** A lock that says when it was released, of a client that grants it at once. */
function scripted(signal: AbortSignal): { readonly locks: WebLocks; readonly happened: string[] } {
  const happened: string[] = [];
  const release = () => {
    happened.push("released");
    return Promise.resolve();
  };
  const lock = { name: "a", token: 1, signal, release, [Symbol.asyncDispose]: release } as unknown as Lock;
  const client = { acquire: () => Promise.resolve(lock) } as unknown as Client;
  return { locks: new WebLocks(client), happened };
}

Deno.test("WebLocks.request gives back what was granted when an abort came before its callback was called", async () => {
  const { locks, happened } = scripted(new AbortController().signal);
  const controller = new AbortController();
  const request = locks.request("a", { signal: controller.signal }, () => happened.push("called"));
  controller.abort("my reason");
  await rejects(request, (reason) => reason === "my reason");
  deepEqual(happened, ["released"]);
});

Deno.test("WebLocks.request does not call its callback under a lock that is lost already", async () => {
  const lost = new LockLostError({ name: "a", token: 1 }, "broken");
  const { locks, happened } = scripted(AbortSignal.abort(lost));
  const request = locks.request("a", () => happened.push("called"));
  await rejects(request, (error: DOMException) => error.name === "AbortError" && error.cause === lost);
  deepEqual(happened, ["released"]);
});

Deno.test("WebLocks.request tells nobody of the end of a callback whose lock was lost, and calls it no sooner over", async () => {
  const loss = new AbortController();
  const { locks, happened } = scripted(loss.signal);
  const end = Promise.withResolvers<void>();
  const request = locks.request("a", async () => {
    await end.promise;
    happened.push("ends");
    throw new Error("too late");
  });
  await Promise.resolve();
  loss.abort(new LockLostError({ name: "a", token: 1 }, "expired"));
  await rejects(request, { name: "AbortError" });
  deepEqual(happened, []);
  end.resolve();
  for (let turns = 0; turns < 10; turns++) await Promise.resolve();
  equal(happened.join(), "ends,released");
});
