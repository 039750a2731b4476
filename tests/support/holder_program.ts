/**
 * A program of its own that takes a lock and keeps it until it is killed:
 * `holder_program.ts PLACE NAME MODE`. Its place is the address of a daemon, or a directory that it locks in
 * itself. It prints the token.
 *
 * @module
 */
import { connect, type ModeName, openDirectory } from "../../mod.ts";

const [place = "", name = "", mode] = Deno.args;
const client = place.includes("://")
  ? await connect(place, { name: "holder", pid: Deno.pid, reconnect: false })
  : await openDirectory(place, { name: "holder" });
const lock = await client.acquire(name, { mode: mode as ModeName });
console.log(lock.token);
// Also where nothing else keeps the process alive.
setInterval(() => {}, 60_000);
await client.closed;
