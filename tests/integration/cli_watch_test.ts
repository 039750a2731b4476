// The commands that look on, as processes: explain and watch.
import { deepEqual, equal, match } from "node:assert/strict";
import { connect } from "../../client/mod.ts";
import { runCommand, startCommand } from "../support/command.ts";
import { startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";

Deno.test("explain shows the chain, for people and for programs", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path);
  await using a = await connect(daemon.url, { name: "a", host: "one", pid: 1 });
  await using b = await connect(daemon.url, { name: "b", host: "two", pid: 2 });
  await a.owner("job").acquire("x");
  await b.acquire("y", { reason: "slow" });
  const waits = [a.owner("job").acquire("y"), b.acquire("x")];
  for (const wait of waits) wait.catch(() => {});
  await eventually("both wait", async () => {
    const names = await Promise.all([a.who("x"), a.who("y")]);
    return names.every(({ waitingCount }) => waitingCount === 1);
  });
  const table = await runCommand(daemon.url, ["explain", "x"]);
  equal(table.code, 0);
  match(
    table.output,
    /^x\n {2}held {2}EX {2}a@one\[1\]\/job {2}since \d+s, token \d+\n {2}1st {3}EX {2}b@two\[2\] {6}for \d+s ← a@one\[1\]\/job\n/,
  );
  match(
    table.output,
    /\n\ny\n {2}held .* slow\n {2}1st {3}EX {2}a@one\[1\]\/job {2}for \d+s ← b@two\[2\]\n$/,
  );
  const json = await runCommand(daemon.url, ["explain", "x", "-o", "json"]);
  deepEqual(JSON.parse(json.output).map(({ name }: { name: string }) => name), ["x", "y"]);
  const free = await runCommand(daemon.url, ["explain", "free"]);
  deepEqual([free.code, free.output], [0, "free\n  free\n"]);
  match(free.errors, /nobody holds or waits for free/);
  for (
    const words of [["explain"], ["explain", "a", "b"], ["explain", "../a"], ["explain", "a", "-o", "yaml"]]
  ) {
    equal((await runCommand(daemon.url, words)).code, 64, words.join(" "));
  }
});

Deno.test("watch prints what happens until it is interrupted, or its daemon is gone", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path);
  await using client = await connect(daemon.url, { name: "a" });
  await using table = startCommand(daemon.url, ["watch", "in/"]);
  await using lines = startCommand(daemon.url, ["watch", "-o", "jsonl"]);
  // They tell that they have begun when somebody else's events reach them.
  await eventually("both watch", async () => {
    await (await client.acquire("in/1", { reason: "why" })).release();
    return table.output.includes("released") && lines.output.includes("released");
  });
  await (await client.acquire("out/1")).release();
  await eventually("the last event", () => lines.output.includes("out/1"));
  match(
    table.output,
    /^TIME +EVENT +NAME +MODE +TOKEN +CLIENT\n\S+Z {2}(granted|released) +in\/1 +EX +\d+ +a@127\.0\.0\.1\[\d+\] {2}why\n/,
  );
  equal(table.output.includes("out/1"), false);
  const [first = ""] = lines.output.split("\n");
  const { event, name, party } = JSON.parse(first);
  deepEqual([["granted", "released"].includes(event), name, party.client.name], [true, "in/1", "a"]);
  table.kill("SIGINT");
  equal((await table.status).signal, "SIGINT");
  daemon.kill("SIGKILL");
  equal((await lines.status).code, 69);
  for (const words of [["watch", "a", "b"], ["watch", "a b"], ["watch", "-o", "json"]]) {
    equal((await runCommand(daemon.url, words)).code, 64, words.join(" "));
  }
});

Deno.test("watch ends when nobody reads what it prints", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path);
  await using client = await connect(daemon.url);
  const main = new URL("../../server/main.ts", import.meta.url).pathname;
  const words = ["-c", '"$0" run -A --quiet "$1" watch | head -n 1', Deno.execPath(), main];
  const shell = new Deno.Command("sh", {
    args: words,
    env: { DISTRILOCK_SERVER: daemon.url },
    stderr: "null",
  });
  let isOver = false;
  const ended = shell.output().finally(() => isOver = true);
  await eventually("the end of the pipeline", async () => {
    await (await client.acquire("a")).release();
    return isOver;
  });
  equal((await ended).code, 0);
});
