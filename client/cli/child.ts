/**
 * The command that runs under a lock.
 *
 * It stays in the process group of its parent, so that a terminal's job control (stop, continue, Ctrl-C) reaches both. A group of its own,
 * whose processes can be ended together, needs the terminal handed over to it first.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { EXIT_CODES, exitCodeOfSignal } from "./exit_codes.ts";
import { tell } from "./output.ts";

/** A command that was started. */
export class Child {
  readonly #process: ChildProcess;
  #killTimer: ReturnType<typeof setTimeout> | undefined;
  #hasEnded = false;

  /** Resolves when the command has ended, or could not be started, to the exit code that tells how. Never rejects. */
  readonly ended: Promise<number>;

  /** Starts a command with the parent's input, output and environment. */
  constructor(command: Command, { environment, ignored }: ChildOptions) {
    const [program, ...args] = ignored.length === 0 ? command : ignoring(ignored, command);
    this.#process = spawn(program, args, { stdio: "inherit", env: { ...process.env, ...environment } });
    this.ended = new Promise((resolve) => {
      const end = (exitCode: number) => {
        this.#hasEnded = true;
        clearTimeout(this.#killTimer);
        resolve(exitCode);
      };
      this.#process.once("error", (error: NodeJS.ErrnoException) => {
        tell(`Cannot run ${program}: ${error.code ?? error.message}`);
        end(error.code === "ENOENT" ? EXIT_CODES.notFound : EXIT_CODES.notExecutable);
      });
      this.#process.once("exit", (code, signal) => end(code ?? exitCodeOfSignal(signal!)));
    });
  }

  /** Passes on a signal that this process received. */
  forward(signal: NodeJS.Signals): void {
    // A terminal sends these two to the whole group. Sent once more, they would be the second one, on which many
    // programs give up without tidying.
    if ((signal === "SIGINT" || signal === "SIGQUIT") && process.stdin.isTTY) return;
    this.#kill(signal);
  }

  /** Asks the command to end, and ends it by force when it is still there so many milliseconds later. */
  terminate(killAfterMs: number): void {
    this.#kill("SIGTERM");
    // A stopped process sees the signal when it goes on.
    this.#kill("SIGCONT");
    this.#killTimer ??= setTimeout(() => this.kill(), killAfterMs);
  }

  /** Ends the command by force. */
  kill(): void {
    this.#kill("SIGKILL");
  }

  /**
   * Sends a signal. Not with the `kill` of the child itself: on Deno that one works only once, and whatever the command then ends with
   * is reported as a death by that signal.
   */
  #kill(signal: NodeJS.Signals): void {
    const { pid } = this.#process;
    if (pid === undefined || this.#hasEnded) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      // Ended already, and its end will be told in a moment.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

/** A program and its arguments. */
export type Command = readonly [string, ...string[]];

/** How a command is started. */
export interface ChildOptions {
  /** Variables beside those of this process. */
  readonly environment: { readonly [name: string]: string };
  /** Signals that the command ignores from its start on, as its parent did from its own. */
  readonly ignored: readonly NodeJS.Signals[];
}

/**
 * The same command, with signals ignored from the start. Neither Node nor Deno can start a child so, but a shell can that
 * replaces itself with the command; the words of the command are its arguments and are not looked at.
 */
function ignoring(signals: readonly NodeJS.Signals[], command: Command): Command {
  const names = signals.map((signal) => signal.slice("SIG".length)).join(" ");
  return ["/bin/sh", "-c", `trap '' ${names}; exec "$@"`, "sh", ...command];
}
