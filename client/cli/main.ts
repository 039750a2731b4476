/**
 * The client's side of the command line: every command but `serve`. It runs on Deno and on Node.
 *
 * @module
 */
import { LockError } from "../errors.ts";
import { SOFTWARE_VERSION } from "../protocol/version.ts";
import { runBreak } from "./break.ts";
import { runDrain } from "./drain.ts";
import { EXIT_CODE_BY_ERROR, EXIT_CODES } from "./exit_codes.ts";
import { runExplain } from "./explain.ts";
import { runKick } from "./kick.ts";
import { runLock } from "./lock.ts";
import { runLs } from "./ls.ts";
import { printData, tell } from "./output.ts";
import { runSessions } from "./sessions.ts";
import { runStatus } from "./status.ts";
import { HELP, UsageError } from "./usage.ts";
import { runWatch } from "./watch.ts";
import { runWho } from "./who.ts";

const COMMANDS: ReadonlyMap<string, (args: readonly string[]) => Promise<number>> = new Map([
  ["lock", runLock],
  ["ls", runLs],
  ["who", runWho],
  ["break", runBreak],
  ["explain", runExplain],
  ["watch", runWatch],
  ["sessions", runSessions],
  ["status", runStatus],
  ["kick", runKick],
  ["drain", runDrain],
  ["--help", printHelp],
  ["-h", printHelp],
  ["help", printHelp],
  ["--version", printVersion],
]);

/** Runs one command, given without the program's name, and gives its exit code. Whoever calls it ends the process with that. */
export async function run(argv: readonly string[]): Promise<number> {
  const [name = "", ...args] = argv;
  try {
    const command = COMMANDS.get(name);
    if (command === undefined) throw new UsageError(`Cannot run ${name || "nothing"}: no such command`);
    return await command(args);
  } catch (error) {
    if (error instanceof UsageError) {
      tell(`${error.message}\ndistrilock: see distrilock --help`);
      return EXIT_CODES.usage;
    }
    if (!(error instanceof LockError)) throw error;
    tell(error.message);
    return EXIT_CODE_BY_ERROR[error.code];
  }
}

async function printHelp(): Promise<number> {
  await printData(HELP);
  return EXIT_CODES.ok;
}

async function printVersion(): Promise<number> {
  await printData(`distrilock ${SOFTWARE_VERSION}\n`);
  return EXIT_CODES.ok;
}
