// The commands value and verify, the forms of what administrators do, and help.
import { deepEqual, equal, match } from "node:assert/strict";
import { connect } from "../../client/mod.ts";
import { runCommand, startCommand } from "../support/command.ts";
import { startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";

Deno.test("value prints what the last holder left, and leaves a text when nobody is in the way", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path);
  await using client = await connect(daemon.url);
  const value = (...words: string[]) => runCommand(daemon.url, ["value", "job", ...words]);
  deepEqual([(await value()).code, (await value()).output], [1, ""]);
  equal((await value("page 7")).code, 0);
  deepEqual([(await value()).code, (await value()).output], [0, "page 7\n"]);
  deepEqual(JSON.parse((await value("-o", "json")).output), { text: "page 7", valid: true });
  await using lock = await client.acquire("job");
  equal((await value("page 8", "-n")).code, 75);
  equal((await value("page 8", "-w", "50ms")).code, 75);
  // Whoever holds it is not disturbed by a reader.
  equal((await value()).output, "page 7\n");
  await lock.setValue("page 9");
  equal((await client.administrator.status()).counts.waiters, 0);
  await client.close();
  const invalid = await value();
  deepEqual([invalid.code, invalid.output], [76, "page 9\n"]);
  match(invalid.errors, /is invalid/);
  for (const words of [["x".repeat(1_025)], ["a", "b"], ["-n"]]) equal((await value(...words)).code, 64);
});

Deno.test("value does not wait for the lock that it runs under", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path);
  const environment = { DISTRILOCK_NAME: "a job", DISTRILOCK_MODE: "EX" };
  await using command = startCommand(daemon.url, ["value", "job", "x"], { environment });
  equal((await command.status).code, 64);
  match(command.errors, /would never become free/);
});

Deno.test("verify tells whether a lock is still the one that it was", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path);
  await using client = await connect(daemon.url);
  await using lock = await client.acquire(["a", "b"]);
  const [a, b] = [...lock.tokens.values()];
  const verify = (...words: string[]) => runCommand(daemon.url, ["verify", ...words]);
  equal((await verify("a", "--token", String(a))).code, 0);
  equal((await verify("a", "--token", String(a! + 1))).code, 76);
  equal((await verify("free", "--token", "7")).code, 76);
  for (const words of [[], ["a"], ["--token", "7"], ["a", "b", "--token", "7"], ["../a", "--token", "7"]]) {
    equal((await verify(...words)).code, 64, words.join(" "));
  }
  const under = async (session: string) => {
    const environment = {
      DISTRILOCK_NAME: "a b",
      DISTRILOCK_TOKEN: `${a} ${b}`,
      DISTRILOCK_SESSION: session,
    };
    await using command = startCommand(daemon.url, ["verify"], { environment });
    return (await command.status).code;
  };
  deepEqual([await under(client.session), await under("another")], [0, 76]);
});

Deno.test("break, kick and drain tell what they did in every form", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path);
  await using client = await connect(daemon.url, { name: "victim", reconnect: false });
  const lock = await client.acquire("job");
  const run = (...words: string[]) => runCommand(daemon.url, words);
  const broken = await run("break", "job", "--token", String(lock.token), "--reason", "why", "-o", "json");
  deepEqual(JSON.parse(broken.output).map((party: { token: number }) => party.token), [lock.token]);
  match(broken.errors, /^distrilock: broke job in EX, held by victim@127\.0\.0\.1\[\d+\] since /);
  equal((await run("break", "job", "--token", String(lock.token), "--reason", "why")).code, 76);
  const kicked = await run("kick", client.session, "--reason", "why", "-o", "jsonl");
  equal(kicked.output, `{"session":"${client.session}"}\n`);
  await eventually("the kick", async () => (await client.closed) !== null);
  const drained = await run("drain", "-o", "json");
  equal(typeof JSON.parse(drained.output).closesIn, "number");
  equal((await daemon.status).code, 0);
});

Deno.test("help is there for everything, and mistakes are explained", async () => {
  const nowhere = "distrilock://127.0.0.1:1";
  const help = await runCommand(nowhere, ["--help"]);
  equal(help.code, 0);
  const commands = [...help.output.matchAll(/^ {2}(\w+) {2,}\S/gm)].map(([, name = ""]) => name).filter((
    name,
  ) => name !== "help");
  equal(commands.length, 16);
  for (const command of commands) {
    const asked = await runCommand(nowhere, [command, "--help"]);
    deepEqual([asked.code, asked.errors], [0, ""], command);
    match(asked.output, /^Usage: distrilock /);
    match((await runCommand(nowhere, ["help", command])).output, /^Usage: distrilock /);
  }
  match((await runCommand(nowhere, ["lokc"])).errors, /no such command; did you mean lock\?\n/);
  match(
    (await runCommand(nowhere, ["ls", "--sever", "x"])).errors,
    /did you mean --server\?\ndistrilock: see distrilock ls --help\n$/,
  );
});
