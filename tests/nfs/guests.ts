/**
 * Boots a guest that has a kernel NFSv4 server and two hosts, and runs programs of `guest/` in it; each test
 * there is a step here. A guest has nothing in common with another, so two may run at a time:
 * `deno task nfs`.
 *
 * @module
 */
import { equal, ok } from "node:assert/strict";

const GUEST = new URL("./guest.sh", import.meta.url).pathname;

/** What runs in a guest. */
export interface Guest {
  /** The programs of `guest/`. */
  readonly programs: readonly string[];
  readonly settings?: Readonly<Record<string, string>>;
}

/** What a guest needs, with the Debian package that has it. */
const NEEDS: Readonly<Record<string, string>> = {
  "linux.uml": "user-mode-linux",
  "rpc.nfsd": "nfs-kernel-server",
  "mount.nfs": "nfs-common",
  ip: "iproute2",
  "mkfs.ext4": "e2fsprogs",
  perl: "perl",
  nsenter: "util-linux",
};

/** Why no guest can be booted here, or undefined. */
function missing(): string | undefined {
  const path = `${Deno.env.get("PATH")}:/usr/sbin:/sbin`;
  const has = (program: string) => {
    const command = new Deno.Command("sh", {
      args: ["-c", `command -v ${program}`],
      env: { PATH: path },
      stdout: "null",
    });
    return command.outputSync().success;
  };
  const packages = Object.entries(NEEDS).filter(([program]) => !has(program)).map(([, from]) => from);
  if (packages.length > 0) return `there is no ${packages.join(", ")}`;
  const hasAmx = Deno.readTextFileSync("/proc/cpuinfo").includes("amx_tile");
  return hasAmx && !has("gcc") ? "the processor has AMX, and there is no gcc" : undefined;
}

const MISSING = missing();

/** A test that is played in a guest; skipped aloud where none can be booted. */
export function testInGuest(what: string, guest: Guest): void {
  if (MISSING) console.log(`skipped: NFS: ${what}, since ${MISSING}`);
  Deno.test({ name: `NFS: ${what}`, ignore: MISSING !== undefined, fn: (test) => play(guest, test) });
}

/** Runs the programs of a guest, and makes each test in them a step. */
async function play({ programs, settings = {} }: Guest, test: Deno.TestContext): Promise<void> {
  const paths = programs.map((program) => new URL(`./guest/${program}`, import.meta.url).pathname);
  const { code, stdout, stderr } = await new Deno.Command(GUEST, {
    args: [Deno.execPath(), "test", "-A", "--no-check", ...paths],
    env: { ...settings, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder().decode(stdout);
  const lines = text.split(/[\r\n]+/);
  // What the tests measured, for people.
  for (const line of lines) {
    if (/\d ms|\d s$|requests,/.test(line) && !line.startsWith("#")) console.log(line);
  }
  const results = lines.flatMap((line) => {
    const [, words = "", result] = /^(.*) \.\.\. (ok|FAILED|cancelled) \(/.exec(line) ?? [];
    // The name stands there twice when the test was running for long.
    return result === undefined
      ? []
      : [{ name: words.split(" ...").at(-1) ?? words, passed: result === "ok" }];
  });
  ok(results.length > 0, `no test was run: ${text.slice(-2_000)}${new TextDecoder().decode(stderr)}`);
  for (const { name, passed } of results) {
    await test.step(name, () => equal(passed, true, text.slice(-8_000)));
  }
  // A test that hangs, or a guest that ends, has no result of its own.
  equal(code, 0, `${text.slice(-8_000)}${new TextDecoder().decode(stderr)}`);
}
