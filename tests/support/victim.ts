/**
 * A client as a process of its own that holds a lock in a session with a grace, for tests that kill it, stop
 * it or cut it off.
 *
 * @module
 */
import { Libc } from "../../ffi/libc.ts";
import { eventually } from "./eventually.ts";

const PROGRAM = new URL("./victim_program.ts", import.meta.url).pathname;

/** What a victim says. */
interface Word {
  readonly what: "held" | "lost";
  readonly token: number;
  readonly bootMs: number;
}

/** The process. */
export class Victim implements AsyncDisposable {
  readonly token: number;
  readonly #child: Deno.ChildProcess;
  readonly #words: readonly Word[];
  readonly #reading: Promise<void>;

  private constructor(
    child: Deno.ChildProcess,
    { words, reading, token }: {
      readonly words: readonly Word[];
      readonly reading: Promise<void>;
      readonly token: number;
    },
  ) {
    this.#child = child;
    this.#words = words;
    this.#reading = reading;
    this.token = token;
  }

  /** Starts it, and waits until it has the lock. */
  static async start({ servers, name, graceMs, through }: {
    readonly servers: readonly string[];
    readonly name: string;
    readonly graceMs: number;
    /** A command that runs another one, and becomes it. */
    readonly through: readonly string[];
  }): Promise<Victim> {
    const [program = "", ...before] = [...through, Deno.execPath()];
    const words: Word[] = [];
    const child = new Deno.Command(program, {
      args: [
        ...before,
        ...["run", "--no-prompt", "--quiet", "-A", PROGRAM, servers.join(","), name, `${graceMs}`],
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reading = read(child.stdout, words);
    const { token } = await eventually("the victim has its lock", () => words[0], 30_000);
    return new Victim(child, { words, reading, token });
  }

  /**
   * When it stopped believing in its lock, by the clock of `performance.now()` here; undefined while it does
   * not say so.
   */
  get lostMs(): number | undefined {
    const word = this.#words.find(({ what }) => what === "lost");
    if (!word) return undefined;
    using libc = Libc.open();
    return word.bootMs - libc.bootMs() + performance.now();
  }

  /** Sends a signal. */
  signal(signal: "SIGSTOP" | "SIGCONT" | "SIGKILL"): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#child.status;
    await this.#reading;
  }
}

async function read(stream: ReadableStream<Uint8Array<ArrayBuffer>>, words: Word[]): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) words.push(JSON.parse(line));
  }
}
