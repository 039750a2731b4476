/**
 * What becomes of locks when the disk of the file server is full.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { LockError } from "../../../client/mod.ts";
import { twoHosts } from "./holds.ts";
import { exportedDirectory, fillDisk, LEASE_MS, mountOf, pause, serve } from "./stage.ts";

Deno.test("[I-2] [I-6] a server whose disk is full takes no lock away and lets locks go; new names are refused until there is room again", async () => {
  await using hosts = await twoHosts();
  const { a, b, beliefs } = hosts;
  const held = await beliefs.acquire(a, "held");
  const known = await beliefs.acquire(a, "known");
  await beliefs.end(known.lock, known.hold);
  const next = beliefs.acquire(b, "held");
  await pause(300);
  const elsewhere = exportedDirectory();
  await using disk = await fillDisk();
  const fullMs = performance.now();
  for (const client of [a, b]) {
    const refusal = await client.acquire("new", { wait: 1_000 }).then(() => undefined, (error) => error);
    ok(refusal instanceof LockError, `refused: ${refusal}`);
    equal(refusal.code, "STORE_UNAVAILABLE");
    match(refusal.message, /ENOSPC|the disk is full/);
  }
  // A name that has a file goes on: its record is written over in place.
  const again = await beliefs.acquire(b, "known");
  ok(again.lock.token > known.lock.token);
  const { code, text } = await serve("host-a", mountOf("a") + elsewhere);
  equal(code, 69, text);
  match(text, /ENOSPC|No space left on device/);
  await pause(fullMs + LEASE_MS - performance.now());
  equal(await held.lock.verify(), true, "proofs need no room");
  await beliefs.end(held.lock, held.hold);
  const got = await next;
  ok(got.lock.token > held.lock.token);

  await disk.free();
  const startMs = performance.now();
  const fresh = await beliefs.acquire(a, "new");
  console.log(
    `disk no longer full: a new name is given after ${(performance.now() - startMs).toFixed(0)} ms`,
  );
  for (const { lock, hold } of [again, got, fresh]) await beliefs.end(lock, hold);
  await a.close();
  await b.close();
  deepEqual(beliefs.faults(), []);
});
