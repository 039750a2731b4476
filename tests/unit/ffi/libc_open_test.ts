/**
 * Finding and opening the C library, with more and with fewer permissions.
 *
 * @module
 */
import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { Libc, LibcUnavailableError } from "../../../ffi/libc.ts";
import { libcCandidates, platform } from "../../../ffi/platform.ts";

const CHILD = new URL("./scoped_child.ts", import.meta.url);

/** Runs the child with permissions and no way to ask for more. */
async function runChild(
  permissions: string[],
  args: string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...permissions, CHILD.href, ...args],
    stdin: "null",
    env: { NO_COLOR: "1" },
  });
  const { code, stdout, stderr } = await command.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

Deno.test("Libc.open finds the library of this system by itself", () => {
  using libc = Libc.open();
  ok(libcCandidates(platform().arch).includes(libc.path));
});

Deno.test("Libc.open takes the path that it is given and no other", () => {
  using found = Libc.open();
  using given = Libc.open(found.path);
  equal(given.path, found.path);
  throws(() => Libc.open("/nonexistent/libc.so"), (error) => {
    ok(error instanceof LibcUnavailableError);
    equal(error.tried.length, 1);
    equal(error.tried[0]?.path, "/nonexistent/libc.so");
    match(error.tried[0]?.state ?? "", /No such file/);
    equal(
      error.message,
      "Cannot open the C library: tried /nonexistent/libc.so, " +
        "start with --allow-ffi=PATH for the one of this system, as in --allow-ffi=/nonexistent/libc.so",
    );
    return true;
  });
});

Deno.test("Libc.open refuses a file that is no library", () => {
  const path = Deno.makeTempFileSync({ prefix: "distrilock-ffi-" });
  try {
    throws(() => Libc.open(path), LibcUnavailableError);
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("Libc opens, locks and writes with nothing but its own path and the directory allowed", async () => {
  using libc = Libc.open();
  const directory = Deno.makeTempDirSync({ prefix: "distrilock-ffi-" });
  try {
    const permissions = [
      `--allow-ffi=${libc.path}`,
      `--allow-read=${directory}`,
      `--allow-write=${directory}`,
    ];
    const { code, stdout, stderr } = await runChild(permissions, [directory]);
    equal(stderr, "");
    equal(code, 0);
    const told = JSON.parse(stdout);
    equal(told.path, libc.path);
    deepEqual(told.answers, { locked: 0, refused: -11, wrote: 5, missing: -2 });
    match(told.bootId, /^[0-9a-f-]{36}\n$/);
    equal(Deno.readTextFileSync(`${directory}/a.lck`), "hello");
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("Libc.open says in one sentence which flag it needs when nothing is allowed", async () => {
  const candidates = libcCandidates(platform().arch);
  const { code, stdout, stderr } = await runChild([], ["/nonexistent"]);
  equal(code, 3);
  equal(stdout, "");
  equal(
    stderr.trim(),
    `LibcUnavailableError: Cannot open the C library: no permission for ${candidates.join(", ")}, ` +
      `start with --allow-ffi=PATH for the one of this system, as in --allow-ffi=${candidates[0]}`,
  );
});
