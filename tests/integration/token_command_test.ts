// Tokens as an administrator makes them: the command, the file, and a daemon that is told of changes by
// SIGHUP.
import { equal, match, ok } from "node:assert/strict";
import { connect } from "../../client/mod.ts";
import { daemonPermissions, startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";

const MAIN = new URL("../../server/main.ts", import.meta.url).pathname;

function token(...args: string[]) {
  return run(["--allow-read"], ["token", ...args]);
}

async function run(permissions: readonly string[], args: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", ...permissions, MAIN, ...args],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, line: decoder.decode(stdout), said: decoder.decode(stderr) };
}

Deno.test("token new makes what a daemon takes, from its start and after a SIGHUP", async () => {
  using directory = temporaryDirectory();
  const path = `${directory.path}/tokens`;
  const first = await token("new", "alice", "acquire:a/*");
  equal(first.code, 0, first.said);
  Deno.writeTextFileSync(path, first.line, { mode: 0o600 });
  await using daemon = await startDaemonProcess(directory.path, ["--tokens-file", path]);
  const tokenOf = ({ said }: { said: string }) => said.split("\n")[0];
  await using alice = await connect(daemon.url, { token: tokenOf(first) });
  await alice.acquire("a/1");
  const second = await token("new", "bob", "acquire:a/*");
  Deno.writeTextFileSync(path, second.line, { append: true });
  daemon.kill("SIGHUP");
  await eventually(
    "the file is read anew",
    () => daemon.log.some(({ event }) => event === "daemon.reloaded"),
  );
  await using bob = await connect(daemon.url, { token: tokenOf(second) });
  equal(await bob.tryAcquire("a/1"), null);
  for (const { line, said } of [first, second]) ok(!line.includes(tokenOf({ said }) ?? ""));
});

Deno.test("token check and the daemon refuse the same file, with the line", async () => {
  using directory = temporaryDirectory();
  const path = `${directory.path}/tokens`;
  Deno.writeTextFileSync(path, "# none yet\nalice sha256:00 read:*\n", { mode: 0o600 });
  const checked = await token("check", path);
  equal(checked.code, 64);
  match(checked.said, /line 2: its second word/);
  const ports = ["--address", "127.0.0.1:0", "--http-address", "127.0.0.1:0"];
  const served = await run(daemonPermissions(directory.path), [
    ...ports,
    "--directory",
    directory.path,
    "--tokens-file",
    path,
  ]);
  equal(served.code, 69);
  match(served.said, /Cannot use the tokens file ".*": line 2: its second word/);
});
