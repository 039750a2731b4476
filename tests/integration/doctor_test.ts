// The doctor as people run it, and the daemon's own look before it serves, on the file systems of this
// machine.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { Libc } from "../../ffi/libc.ts";
import type { Finding } from "../../server/doctor/finding.ts";
import { daemonPermissions, temporaryDirectory } from "../support/daemon.ts";

const MAIN = new URL("../../server/main.ts", import.meta.url).pathname;
const SHARED_MEMORY = "/dev/shm";

interface Report {
  readonly directory: string;
  readonly verdict: string;
  readonly findings: readonly Finding[];
}

async function run(permissions: readonly string[], args: readonly string[], environment = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", ...permissions, MAIN, ...args],
    env: environment,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function verdictOf({ findings }: Report, check: string): string | undefined {
  return findings.find((finding) => finding.check === check)?.verdict;
}

/** Directories on as many kinds of file systems as there are here. */
function directories(): string[] {
  const places = [undefined, SHARED_MEMORY];
  return places.flatMap((dir) => {
    try {
      return [Deno.makeTempDirSync({ ...(dir === undefined ? {} : { dir }), prefix: "distrilock-" })];
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied)) {
        throw error;
      }
      console.log(`no directory in ${dir}: ${error.message}`);
      return [];
    }
  });
}

Deno.test("doctor tries the directory, with a second process too, and says so for people and programs", async () => {
  for (const directory of directories()) {
    const json = await run(["-A"], ["doctor", "--directory", directory, "-o", "json"]);
    equal(json.code, 0, json.stderr + json.stdout);
    const report: Report = JSON.parse(json.stdout);
    equal(report.directory, directory);
    for (const check of ["file system", "writing", "locks", "two processes"]) {
      equal(verdictOf(report, check), "ok", `${check} of ${directory}`);
    }
    const table = await run(["-A"], ["doctor"], { DISTRILOCK_DIRECTORY: directory });
    equal(table.code, 0);
    match(table.stdout, /^ok {4}two processes {2}one process's lock keeps another one out$/m);
    deepEqual([...Deno.readDirSync(directory)], []);
    Deno.removeSync(directory);
  }
});

Deno.test("doctor works under the daemon's permissions, and says what it cannot look at", async () => {
  using directory = temporaryDirectory();
  const { code, stdout } = await run(daemonPermissions(directory.path), [
    "doctor",
    "--directory",
    directory.path,
    "--output=json",
  ]);
  equal(code, 0);
  const report: Report = JSON.parse(stdout);
  equal(verdictOf(report, "locks"), "ok");
  deepEqual(report.findings.filter(({ verdict }) => verdict === "skip").map(({ text }) => text), [
    "not tried: no permission to start another process (--allow-run)",
  ]);
});

Deno.test("doctor ends with 1 where locks cannot be kept, and with 64 for what it does not understand", async () => {
  const proc = await run(["-A"], ["doctor", "--directory", "/proc", "-o", "json"]);
  equal(proc.code, 1);
  equal((JSON.parse(proc.stdout) as Report).verdict, "fail");
  equal(verdictOf(JSON.parse(proc.stdout), "file system"), "fail");
  equal((await run(["-A"], ["doctor", "--directory", "/no/such"])).code, 1);
  const unknown = await run(["-A"], ["doctor", "-o", "yaml"]);
  deepEqual([unknown.code, unknown.stdout], [64, ""]);
  match((await run(["-A"], ["doctor", "--help"])).stdout, /^Usage: distrilock doctor/);
});

Deno.test("a daemon does not serve a directory that is unfit, and says why", async () => {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  // So few open files that nobody could be served: the one fault that any user can make.
  const args = [
    "-c",
    'ulimit -n 90; exec "$0" "$@"',
    Deno.execPath(),
    "run",
    "--no-prompt",
    "--quiet",
    `--allow-ffi=${libc.path}`,
    "--allow-net=127.0.0.1",
    `--allow-read=${directory.path}`,
    `--allow-write=${directory.path}`,
    MAIN,
    "--address=127.0.0.1:0",
    "--http-address=off",
    `--directory=${directory.path}`,
  ];
  const { code, stderr } = await new Deno.Command("sh", { args, stdin: "null" }).output();
  const said = new TextDecoder().decode(stderr);
  equal(code, 69, said);
  ok(said.startsWith(`distrilock: Cannot serve ${directory.path}: open files: 90 are too few`), said);
  match(said, /--force/);
});

Deno.test("a daemon that the system does not let start says so in a line, whatever the error", async () => {
  const directory = `/tmp/${"x".repeat(300)}`;
  const args = ["run", "-A", "--quiet", MAIN, "--address=127.0.0.1:0", `--directory=${directory}`];
  const { code, stderr } = await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).output();
  const said = new TextDecoder().decode(stderr);
  equal(code, 69, said);
  match(said, /^distrilock: Cannot make the directory .*: File name too long .*\n$/);
});
