/**
 * Cases about a thread that stands still: each is alone while it runs, since nothing else can go on.
 *
 * @module
 */
import { LockLostError } from "@distrilock/client";
import { equal, failure, ok } from "./check.ts";
import type { Cases, WireStage } from "./stage.ts";

const TTL_MS = 2_000;
/** Longer than any lock of these lives, in milliseconds. */
const STALL_MS = 2_500;

/** Threads that stand still. */
export const STALL_CASES: Cases<WireStage> = {
  "a thread that stands still loses its lock, and is told so": async (stage) => {
    const lock = await (await stage.open()).acquire(stage.name(), { ttl: TTL_MS });
    stall();
    ok(!lock.held, "its time is over, whatever the server says");
    ok(lock.signal.reason instanceof LockLostError, "the signal tells");
    equal(lock.signal.reason.reason, "expired");
  },

  "with liveness process a thread that stands still keeps its lock": async (stage) => {
    const { worker, webSocket } = stage.setting;
    const liveness = "process" as const;
    if (webSocket !== undefined) {
      const error = await failure(stage.open("case", { liveness }), TypeError);
      return ok(error.message.includes("a worker cannot be given a class"), error.message);
    }
    const client = await stage.open("case", { liveness, worker });
    const lock = await client.acquire(stage.name(), { ttl: TTL_MS });
    stall();
    ok(lock.held && !lock.signal.aborted, "a worker renewed it");
    ok(await lock.verify(), "the server says the same");
    const other = await stage.open();
    equal(await other.tryAcquire(stage.name()), null);
    await lock.release();
    await (await other.acquire(stage.name(), { wait: 5_000 })).release();
  },
};

/** Does nothing, and lets nothing be done in this thread. */
function stall(): void {
  const endMs = performance.now() + STALL_MS;
  // The thread of a page may not sleep.
  if (!("document" in globalThis)) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STALL_MS);
  }
  while (performance.now() < endMs);
}
