/**
 * Values of locks, and asking whether a lock is held, as a client's caller sees them.
 *
 * @module
 */
import { deepEqual, equal, rejects } from "node:assert/strict";
import { LockError, LockLostError } from "../../../client/errors.ts";
import { openClient, openLock } from "./scripted_server.ts";

Deno.test("[P-59] Lock.value is what an earlier holder left, of each name", async () => {
  const { server, client } = await openClient();
  const asked = client.acquire(["a", "b"]);
  const { id } = server.take("acquire");
  const value = { text: "page 7", valid: false };
  const all = [{ name: "a", token: 5 }, { name: "b", token: 6, value }];
  server.say({ id, ok: true, lock: id, name: "a", mode: "EX", token: 5, guarantee: "local", all });
  const lock = await asked;
  equal(lock.value, undefined);
  deepEqual([...lock.values], [["b", value]]);
});

Deno.test("[P-59] Lock.setValue leaves a text, and refuses when the lock is gone", async () => {
  const { server, lock } = await openLock("a");
  const setting = lock.setValue("page 7");
  const { id, ...wish } = server.take("set");
  deepEqual(wish, { op: "set", lock: lock.id, value: "page 7" });
  server.say({ id, ok: true, lock: lock.id });
  await setting;
  server.say({ push: "lost", lock: lock.id, name: "a", token: lock.token, reason: "broken" });
  await rejects(lock.setValue("page 8"), LockLostError);
});

Deno.test("[P-58] Lock.verify is true when the server says so, false when it does not hold the lock", async () => {
  const { server, lock } = await openLock("a");
  const asking = lock.verify();
  const { id, ...wish } = server.take("verify");
  deepEqual(wish, { op: "verify", lock: lock.id });
  server.say({ id, ok: true, lock: lock.id, token: lock.token });
  equal(await asking, true);
  const again = lock.verify();
  server.say({ push: "lost", lock: lock.id, name: "a", token: lock.token, reason: "store" });
  server.refuse(server.take("verify").id, "NOT_HELD");
  equal(await again, false);
  equal(await lock.verify(), false);
});

Deno.test("Lock.verify does not take a server in trouble for a loss", async () => {
  const { server, lock } = await openLock("a");
  const asking = lock.verify();
  server.refuse(server.take("verify").id, "STORE_UNAVAILABLE");
  await rejects(asking, (error) => error instanceof LockError && error.code === "STORE_UNAVAILABLE");
  equal(lock.held, true);
});
