// The command line of the npm package, on Node: what the package has in it, not the sources.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { connect } from "../../client/mod.ts";
import { BeatingFamily } from "../support/beating_family.ts";
import { startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { eventually, within } from "../support/eventually.ts";

const CLIENT = new URL("../../client/", import.meta.url).pathname;
const NODE_MAJOR_MIN = 20;

function nodeMissing(): string | undefined {
  try {
    const { stdout } = new Deno.Command("node", { args: ["--version"] }).outputSync();
    const version = new TextDecoder().decode(stdout);
    return Number(/^v(\d+)/.exec(version)?.[1]) < NODE_MAJOR_MIN ? `node is ${version}` : undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return "node is not installed";
  }
}

const missing = nodeMissing();
if (missing !== undefined) console.warn(`the command line on Node is not tested: ${missing}`);

/** Packs the client and unpacks it again; gives the path of the program. */
async function packed(directory: string): Promise<string> {
  const archive = `${directory}/client.tgz`;
  const args = ["pack", "--allow-dirty", "--output", archive];
  const pack = new Deno.Command(Deno.execPath(), { args, cwd: CLIENT, stdout: "null", stderr: "null" });
  equal((await pack.output()).code, 0);
  equal((await new Deno.Command("tar", { args: ["xzf", archive, "-C", directory] }).output()).code, 0);
  return `${directory}/package/cli/distrilock.js`;
}

Deno.test(
  "[I-13] the command line of the npm package runs on Node",
  { ignore: missing !== undefined },
  async () => {
    using directory = temporaryDirectory();
    await using daemon = await startDaemonProcess(`${directory.path}/locks`, ["--heartbeat", "500ms"]);
    const program = await packed(directory.path);
    const start = (...words: string[]) =>
      new Deno.Command("node", {
        args: [program, ...words],
        env: { DISTRILOCK_SERVER: daemon.url },
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
        detached: true,
      }).spawn();
    const run = async (...words: string[]) => {
      const { code, stdout, stderr } = await within(words.join(" "), start(...words).output(), 30_000);
      return { code, output: new TextDecoder().decode(stdout), errors: new TextDecoder().decode(stderr) };
    };

    const held = await run("lock", "job", "--", "sh", "-c", 'echo "$DISTRILOCK_NAME"; exit 7');
    deepEqual([held.code, held.output, held.errors], [7, "job\n", ""]);
    equal((await run("lock", "job", "--", "/nowhere")).code, 127);
    equal((await run("lock", "job", "--", "sh", "-c", "kill -TERM $$")).code, 143);
    equal((await run("value", "job", "page 7")).code, 0);
    equal((await run("value", "job")).output, "page 7\n");
    const serve = await run("serve");
    equal(serve.code, 64);
    match(serve.errors, /this is the client alone/);
    match((await run("help")).output, /This is the client alone: serve, doctor/);

    await using heir = await connect(daemon.url, { name: "heir" });
    const family = new BeatingFamily(directory.path, { isStubborn: true });
    const lost = start("lock", "job", "--grace", "2s", "--kill-after", "500ms", "--", ...family.command);
    await eventually("the family lives", () => family.isBorn);
    lost.kill("SIGKILL");
    await within("the lock of the killed", heir.acquire("job"), 30_000);
    const { held: [holder] } = await heir.who("job");
    await lost.output();
    ok(family.lastBeatMs < holder!.since);
  },
);
