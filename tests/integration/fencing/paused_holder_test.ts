// What M. Kleppmann tells in "How to do distributed locking" (2016): a holder is paused between its look at
// the lock and its write.
import { equal, ok } from "node:assert/strict";
import { SqliteFence } from "../../../examples/fencing/sqlite.ts";
import { connect } from "../../../mod.ts";
import { startDaemon, temporaryDirectory } from "../../support/daemon.ts";
import { within } from "../../support/eventually.ts";
import { openValue, readValue } from "../../support/fencing/sqlite_value.ts";

const PROGRAM = new URL("../../support/fencing/late_writer.ts", import.meta.url).pathname;
const TTL_MS = 1_000;

/** What becomes of the value when the late writer writes in that way. */
async function play(way: "fenced" | "unguarded"): Promise<{ said: string; value: string | undefined }> {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(`${directory.path}/locks`);
  const path = `${directory.path}/invoices.db`;
  using database = openValue(path);
  database.exec("INSERT INTO invoice (total) VALUES ('before')");
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", "-A", PROGRAM, daemon.url, path, String(TTL_MS), way],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  await using _end = {
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch (error) {
        // It has ended already.
        if (!(error instanceof TypeError)) throw error;
      }
      await child.status;
      await said.cancel();
    },
  };
  const said = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const token = Number((await within("the late writer has the lock", said.read())).value);
  child.kill("SIGSTOP");

  await using client = await connect(daemon.url, { name: "next" });
  const lock = await within("the lock of the paused holder runs out", client.acquire("invoice/42"));
  ok(lock.token > token);
  new SqliteFence(database).transaction(lock, () => database.exec("UPDATE invoice SET total = 'next'"));
  await lock.release();

  child.kill("SIGCONT");
  const stdin = child.stdin.getWriter();
  await stdin.write(new Uint8Array(1));
  await stdin.close();
  let text = "";
  for (let part = await said.read(); !part.done; part = await said.read()) text += part.value;
  equal((await child.status).code, 0);
  return { said: text, value: readValue(database) };
}

Deno.test("[I-3] a holder that was paused writes too late: a resource without fencing takes it", async () => {
  const { said, value } = await play("unguarded");
  equal(said, "written\nlost\n");
  equal(value, "late");
});

Deno.test("[I-3] a holder that was paused writes too late: a resource with fencing refuses it", async () => {
  const { said, value } = await play("fenced");
  equal(said, "refused\nlost\n");
  equal(value, "next");
});
