/**
 * A program that takes a lock and keeps it, for stories in which it is stopped or killed:
 * `holder.ts URL NAME [TTL]`. Prints the token, and a line when the lock is lost.
 *
 * @module
 */
import { connect } from "../../mod.ts";

const [url, name, ttl] = Deno.args;
const client = await connect(url!, { name: "holder", pid: Deno.pid });
const lock = await client.acquire(name!, {
  reason: "a story",
  ...(ttl === undefined ? {} : { ttl: Number(ttl) }),
});
console.log(lock.token);
lock.signal.addEventListener("abort", () => console.log(`lost: ${lock.signal.reason.message}`));
