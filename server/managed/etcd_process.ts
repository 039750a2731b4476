/**
 * One process of etcd: started, listened to, ended. It has a process group of its own, so that Ctrl-C in a
 * terminal reaches the daemon alone, which ends it when nobody needs it any more.
 *
 * @module
 */
import type { Log } from "../base/log.ts";
import { hostName, listenHost, type ManagedCluster } from "./managed_cluster.ts";
import { MemberError } from "./member_error.ts";

const PROGRAM = "etcd";
/** The first version that can do what the store needs. */
const VERSION_LEAST = [3, 4] as const;
/** How many of its last words are kept. */
const WORDS_MAX = 5;
/**
 * What is passed on; the rest tells why it ended, if it does. That others cannot be reached it says every few
 * seconds.
 */
const LOUD = new Set(["error", "dpanic", "panic", "fatal"]);
/**
 * How long it may take to end in order, in milliseconds: it hands its leadership over, when there is somebody
 * to have it.
 */
const STOP_MS = 5_000;

/** How a process ended. */
export interface End {
  readonly code: number;
  readonly signal: string | null;
  /** What it said last. */
  readonly said: string;
}

/** A running etcd. */
export class EtcdProcess {
  readonly pid: number;
  /** Resolves when it has ended, however. */
  readonly ended: Promise<End>;
  readonly #child: Deno.ChildProcess;
  readonly #log: Log;
  readonly #said: string[] = [];
  #wasPlain = false;
  #isOver = false;

  /** Starts it. Throws a {@link MemberError}. */
  constructor(args: readonly string[], log: Log) {
    this.#log = log;
    this.#child = spawn(args);
    this.pid = this.#child.pid;
    this.ended = this.#run();
  }

  /** Ends it in order, or by force when it takes too long. */
  async stop(): Promise<End> {
    this.#signal("SIGTERM");
    const timer = setTimeout(() => this.kill(), STOP_MS);
    const end = await this.ended;
    clearTimeout(timer);
    return end;
  }

  /** Ends it at once. */
  kill(): void {
    this.#signal("SIGKILL");
  }

  #signal(signal: Deno.Signal): void {
    if (!this.#isOver) this.#child.kill(signal);
  }

  async #run(): Promise<End> {
    const listening = this.#listen();
    const { code, signal } = await this.#child.status;
    this.#isOver = true;
    await listening;
    return { code, signal, said: this.#said.join("; ") };
  }

  async #listen(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#hear(line);
    }
    if (rest !== "") this.#hear(rest);
  }

  #hear(line: string): void {
    const { level, said, isFault } = wordsOf(line);
    const isLoud = level === undefined || LOUD.has(level);
    if (isLoud) this.#log.warn("etcd.says", { said });
    // Of lines that are no JSON the first has the reason; behind it comes where it was in its program, or how
    // it is used.
    const isRest = level === undefined && this.#wasPlain;
    this.#wasPlain = level === undefined;
    if (isRest || (!isLoud && !isFault)) return;
    this.#said.push(said);
    if (this.#said.length > WORDS_MAX) this.#said.shift();
  }
}

/** Looks whether there is an etcd that can do what is needed. Throws a {@link MemberError}. */
export async function checkProgram(): Promise<void> {
  const text = await askVersion();
  const [, version = "", major, minor] = /^etcd Version: ((\d+)\.(\d+)\S*)/m.exec(text) ?? [];
  const [majorLeast, minorLeast] = VERSION_LEAST;
  if (Number(major) > majorLeast || (Number(major) === majorLeast && Number(minor) >= minorLeast)) return;
  const found = version === "" ? "that program does not tell its version" : `it has version ${version}`;
  throw new MemberError(`Cannot run etcd: ${found}, want ${majorLeast}.${minorLeast} or later`);
}

/**
 * Looks whether the ports of our member are free. An etcd that is there already would answer in place of
 * ours, which could not even start. Throws a {@link MemberError}.
 */
export function checkPorts({ self }: Pick<ManagedCluster, "self">): void {
  for (const port of [self.port, self.port + 1]) {
    try {
      Deno.listen({ hostname: listenHost(self), port }).close();
    } catch (cause) {
      if (!(cause instanceof Error)) throw cause;
      const where = hostName({ host: listenHost(self), port });
      const advice = cause instanceof Deno.errors.AddrInUse
        ? "; is it an etcd of the system? Stop it, or choose other ports"
        : "";
      throw new MemberError(`Cannot run etcd: cannot listen on ${where}: ${cause.message}${advice}`, {
        cause,
      });
    }
  }
}

async function askVersion(): Promise<string> {
  try {
    const command = new Deno.Command(PROGRAM, { args: ["--version"], stdin: "null", stderr: "null" });
    return new TextDecoder().decode((await command.output()).stdout);
  } catch (error) {
    throw explained(error);
  }
}

function spawn(args: readonly string[]): Deno.ChildProcess {
  try {
    return new Deno.Command(PROGRAM, {
      args: [...args],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      detached: true,
    }).spawn();
  } catch (error) {
    throw explained(error);
  }
}

function explained(error: unknown): unknown {
  const { NotFound, NotCapable } = Deno.errors;
  if (error instanceof NotFound) {
    const advice = "want it in PATH (Debian: apt-get install etcd-server)";
    return new MemberError(`Cannot run etcd: it is not installed, ${advice}`, { cause: error });
  }
  if (error instanceof NotCapable) {
    return new MemberError("Cannot run etcd: no permission, want --allow-run=etcd", { cause: error });
  }
  return error;
}

/** A line of etcd's log is JSON; what comes before it has one, or after it has lost it, is not. */
function wordsOf(
  line: string,
): { readonly level?: string; readonly said: string; readonly isFault: boolean } {
  try {
    const { level, msg, error } = JSON.parse(line);
    const isFault = typeof error === "string";
    if (typeof msg === "string") return { level, said: isFault ? `${msg}: ${error}` : msg, isFault };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { said: line, isFault: false };
}
