/**
 * A client as a process of its own, for tests that kill it.
 *
 * @module
 */

const PROGRAM = new URL("./holder_program.ts", import.meta.url).pathname;

/** A process that holds a lock. */
export interface HolderProcess extends AsyncDisposable {
  readonly token: number;
  readonly pid: number;
  /** Ends it as a crash would. */
  kill(): void;
}

/** Starts a process that takes a lock, at a daemon or in a directory, and waits until it has it. */
export async function startHolderProcess(
  place: string,
  { name, mode = "EX" }: { readonly name: string; readonly mode?: string },
): Promise<HolderProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", "-A", PROGRAM, place, name, mode],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const token = Number(new TextDecoder().decode(value));
  if (!Number.isSafeInteger(token) || token === 0) throw new Error("the holder process got no lock");
  const kill = () => {
    try {
      child.kill("SIGKILL");
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError)) throw error;
    }
  };
  return {
    token,
    pid: child.pid,
    kill,
    [Symbol.asyncDispose]: async () => {
      kill();
      await child.status;
      await reader.cancel();
    },
  };
}
