/**
 * The command line as a process of its own, as a shell would start it.
 *
 * @module
 */

const MAIN = new URL("../../server/main.ts", import.meta.url).pathname;

/** A run of the command line. */
export interface Command extends AsyncDisposable {
  readonly pid: number;
  /** What it printed so far. */
  readonly output: string;
  /** What it told people so far. */
  readonly errors: string;
  /** Resolves when it has ended and all that it printed was read. */
  readonly status: Promise<Deno.CommandStatus>;
  /** Gives it something to read, and then the end of its input. */
  feed(text: string): Promise<void>;
  kill(signal: Deno.Signal): void;
}

/** What starts the command line in another way than by itself. */
export interface StartOptions {
  /** Words in front of it, such as `nohup`. */
  readonly before?: readonly string[];
  /** Variables beside those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The words that run the command line with some words of its own. */
export function commandWords(words: readonly string[]): readonly [string, ...string[]] {
  return [Deno.execPath(), "run", "--no-prompt", "--quiet", "-A", MAIN, ...words];
}

/** Starts `distrilock` with some words; `server` is what it finds in its environment. It has no terminal. */
export function startCommand(
  server: string,
  words: readonly string[],
  { before = [], environment = {} }: StartOptions = {},
): Command {
  const [program, ...args] = [...before, ...commandWords(words)];
  const child = new Deno.Command(program!, {
    args,
    env: { DISTRILOCK_SERVER: server, NO_COLOR: "1", ...environment },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    // Whoever runs the tests may have a terminal.
    detached: true,
  }).spawn();
  const texts = { output: "", errors: "" };
  const reading = Promise.all([read(child.stdout, "output"), read(child.stderr, "errors")]);
  const status = reading.then(() => child.status);
  let isOpen = true;
  const endInput = async () => {
    if (isOpen) await child.stdin.close().catch(() => {});
    isOpen = false;
  };

  async function read(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    to: keyof typeof texts,
  ): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) texts[to] += text;
  }

  return {
    pid: child.pid,
    get output() {
      return texts.output;
    },
    get errors() {
      return texts.errors;
    },
    status,
    async feed(text) {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(text));
      writer.releaseLock();
      await endInput();
    },
    kill: (signal) => child.kill(signal),
    async [Symbol.asyncDispose]() {
      await endInput();
      try {
        child.kill("SIGKILL");
      } catch (error) {
        // It has ended already.
        if (!(error instanceof TypeError)) throw error;
      }
      await status;
    },
  };
}

/** Runs `distrilock` to its end without input. */
export async function runCommand(
  server: string,
  words: readonly string[],
): Promise<{ readonly code: number; readonly output: string; readonly errors: string }> {
  await using command = startCommand(server, words);
  const { code } = await command.status;
  return { code, output: command.output, errors: command.errors };
}
