/**
 * A program of its own that takes a lock and keeps it until it is killed: `holder_program.ts URL NAME MODE`. It prints the token.
 *
 * @module
 */
import { connect, type ModeName } from "../../client/mod.ts";

const [url = "", name = "", mode] = Deno.args;
const client = await connect(url, { name: "holder", pid: Deno.pid, reconnect: false });
const lock = await client.acquire(name, { mode: mode as ModeName });
console.log(lock.token);
await client.closed;
