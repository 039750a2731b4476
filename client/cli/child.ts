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

  /** Resolves when the command has ended, or could not be started, to the exit code that tells how. Never rejects. */
  readonly ended: Promise<number>;

  /** Starts a command with the parent's input, output and environment, and `environment` beside it. */
  constructor([program, ...args]: readonly [string, ...string[]], environment: Record<string, string>) {
    this.#process = spawn(program, args, { stdio: "inherit", env: { ...process.env, ...environment } });
    this.ended = new Promise((resolve) => {
      this.#process.once("error", (error: NodeJS.ErrnoException) => {
        tell(`Cannot run ${program}: ${error.code ?? error.message}`);
        resolve(error.code === "ENOENT" ? EXIT_CODES.notFound : EXIT_CODES.notExecutable);
      });
      this.#process.once("exit", (code, signal) => {
        clearTimeout(this.#killTimer);
        resolve(code ?? exitCodeOfSignal(signal!));
      });
    });
  }

  /** Passes on a signal that this process received. */
  forward(signal: NodeJS.Signals): void {
    // A terminal sends these two to the whole group. Sent once more, they would be the second one, on which many
    // programs give up without tidying.
    if ((signal === "SIGINT" || signal === "SIGQUIT") && process.stdin.isTTY) return;
    this.#process.kill(signal);
  }

  /** Asks the command to end, and ends it by force when it is still there so many milliseconds later. */
  terminate(killAfterMs: number): void {
    this.#process.kill("SIGTERM");
    // A stopped process sees the signal when it goes on.
    this.#process.kill("SIGCONT");
    this.#killTimer ??= setTimeout(() => this.kill(), killAfterMs);
  }

  /** Ends the command by force. */
  kill(): void {
    this.#process.kill("SIGKILL");
  }
}
