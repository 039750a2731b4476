/**
 * Processes that race for locks whose files are removed at every release: the moment in which lock managers
 * lose their exclusion. Seen failing with "held by two at once" when, by hand, the look at `links` after a
 * claim was left out, and when files were removed without an EX claim.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { Libc } from "../../ffi/libc.ts";

const RACER = new URL("../support/store_racer.ts", import.meta.url);
const RACERS = 3;
const ROUNDS = 10_000;

function start(directory: string, racer: string): Promise<Deno.CommandOutput> {
  using libc = Libc.open();
  const permissions = [`--allow-ffi=${libc.path}`, `--allow-read=${directory}`, `--allow-write=${directory}`];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...permissions, RACER.href, directory, racer, String(ROUNDS)],
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
}

Deno.test("[P-22] [P-24] three processes that remove lock files all the time are never two holders, and tokens grow", async () => {
  const directory = Deno.makeTempDirSync({ prefix: "distrilock-race-" });
  try {
    Deno.mkdirSync(`${directory}/.distrilock`);
    const racers = Array.from({ length: RACERS }, (_, index) => start(directory, `racer${index}`));
    for (const { code, stderr } of await Promise.all(racers)) {
      equal(new TextDecoder().decode(stderr).slice(0, 500), "");
      equal(code, 0);
    }
    let held = 0;
    for (const name of ["a", "b"]) {
      const lines = Deno.readTextFileSync(`${directory}/.distrilock/tokens-${name}`).trim().split("\n");
      const tokens = lines.map((line) => Number(line.split(" ")[0]));
      tokens.reduce(
        (last, token) => (ok(token > last, `[P-24] ${token} after ${last} of ${name}`), token),
        0,
      );
      const changes = lines.filter((line, index) =>
        line.split(" ")[1] !== lines[index - 1]?.split(" ")[1]
      ).length;
      ok(changes > 50, `the racers did race: the lock ${name} changed hands ${changes} times`);
      held += lines.length;
    }
    equal(held, RACERS * ROUNDS);
    const left = [...Deno.readDirSync(directory)].map((entry) => entry.name);
    deepEqual(left, [".distrilock"], "no lock file is left");
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
