/**
 * A second process that tries to take a lock which the first one holds.
 *
 * @module
 */
import { errnoName, lockRefused } from "../../ffi/errno.ts";
import { type FileCalls, LOCK_TO_END, LOCK_WRITE } from "../../ffi/file_calls.ts";
import type { RivalAnswer } from "./trial.ts";

/** The flag that makes `doctor` play the rival on a file; not for people. */
export const RIVAL_FLAG = "--rival";

const MAIN = new URL("../main.ts", import.meta.url);

/** What the rival does: tries to lock the whole file, and says what it was told. */
export function playRival(calls: FileCalls, path: string): RivalAnswer {
  const fd = calls.open(path, "existing");
  if (fd < 0) return { told: "error", text: `open: ${errnoName(-fd)}` };
  const answer = calls.tryLock(fd, LOCK_WRITE, 0, LOCK_TO_END);
  calls.close(fd);
  if (answer >= 0) return { told: "granted" };
  return lockRefused(-answer) ? { told: "refused" } : { told: "error", text: errnoName(-answer) };
}

/**
 * Starts a rival for the file and gives what it was told; asks for no permission, and says so where one is
 * missing.
 */
export function startRival(path: string, libcPath: string): RivalAnswer {
  if (Deno.permissions.querySync({ name: "run" }).state !== "granted") {
    return { told: "nothing", text: "no permission to start another process (--allow-run)" };
  }
  const program = Deno.build.standalone
    ? []
    : ["run", "--quiet", "--no-prompt", `--allow-ffi=${libcPath}`, MAIN.href];
  const { stdout } = new Deno.Command(Deno.execPath(), {
    args: [...program, "doctor", RIVAL_FLAG, path, "--libc", libcPath],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).outputSync();
  try {
    return JSON.parse(new TextDecoder().decode(stdout)) as RivalAnswer;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { told: "nothing", text: "the other process could not be started" };
  }
}
