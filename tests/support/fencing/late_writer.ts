/**
 * A program that does what many do: takes a lock, looks whether it holds it, and writes. Between the look and
 * the write it stands still until a line comes, as a program does in a long collection of garbage, or whose
 * machine was suspended: it hears nothing meanwhile. `late_writer.ts URL FILE TTL fenced|unguarded`.
 *
 * @module
 */
import { SqliteFence } from "../../../examples/fencing/sqlite.ts";
import { StaleTokenError } from "../../../examples/fencing/stale_token_error.ts";
import { connect } from "../../../mod.ts";
import { openValue } from "./sqlite_value.ts";

const [url = "", path = "", ttl = "", way = ""] = Deno.args;
const client = await connect(url, { name: "late writer" });
const lock = await client.acquire("invoice/42", { ttl: Number(ttl) });
const database = openValue(path);
const fence = new SqliteFence(database);
const write = () => database.exec("UPDATE invoice SET total = 'late'");

lock.assertHeld();
console.log(lock.token);
Deno.stdin.readSync(new Uint8Array(1));
try {
  if (way === "fenced") fence.transaction(lock, write);
  else write();
  console.log("written");
} catch (error) {
  if (!(error instanceof StaleTokenError)) throw error;
  console.log("refused");
}
// Only now does the program come to hear what happened.
console.log(lock.held ? "still held" : "lost");
database.close();
await client.close();
