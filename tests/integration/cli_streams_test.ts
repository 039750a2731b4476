// What passes through `distrilock lock`: input, output, ignored signals, names, labels; and what a command
// leaves behind.
import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import { type Client, connect } from "../../client/mod.ts";
import {
  type Command,
  commandWords,
  runCommand,
  startCommand,
  type StartOptions,
} from "../support/command.ts";
import { type DaemonProcess, startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { eventually, within } from "../support/eventually.ts";

interface Stage {
  readonly daemon: DaemonProcess;
  readonly client: Client;
  readonly directory: string;
  lock(words: readonly string[], options?: StartOptions): Command;
}

function scene(name: string, play: (stage: Stage) => Promise<void>): void {
  Deno.test(name, async () => {
    using directory = temporaryDirectory();
    await using stack = new AsyncDisposableStack();
    const daemon = stack.use(await startDaemonProcess(`${directory.path}/locks`));
    const client = stack.use(await connect(daemon.url));
    const lock = (words: readonly string[], options?: StartOptions) =>
      stack.use(startCommand(daemon.url, ["lock", ...words], options));
    await play({ daemon, client, directory: directory.path, lock });
  });
}

async function codeOf(command: Command): Promise<number> {
  return (await within("the end of the command", command.status, 30_000)).code;
}

scene("lock passes much through, in and out", async ({ lock }) => {
  const bytes = 8_000_000;
  const writer = lock(["job", "--", "head", "-c", String(bytes), "/dev/zero"]);
  equal(await codeOf(writer), 0);
  equal(writer.output.length, bytes);
  const reader = lock(["job", "--", "wc", "-c"]);
  await reader.feed("x".repeat(bytes));
  equal(await codeOf(reader), 0);
  equal(Number(reader.output), bytes);
});

scene("a command whose reader has gone ends as it would without a lock", async ({ daemon, client }) => {
  const script = '"$@" | head -n 1; echo "${PIPESTATUS[0]}"';
  const { stdout } = await new Deno.Command("bash", {
    args: ["-c", script, "bash", ...commandWords(["lock", "job", "--", "yes"])],
    env: { DISTRILOCK_SERVER: daemon.url },
  }).output();
  equal(new TextDecoder().decode(stdout), "y\n141\n");
  equal((await client.who("job")).heldCount, 0);
});

scene("signals that are ignored stay ignored, as under nohup", async ({ lock }) => {
  const script = "kill -HUP $$; kill -INT $$; echo alive; cat; exit 4";
  // A shell that ignores INT and becomes nohup, which ignores HUP.
  const before = ["sh", "-c", "trap '' INT; exec nohup \"$@\"", "sh"];
  const command = lock(["job", "--", "sh", "-c", script], { before });
  await eventually("it lives", () => command.output === "alive\n");
  command.kill("SIGHUP");
  command.kill("SIGINT");
  await command.feed("");
  equal(await codeOf(command), 4);
});

scene("lock tells its command about several names, labels and times", async ({ client, lock, daemon }) => {
  const command = lock([
    ...["b", "a", "--label", "team=ops", "--ttl", "1m", "--max-hold", "1h", "--reason", "why", "--"],
    ...["sh", "-c", 'echo "$DISTRILOCK_NAME|$DISTRILOCK_TOKEN|$DISTRILOCK_EXPIRES|$DISTRILOCK_SERVER"; cat'],
  ]);
  const line = await eventually("its words", () => /^.*\n/.exec(command.output)?.[0].trim());
  const [names, tokens, expires, server] = line.split("|");
  const held = await Promise.all(["a", "b"].map(async (name) => (await client.who(name)).held[0]));
  equal(names, "a b");
  deepEqual(tokens, held.map((party) => party?.token).join(" "));
  equal(Number(expires), held[0]?.expires);
  equal(server, daemon.url);
  deepEqual([held[0]?.labels, held[0]?.reason], [{ team: "ops" }, "why"]);
  await command.feed("");
  equal(await codeOf(command), 0);
});

scene(
  "what a command leaves in the background goes on without the lock, which is free at once",
  async (stage) => {
    const { client, directory, lock } = stage;
    const script =
      `(for i in $(seq 50); do sleep 0.02; done; echo late >${directory}/late) </dev/null >/dev/null 2>&1 & exit 2`;
    const command = lock(["job", "--", "sh", "-c", script]);
    equal(await codeOf(command), 2);
    ok(await client.tryAcquire("job"));
    await eventually("the late one ends", () => {
      try {
        return Deno.readTextFileSync(`${directory}/late`) === "late\n";
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
        return false;
      }
    });
  },
);

scene("lock ends with every code of its command", async ({ daemon }) => {
  for (const code of [1, 64, 75, 76, 128, 255]) {
    const ended = await runCommand(daemon.url, ["lock", "job", "--", "sh", "-c", `exit ${code}`]);
    deepEqual([ended.code, ended.errors], [code, ""]);
  }
  for (const [signal, code] of [["KILL", 137], ["HUP", 129], ["SEGV", 139]] as const) {
    const ended = await runCommand(daemon.url, ["lock", "job", "--", "sh", "-c", `kill -${signal} $$`]);
    equal(ended.code, code);
  }
});

scene(
  "lock takes the next of several servers, and a token from a file that it can read",
  async ({ daemon, directory }) => {
    const servers = `distrilock://127.0.0.1:1,${daemon.url}`;
    equal((await runCommand(servers, ["lock", "job", "--", "true"])).code, 0);
    equal((await runCommand(servers, ["who", "job", "--server", "distrilock://127.0.0.1:1"])).code, 69);
    const empty = `${directory}/empty`;
    Deno.writeTextFileSync(empty, "\n");
    for (const path of [`${directory}/none`, empty]) {
      const { code, errors } = await runCommand(daemon.url, ["ls", "--token-file", path]);
      equal(code, 64);
      match(errors, /--token-file/);
    }
    Deno.writeTextFileSync(empty, "s3cret\n");
    const told = ["lock", "job", "--token-file", empty, "--", "sh", "-c", 'echo "$DISTRILOCK_TOKEN_FILE"'];
    equal((await runCommand(daemon.url, told)).output, `${empty}\n`);
    // From here on it is the daemon that judges.
    doesNotMatch((await runCommand(daemon.url, ["ls", "--token-file", empty])).errors, /--token-file/);
  },
);

Deno.test("lock says when a server gives less grace than its command needs", async () => {
  using directory = temporaryDirectory();
  const cases = [["1s", 69, /^distrilock: Cannot keep job: .* or a server with a greater --grace-max\n$/], [
    "0s",
    5,
    /^distrilock: the server gives no grace: /,
  ]] as const;
  for (const [graceMax, wanted, words] of cases) {
    await using daemon = await startDaemonProcess(`${directory.path}/locks`, ["--grace-max", graceMax]);
    const lock = ["lock", "job", "--kill-after", "4s", "--", "sh", "-c", "exit 5"];
    const { code, errors } = await runCommand(daemon.url, lock);
    equal(code, wanted, errors);
    match(errors, words);
    await using client = await connect(daemon.url);
    equal((await client.who("job")).heldCount, 0);
  }
});
