/**
 * Where stories are played: a directory of its own, daemons and clients that can be killed, all gone at the
 * end.
 *
 * @module
 */
import { type Client, connect, type ConnectOptions } from "../../mod.ts";

const MAIN = new URL("../../server/main.ts", import.meta.url).pathname;
const HOLDER = new URL("./holder.ts", import.meta.url).pathname;

/** A process of a story. */
export interface Actor {
  readonly pid: number;
  readonly ended: Promise<Deno.CommandStatus>;
  /** The next line that it prints. */
  nextLine(): Promise<string>;
  kill(signal: Deno.Signal): void;
}

/** A daemon of a story. */
export interface DaemonActor extends Actor {
  readonly url: string;
}

/** The place of one story. */
export class Stage implements AsyncDisposable {
  readonly directory = Deno.makeTempDirSync({ prefix: "distrilock-story-" });
  readonly #gone = new AsyncDisposableStack();
  readonly #start = performance.now();

  /** Prints a line of the story, with the time since its beginning. */
  tell(text: string): void {
    console.log(`  ${Math.round(performance.now() - this.#start).toString().padStart(6)} ms  ${text}`);
  }

  /** Fails the story unless the condition holds. */
  expect(condition: boolean, what: string): void {
    if (!condition) throw new Error(`expected that ${what}`);
  }

  /** Starts a daemon on the directory of the story. */
  async daemon(...flags: string[]): Promise<DaemonActor> {
    const actor = this.#spawn([
      MAIN,
      "--directory",
      this.directory,
      "--address",
      "127.0.0.1:0",
      "--http-address",
      "off",
      ...flags,
    ], "stderr");
    for (;;) {
      const { event, tcp } = JSON.parse(await actor.nextLine());
      if (event === "daemon.ready") return { ...actor, url: `distrilock://${tcp}` };
    }
  }

  /** Connects a client. */
  async client(daemon: DaemonActor, options: ConnectOptions): Promise<Client> {
    return this.#gone.use(await connect(daemon.url, options));
  }

  /**
   * Starts a process that takes a lock and keeps it; its first line is the token, and what happens to the
   * lock follows.
   */
  async holder(
    daemon: DaemonActor,
    name: string,
    ttl?: number,
  ): Promise<{ readonly actor: Actor; readonly token: number }> {
    const actor = this.#spawn(
      [HOLDER, daemon.url, name, ...(ttl === undefined ? [] : [String(ttl)])],
      "stdout",
    );
    return { actor, token: Number(await actor.nextLine()) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gone.disposeAsync();
    Deno.removeSync(this.directory, { recursive: true });
  }

  #spawn(args: string[], from: "stdout" | "stderr"): Actor {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "-A", ...args],
      stdin: "null",
      stdout: from === "stdout" ? "piped" : "null",
      stderr: from === "stderr" ? "piped" : "inherit",
    }).spawn();
    const lines = linesOf(child[from]);
    const kill = (signal: Deno.Signal) => {
      try {
        child.kill(signal);
      } catch (error) {
        // It has ended before.
        if (!(error instanceof TypeError)) throw error;
      }
    };
    this.#gone.defer(async () => {
      kill("SIGKILL");
      await child.status;
      await lines.return();
    });
    const nextLine = async () => (await lines.next()).value ?? "";
    return { pid: child.pid, ended: child.status, nextLine, kill };
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string, void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
