// The command line as processes, through two daemons on one directory.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Client, connect } from "../../client/mod.ts";
import { type Command, runCommand, startCommand } from "../support/command.ts";
import { type DaemonProcess, startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { eventually, within } from "../support/eventually.ts";

interface Stage {
  readonly a: DaemonProcess;
  readonly b: DaemonProcess;
  /** A client of daemon A. */
  readonly client: Client;
  /** Starts `distrilock lock job …` at a daemon. */
  lock(daemon: DaemonProcess, ...words: readonly string[]): Command;
}

function scene(name: string, play: (stage: Stage) => Promise<void>): void {
  Deno.test(name, async () => {
    using directory = temporaryDirectory();
    await using stack = new AsyncDisposableStack();
    const [a, b] = await Promise.all([1, 2].map(() => startDaemonProcess(directory.path)));
    for (const daemon of [a, b]) stack.use(daemon);
    const client = stack.use(await connect(a!.url));
    const lock = ({ url }: DaemonProcess, ...words: readonly string[]) =>
      stack.use(startCommand(url, ["lock", "job", ...words]));
    await play({ a: a!, b: b!, client, lock });
  });
}

/** Something for a shell to do for a while: it ends by itself when a test fails that should have ended it. */
const LOOP = "for i in $(seq 600); do sleep 0.02; done";

/** Waits for a line that the command of a run printed. */
async function printed(command: Command, line: string): Promise<void> {
  await eventually(`${line} in the output`, () => command.output.split("\n").includes(line));
}

async function codeOf(command: Command): Promise<number> {
  return (await within("the end of the command", command.status)).code;
}

scene("lock ends as its command does, and with its own codes otherwise", async ({ a, b, client }) => {
  await using _held = await client.acquire("held");
  const cases: readonly (readonly [words: string, code: number])[] = [
    ["lock free -- true", 0],
    ["lock free -- sh -c 'exit 7'", 7],
    ["lock free -- sh -c 'kill -TERM $$'", 143],
    ["lock free -m shared --reason why -- true", 0],
    ["lock held -m NL -n -- true", 0],
    ["lock held -n -- echo no", 75],
    ["lock held -w 50ms -- echo no", 75],
    ["lock held -n -E 3 -- echo no", 3],
    ["lock free -- /nowhere/to/be/found", 127],
    ["lock free -- /dev/null", 126],
    ["lock", 64],
    ["lock free", 64],
    ["lock free -m X -- echo no", 64],
    ["lock free -w soon -- echo no", 64],
    ["lock ../free -- echo no", 64],
    ["lock free echo no", 64],
    ["lock free --steal -- echo no", 64],
    ["dance", 64],
    ["ls --server http://127.0.0.1/", 64],
    ["lock free --server distrilock://127.0.0.1:1 -- echo no", 69],
    ["who held", 0],
    ["--version", 0],
    ["lock --help", 0],
  ];
  for (const [index, [words, wanted]] of cases.entries()) {
    const { code, output, errors } = await runCommand(index % 2 ? a.url : b.url, wordsOf(words));
    equal(code, wanted, `${words}: ${errors}`);
    if (wanted === 0 || wanted === 7 || wanted === 143) continue;
    equal(output, "", words);
    match(errors, /^distrilock: \S/, words);
  }
  equal((await client.who("free")).heldCount + (await client.who("free")).waitingCount, 0);
  ok(await client.tryAcquire("free"), "nothing is left of all these");
});

/** The words of a line, with '…' around those that have blanks. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

scene("lock tells its command about the lock, and passes its input on", async ({ a, client, lock }) => {
  const command = lock(
    a,
    "-m",
    "update",
    "--",
    "sh",
    "-c",
    'echo "$DISTRILOCK_NAME $DISTRILOCK_MODE"; echo "$DISTRILOCK_TOKEN"; echo "$DISTRILOCK_SESSION"; cat',
  );
  const [held] = await eventually("the lock", async () => {
    const { held } = await client.who("job");
    return held.length > 0 && held;
  });
  await command.feed("line one\nline two without end");
  equal(await codeOf(command), 0);
  deepEqual(command.output.split("\n"), [
    "job PW",
    String(held?.token),
    held?.session,
    "line one",
    "line two without end",
  ]);
  deepEqual([held?.mode, held?.reason, held?.client?.name], ["PW", "sh", "distrilock"]);
  equal((await client.who("job")).heldCount, 0);
});

scene("a second lock waits for the first one, at another daemon", async ({ a, b, client, lock }) => {
  const script = ["--", "sh", "-c", 'echo "got $DISTRILOCK_TOKEN"; cat'];
  const first = lock(a, ...script);
  await eventually("the first has it", () => first.output.startsWith("got "));
  const second = lock(b, ...script);
  await using clientOfB = await connect(b.url);
  await eventually("the second waits", async () => (await clientOfB.who("job")).waitingCount === 1);
  equal(second.output, "");
  equal((await client.who("job")).heldCount, 1);
  await first.feed("bye\n");
  equal(await codeOf(first), 0);
  await eventually("the second has it", () => second.output.startsWith("got "));
  const [one, other] = [first, second].map(({ output }) => Number(/\d+/.exec(output)?.[0]));
  ok(one! < other!, "its token is greater");
  await second.feed("");
  equal(await codeOf(second), 0);
});

scene("lock hands its lock on when it is killed", async ({ a, b, lock }) => {
  const first = lock(a, "--grace", "0", "--", "sh", "-c", "echo ready; exec cat");
  await printed(first, "ready");
  const second = lock(b, "--", "echo", "mine");
  await using clientOfB = await connect(b.url);
  await eventually("the second waits", async () => (await clientOfB.who("job")).waitingCount === 1);
  first.kill("SIGKILL");
  equal(await codeOf(second), 0);
  equal(second.output, "mine\n");
});

scene("signals go to the command, and its end decides", async ({ a, client, lock }) => {
  const script = `trap 'echo usr1' USR1; trap 'echo hup' HUP; trap 'exit 9' TERM; echo ready; ${LOOP}`;
  const command = lock(a, "--", "sh", "-c", script);
  await printed(command, "ready");
  for (const [signal, line] of [["SIGUSR1", "usr1"], ["SIGHUP", "hup"]] as const) {
    command.kill(signal);
    await printed(command, line);
  }
  equal((await client.who("job")).heldCount, 1);
  command.kill("SIGTERM");
  equal(await codeOf(command), 9);
  equal((await client.who("job")).heldCount, 0);
});

scene("a signal ends the wait, and nothing is left of it", async ({ a, client, lock }) => {
  const held = await client.acquire("job");
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    const command = lock(a, "--", "echo", "no");
    await eventually("it waits", async () => (await client.who("job")).waitingCount === 1);
    command.kill(signal);
    equal(await codeOf(command), code);
    equal(command.output, "");
    equal((await client.who("job")).waitingCount, 0);
  }
  await held.release();
  equal((await client.who("job")).heldCount, 0);
});

scene("[I-13] a lock that is lost ends its command: asked first, then by force", async ({ a, b, lock }) => {
  const script = (
    onTerm: string,
  ) => ["sh", "-c", `trap '${onTerm}' TERM; echo ready; ${LOOP}`];
  const polite = lock(a, "-m", "CR", "--", ...script("echo tidy; exit 5"));
  const stubborn = lock(a, "-m", "CR", "--kill-after", "200ms", "--", ...script("echo never"));
  const brief = lock(a, "-m", "CR", "--on-lost", "kill", "--", ...script("echo never"));
  const careless = lock(a, "-m", "CR", "--on-lost", "ignore", "--", "sh", "-c", "echo ready; cat; exit 4");
  const all = [polite, stubborn, brief, careless];
  for (const command of all) await printed(command, "ready");
  a.kill("SIGKILL");
  deepEqual(await Promise.all([polite, stubborn, brief].map(codeOf)), [76, 76, 76]);
  deepEqual(all.map(({ output }) => output), ["ready\ntidy\n", "ready\nnever\n", "ready\n", "ready\n"]);
  for (const { errors } of all) match(errors, /^distrilock: Cannot keep job: /m);
  await careless.feed("");
  equal(await codeOf(careless), 4);
  // Nobody tells the other daemon that they are gone: for their grace it keeps out what did not get on with
  // them.
  equal(await codeOf(lock(b, "-n", "--", "true")), 75);
  equal(await codeOf(lock(b, "-n", "-m", "PW", "--", "true")), 0);
});

scene("ls and who tell who holds and who waits", async ({ a, b, client, lock }) => {
  const lines = async (server: string, ...words: string[]) => {
    const { code, output } = await runCommand(server, words);
    equal(code, 0);
    return output.split("\n").slice(0, -1).map((line) => line.split(/  +/).slice(0, 3).join(" "));
  };
  deepEqual(await lines(a.url, "ls"), []);
  const held = await client.acquire("job", { reason: "because" });
  const waiting = lock(a, "-m", "PR", "--", "true");
  await eventually("it waits", async () => (await client.who("job")).waitingCount === 1);
  for (const words of [["ls"], ["ls", "jo"], ["who", "job"]]) {
    deepEqual(await lines(a.webSocketUrl, ...words), ["NAME STATE MODE", "job held EX", "job waiting PR"]);
  }
  deepEqual(await lines(a.url, "ls", "other"), []);
  deepEqual((await lines(b.url, "who", "job")).slice(1), ["job held EX"]);
  await held.release();
  equal(await codeOf(waiting), 0);
});
