/**
 * The command that runs under a lock, with all that it starts: its family.
 *
 * Where there is a terminal, the command stays in the group of its parent, so that the terminal's job control
 * (Ctrl-C, Ctrl-Z, questions for a password) reaches both. Where there is none, it leads a session of its
 * own, which can be ended as a whole. `docs/design/0011` says why.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { EXIT_CODES, exitCodeOfSignal } from "./exit_codes.ts";
import { tell } from "./output.ts";
import { allProcesses, familyOf, hasVariable, ownProcess, type ProcessRow } from "./processes.ts";

/** A program and its arguments. */
export type Command = readonly [string, ...string[]];

/** How a command is started. */
export interface ChildOptions {
  /** Variables beside those of this process. */
  readonly environment: Readonly<Record<string, string>>;
  /** The one of them, as `NAME=value`, by which its family is known, wherever it went. */
  readonly mark: string;
  /** Signals that the command ignores from its start on, as its parent did from its own. */
  readonly ignored: readonly NodeJS.Signals[];
}

/** A command that was started. */
export class Child {
  readonly #process: ChildProcess;
  readonly #mark: string;
  readonly #hasOwnSession = !hasTerminal();
  #hasEnded = false;

  /**
   * Resolves when the command has ended, or could not be started, to the exit code that tells how. Never
   * rejects.
   */
  readonly ended: Promise<number>;

  /** Starts a command with the parent's input, output and environment. */
  constructor(command: Command, { environment, mark, ignored }: ChildOptions) {
    const [program, ...args] = ignored.length === 0 ? command : ignoring(ignored, command);
    this.#mark = mark;
    this.#process = spawn(program, args, {
      stdio: "inherit",
      env: { ...process.env, ...environment },
      detached: this.#hasOwnSession,
    });
    this.ended = new Promise((resolve) => {
      const end = (exitCode: number) => {
        this.#hasEnded = true;
        resolve(exitCode);
      };
      this.#process.once("error", (error: NodeJS.ErrnoException) => {
        tell(`Cannot run ${command[0]}: ${error.code ?? error.message}`);
        end(error.code === "ENOENT" ? EXIT_CODES.notFound : EXIT_CODES.notExecutable);
      });
      this.#process.once("exit", (code, signal) => end(code ?? exitCodeOfSignal(signal!)));
    });
  }

  /** The session that it leads; undefined when it shares that of its parent, or could not be started. */
  get session(): number | undefined {
    return this.#hasOwnSession ? this.#process.pid : undefined;
  }

  /** Passes on a signal that this process received. */
  forward(signal: NodeJS.Signals): void {
    // A terminal sends these two to the whole group. Sent once more, they would be the second one, on which
    // many programs give up without tidying.
    if ((signal === "SIGINT" || signal === "SIGQUIT") && !this.#hasOwnSession && isInForeground()) return;
    if (!this.#hasEnded) send(this.#process.pid, signal);
  }

  /** Sends a signal to the command and all that it started. */
  signalFamily(signal: NodeJS.Signals): void {
    const { session } = this;
    // The group at once first: none of it can be born meanwhile.
    if (session !== undefined) send(-session, signal);
    for (const { pid, group } of this.#family()) if (group !== session) send(pid, signal);
  }

  /** The processes that are left of the command and all that it started. */
  get family(): readonly number[] {
    return this.#family().map(({ pid }) => pid);
  }

  #family(): readonly { readonly pid: number; readonly group: number }[] {
    const { pid: child } = this.#process;
    if (child === undefined) return [];
    const rows = allProcesses();
    if (rows === undefined) return this.#familyWithoutProc(child);
    const isRoot = ({ pid, session }: ProcessRow) =>
      (pid === child && !this.#hasEnded) || session === this.session || hasVariable(pid, this.#mark);
    return familyOf(rows, isRoot).filter(({ pid }) => pid !== process.pid);
  }

  /** Without a list of processes: as much as one signal can find out. */
  #familyWithoutProc(child: number): readonly { readonly pid: number; readonly group: number }[] {
    const isLeft = this.#hasOwnSession ? send(-child, 0) : !this.#hasEnded;
    return isLeft ? [{ pid: child, group: this.#hasOwnSession ? child : 0 }] : [];
  }
}

/** Whether this process has a terminal that its children could ask, or be stopped by. */
function hasTerminal(): boolean {
  const own = ownProcess();
  if (own !== undefined) return own.terminal !== 0;
  return [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
}

/** Whether the terminal listens to the group of this process. */
function isInForeground(): boolean {
  const own = ownProcess();
  return own === undefined ? process.stdin.isTTY : own.group === own.terminalGroup;
}

/**
 * Sends a signal; false when there is nobody to hear it, or nobody who may. Not with the `kill` of a child
 * itself: on Deno that one works only once, and whatever the command then ends with is reported as a death by
 * that signal.
 */
function send(pid: number | undefined, signal: NodeJS.Signals | 0): boolean {
  if (pid === undefined) return false;
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Ended already, or a program that runs as somebody else: whoever waits for the end finds out that there
    // is none.
    if (code === "ESRCH" || code === "EPERM") return false;
    throw error;
  }
}

/**
 * The same command, with signals ignored from the start. Neither Node nor Deno can start a child so, but a
 * shell can that replaces itself with the command; the words of the command are its arguments and are not
 * looked at.
 */
function ignoring(signals: readonly NodeJS.Signals[], command: Command): Command {
  const names = signals.map((signal) => signal.slice("SIG".length)).join(" ");
  return ["/bin/sh", "-c", `trap '' ${names}; exec "$@"`, "sh", ...command];
}
