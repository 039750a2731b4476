/**
 * A program in another language that locks whole files with `lockf`, as programs do that never heard of this
 * project: python3 with `fcntl.lockf`. It is told what to do line by line and answers each line.
 *
 * @module
 */
import { equal } from "node:assert/strict";

const PROGRAM = `
import errno, fcntl, sys
file = open(sys.argv[1], "a+")
kinds = {"exclusive": fcntl.LOCK_EX, "shared": fcntl.LOCK_SH, "none": fcntl.LOCK_UN}
print("ready", flush=True)
for line in sys.stdin:
    kind, how = line.split()
    try:
        fcntl.lockf(file, kinds[kind] | (fcntl.LOCK_NB if how == "now" and kind != "none" else 0))
        print("locked", flush=True)
    except OSError as error:
        print("busy" if error.errno in (errno.EAGAIN, errno.EACCES) else error, flush=True)
`;

const SILENCE_MS_MAX = 20_000;

/** Whether python3 is here. */
export function hasPython(): boolean {
  try {
    return new Deno.Command("python3", { args: ["-c", "import fcntl"] }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A running locker of one file. */
export class ForeignLocker implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<string>;
  #text = "";

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Opens the file, making it if it is missing. */
  static async open(path: string): Promise<ForeignLocker> {
    const args = ["-c", PROGRAM, path];
    const locker = new ForeignLocker(
      new Deno.Command("python3", { args, stdin: "piped", stdout: "piped", stderr: "inherit" }).spawn(),
    );
    equal(await locker.#line(), "ready");
    return locker;
  }

  /** Locks or unlocks the whole file at once: `locked` or `busy`. */
  async lock(kind: "exclusive" | "shared" | "none"): Promise<string> {
    await this.#tell(`${kind} now`);
    return this.#line();
  }

  /** Begins to wait for a lock; the promise within resolves when it has it. */
  async wait(kind: "exclusive" | "shared"): Promise<{ locked: Promise<string> }> {
    await this.#tell(`${kind} wait`);
    return { locked: this.#line() };
  }

  /** Ends it by SIGKILL. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // It was killed before.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
    await this.#end();
  }

  async #end(): Promise<void> {
    await this.#child.status;
    await this.#input.close().catch(() => undefined); // the pipe broke with the program
    while (!(await this.#output.read()).done);
  }

  async #tell(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
  }

  /**
   * The next line; `ended` when it is gone, and it is ended when it says nothing for long: a test fails
   * rather than hangs.
   */
  async #line(): Promise<string> {
    const guard = setTimeout(() => this.#child.kill("SIGKILL"), SILENCE_MS_MAX);
    try {
      return await this.#nextLine();
    } finally {
      clearTimeout(guard);
    }
  }

  async #nextLine(): Promise<string> {
    while (!this.#text.includes("\n")) {
      const { value, done } = await this.#output.read();
      if (done) return "ended";
      this.#text += value;
    }
    const [line = "", ...rest] = this.#text.split("\n");
    this.#text = rest.join("\n");
    return line;
  }
}
