// The one binary: that its task includes what is found at run time only, and, where the runtime's stub can be
// had, that it works.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { temporaryDirectory } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";

const ROOT = new URL("../../", import.meta.url);
/** Longest time for a download of the stub, in milliseconds. */
const COMPILE_MS = 60_000;

function compileTask(): readonly string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT))) as {
    tasks: { compile: string };
  };
  return tasks.compile.split(" ");
}

function* sources(path: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(path, ROOT))) {
    if (isDirectory) yield* sources(`${path}${name}/`);
    else if (name.endsWith(".ts")) yield path + name;
  }
}

Deno.test("the compile task includes the programs of all workers that Deno starts", () => {
  const task = compileTask();
  const included = task.filter((_, index) => task[index - 1] === "--include");
  const workers = [...sources("client/"), ...sources("server/")].filter((path) =>
    /(?:^|_)worker\.ts$/.test(path)
  );
  // Node's workers are of the npm package alone.
  deepEqual(workers.filter((path) => !path.endsWith("node_worker.ts")).toSorted(), included.toSorted());
  for (const path of included) ok(Deno.statSync(new URL(path, ROOT)).isFile);
});

Deno.test("the binary is daemon and client in one", async (test) => {
  using directory = temporaryDirectory();
  const binary = `${directory.path}/distrilock`;
  const args = compileTask().slice(1).map((word) => word === "dist/distrilock" ? binary : word);
  const compile = new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
    signal: AbortSignal.timeout(COMPILE_MS),
  });
  const { code, stderr } = await compile.output();
  if (code !== 0) {
    const errors = new TextDecoder().decode(stderr);
    match(errors, /denort|base binary/, "nothing but the stub of the runtime is missing");
    console.warn("the binary is not tested: denort can neither be fetched nor is it in DENORT_BIN");
    return;
  }
  const start = (words: string[], server = "") =>
    new Deno.Command(binary, {
      args: words,
      env: { DISTRILOCK_SERVER: server, NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  await test.step("a daemon that runs a command under a lock of its own", async () => {
    const words = [
      "serve",
      "--address",
      "127.0.0.1:0",
      "--http-address",
      "off",
      "--directory",
      `${directory.path}/locks`,
    ];
    await using daemon = start(words);
    let log = "";
    const reading = (async () => {
      for await (const text of daemon.stderr.pipeThrough(new TextDecoderStream())) log += text;
    })();
    const [, address] = await eventually("it is ready", () => /"tcp":"([^"]+)"/.exec(log));
    const run = start(
      ["lock", "job", "--", "sh", "-c", "echo $DISTRILOCK_NAME; exit 7"],
      `distrilock://${address}`,
    );
    const { code, stdout } = await run.output();
    deepEqual([code, new TextDecoder().decode(stdout)], [7, "job\n"]);
    daemon.kill("SIGTERM");
    equal((await daemon.status).code, 0);
    await Promise.all([reading, daemon.stdout.cancel()]);
  });
  await test.step("doctor, which starts itself once more", async () => {
    const { code, stdout } = await start(["doctor", "--directory", `${directory.path}/locks`]).output();
    equal(code, 0);
    match(new TextDecoder().decode(stdout), /\n/);
  });
});
