/**
 * Lives that were asked for and not answered yet.
 *
 * @module
 */
import { equal, rejects } from "node:assert/strict";
import { LockLostError } from "../../../client/errors.ts";
import { openLock, settle } from "./scripted_server.ts";

Deno.test("[I-12] Lock counts a shorter life from when it was asked for, whatever is answered meanwhile", async () => {
  const { server, clock, lock } = await openLock("a", { ttl: 60_000 });
  await clock.advance(20_000);
  const automatic = server.take("renew");
  const shorter = lock.renew(200);
  server.take("renew");
  server.say({ id: automatic.id, ok: true, lock: lock.id });
  await settle();
  equal(lock.remaining(), 190);
  await clock.advance(190);
  equal(lock.held, false);
  await rejects(Promise.race([shorter, lock.renew()]), LockLostError);
});
