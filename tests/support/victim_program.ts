/**
 * A program of its own that takes a lock in a session with a grace, and keeps it:
 * `victim_program.ts SERVERS NAME GRACE_MS`. It prints a line of JSON when it has the lock, and when it
 * believes no more that it has; each with the time since the machine was started, which is one for all
 * processes.
 *
 * @module
 */
import { Libc } from "../../ffi/libc.ts";
import { connect } from "../../mod.ts";

const [servers = "", name = "", graceMs] = Deno.args;
using libc = Libc.open();
const client = await connect(servers.split(","), {
  name: "victim",
  pid: Deno.pid,
  grace: Number(graceMs),
});
const lock = await client.acquire(name);
const say = (what: string) => console.log(JSON.stringify({ what, bootMs: libc.bootMs(), token: lock.token }));
say("held");
lock.signal.addEventListener("abort", () => say("lost"));
// Also where nothing else keeps the process alive.
await new Promise((resolve) => setTimeout(resolve, 2 ** 31 - 1));
