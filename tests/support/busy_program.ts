/**
 * A program of its own that takes a lock with a short life, prints its token, and then has no time for it:
 * `busy_program.ts URL NAME LIVENESS MS`. For so many milliseconds it computes; with 0 it waits for the loss
 * of the lock, as one that is suspended does. Then it prints a line of JSON: whether it held the lock at
 * once, and a little later, and why not.
 *
 * @module
 */
import { connect, LockLostError } from "../../client/mod.ts";

const [url = "", name = "", liveness = "", busyMs = ""] = Deno.args;
const client = await connect(url, {
  liveness: liveness as "process" | "event-loop",
  grace: 1_500,
  reconnect: false,
});
const lock = await client.acquire(name, { ttl: 1_000 });
console.log(lock.token);
if (busyMs === "0") {
  await new Promise<void>((resolve) => lock.signal.addEventListener("abort", () => resolve()));
} else {
  const startMs = performance.now();
  while (performance.now() - startMs < Number(busyMs)) {
    // Too busy for timers and messages.
  }
}
const heldAtOnce = lock.held;
await new Promise((resolve) => setTimeout(resolve, 200));
const { reason } = lock.signal;
console.log(JSON.stringify({
  heldAtOnce,
  heldLater: lock.held,
  reason: reason instanceof LockLostError ? reason.reason : null,
}));
await client.close();
