// `distrilock lock` at a terminal: Ctrl-C, Ctrl-Z and questions, as without it.
import { equal, match, ok } from "node:assert/strict";
import { type Client, connect } from "../../client/mod.ts";
import { BeatingFamily } from "../support/beating_family.ts";
import { commandWords } from "../support/command.ts";
import { startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { eventually, within } from "../support/eventually.ts";
import { openTerminal, type Terminal, terminalMissing } from "../support/terminal.ts";

const missing = terminalMissing();
if (missing !== undefined) console.warn(`terminals are not tested: ${missing}`);

interface Scene {
  readonly terminal: Terminal;
  readonly client: Client;
  readonly directory: string;
  /** Waits for a text on the screen, after the one that was waited for before. */
  shows(text: RegExp): Promise<RegExpExecArray>;
}

function scene(name: string, play: (scene: Scene) => Promise<void>): void {
  Deno.test(name, { ignore: missing !== undefined }, async () => {
    using directory = temporaryDirectory();
    await using stack = new AsyncDisposableStack();
    const daemon = stack.use(await startDaemonProcess(`${directory.path}/locks`, ["--heartbeat", "500ms"]));
    const client = stack.use(await connect(daemon.url));
    const terminal = stack.use(openTerminal({ DISTRILOCK_SERVER: daemon.url, NO_COLOR: "1" }));
    let seen = 0;
    const shows = async (text: RegExp) => {
      const found = await eventually(
        `${text} on the screen`,
        () => text.exec(terminal.screen.slice(seen)),
        20_000,
      )
        .catch((error) => {
          throw new Error(`${error.message}:\n${terminal.screen}`);
        });
      seen += found.index + found[0].length;
      return found;
    };
    await play({ terminal, client, directory: directory.path, shows });
  });
}

/**
 * A line for the shell that runs a script under the lock. It is not the text itself that the screen shows
 * when the script prints.
 */
function line(script: string, ...options: string[]): string {
  const words = [...commandWords(["lock", "job", ...options, "--"]), "bash", "-c", script];
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ") + "\n";
}

async function isHeld(client: Client): Promise<boolean> {
  return (await client.who("job")).heldCount === 1;
}

scene("Ctrl-C reaches the command once, and its end decides", async ({ terminal, client, shows }) => {
  // A wait is interrupted at once, so that a second signal is not lost in the first one.
  const script = `count=0; trap 'count=$((count + 1)); echo "interrupt-$count"' INT; echo "re""ady"
    while [ $count -eq 0 ]; do sleep 0.05 & wait $!; done
    for i in 1 2 3 4 5 6; do sleep 0.05 & wait $!; done; echo "total-$count"; exit $((count + 4))`;
  await terminal.type(line(script));
  await shows(/\nready/);
  await terminal.type("\x03");
  await shows(/interrupt-1/);
  await shows(/total-1\r/);
  await terminal.type("echo code-$?\n");
  await shows(/code-5\r/);
  equal(await isHeld(client), false);
});

scene("Ctrl-C ends the wait", async ({ terminal, client, shows }) => {
  await using _lock = await client.acquire("job");
  await terminal.type(line("echo no"));
  await eventually("it waits", async () => (await client.who("job")).waitingCount === 1);
  await terminal.type("\x03");
  await eventually("it does not wait", async () => (await client.who("job")).waitingCount === 0);
  await terminal.type("echo code-$?\n");
  await shows(/code-130\r/);
});

scene(
  "Ctrl-Z stops the command, and fg goes on with it and its lock",
  async ({ terminal, client, shows }) => {
    await terminal.type(line('echo "re""ady"; read -r word; echo "read-$word"; exit 6', "--grace", "20s"));
    await shows(/\nready/);
    await terminal.type("\x1a");
    await shows(/Stopped/);
    equal(await isHeld(client), true);
    await terminal.type("jobs; fg\n");
    await shows(/Stopped[^]*bash -c|Stopped/);
    await terminal.type("hello\n");
    await shows(/read-hello\r/);
    await terminal.type("echo code-$?\n");
    await shows(/code-6\r/);
  },
);

scene(
  "[I-13] a command that is stopped for too long is ended before its lock is somebody else's",
  async (scene) => {
    const { terminal, client, directory, shows } = scene;
    const family = new BeatingFamily(directory, { isStubborn: true });
    const words = [
      ...commandWords(["lock", "job", "--grace", "2s", "--kill-after", "300ms", "--"]),
      ...family.command,
    ];
    await terminal.type(words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ") + "\n");
    await eventually("the family lives", () => family.isBorn);
    await terminal.type("\x1a");
    await shows(/Stopped/);
    await within("the lock of the stopped", client.acquire("job"), 20_000);
    const { held: [holder] } = await client.who("job");
    await terminal.type("fg\n");
    await shows(/the command was ended|ending the command/);
    await terminal.type("echo code-$?\n");
    await shows(/code-76\r/);
    ok(family.lastBeatMs < holder!.since);
  },
);

scene(
  "the command can ask at the terminal, and be in the background",
  async ({ terminal, client, shows }) => {
    await terminal.type(line('echo "as""king"; read -r word </dev/tty; echo "heard-$word"'));
    await shows(/\nasking/);
    await terminal.type("secret\n");
    await shows(/heard-secret\r/);
    await terminal.type(line('echo "back""ground"; sleep 0.3; exit 3').trimEnd() + " &\n");
    await shows(/background\r/);
    equal(await isHeld(client), true);
    await terminal.type("wait %1; echo code-$?\n");
    const [, code] = await shows(/code-(\d+)\r/);
    match(code ?? "", /^3$/);
  },
);
