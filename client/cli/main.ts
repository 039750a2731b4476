/**
 * The client's side of the command line: every command but those of the daemon. It runs on Deno and on Node.
 *
 * @module
 */
import { LockError } from "../errors.ts";
import { SOFTWARE_VERSION } from "../protocol/version.ts";
import { BREAK } from "./break.ts";
import type { Command, CommandSpec } from "./command.ts";
import { completionCommand } from "./completion.ts";
import { DRAIN } from "./drain.ts";
import { EXIT_CODE_BY_ERROR, EXIT_CODES } from "./exit_codes.ts";
import { EXPLAIN } from "./explain.ts";
import { commandHelp, programHelp } from "./help_text.ts";
import { KICK } from "./kick.ts";
import { LOCK } from "./lock.ts";
import { LS } from "./ls.ts";
import { nearest } from "./nearest.ts";
import { printData, tell } from "./output.ts";
import { SESSIONS } from "./sessions.ts";
import { STATUS } from "./status.ts";
import { VALUE } from "./value.ts";
import { VERIFY } from "./verify.ts";
import { WATCH } from "./watch.ts";
import { WHO } from "./who.ts";
import { readWords, UsageError } from "./words.ts";

/** The commands of the client, in the order in which people meet them. */
export const COMMANDS: readonly Command[] = [
  LOCK,
  LS,
  WHO,
  EXPLAIN,
  WATCH,
  VALUE,
  VERIFY,
  SESSIONS,
  STATUS,
  BREAK,
  KICK,
  DRAIN,
];

/** Commands of the whole program that the client alone has not. */
const DAEMON_COMMANDS: readonly string[] = ["serve", "doctor", "token"];

/**
 * Runs one command, given without the program's name, and gives its exit code. Whoever calls it ends the
 * process with that. `others` are commands that the caller runs itself: help and completion know them.
 */
export async function run(argv: readonly string[], others: readonly CommandSpec[] = []): Promise<number> {
  const [name = "", ...args] = argv;
  try {
    return await runNamed(name, args, others);
  } catch (error) {
    if (error instanceof UsageError) {
      const isCommand = COMMANDS.some((command) => command.name === name);
      tell(`${error.message}\ndistrilock: see distrilock ${isCommand ? `${name} ` : ""}--help`);
      return EXIT_CODES.usage;
    }
    if (!(error instanceof LockError)) throw error;
    tell(error.message);
    return EXIT_CODE_BY_ERROR[error.code];
  }
}

async function runNamed(
  name: string,
  args: readonly string[],
  others: readonly CommandSpec[],
): Promise<number> {
  const specs = [...others, ...COMMANDS];
  const commands = [...COMMANDS, completionCommand(specs)];
  if (name === "--version") return await print(`distrilock ${SOFTWARE_VERSION}\n`);
  if (name === "help" || name === "--help" || name === "-h") {
    const [topic] = args;
    if (topic === undefined) return await print(helpOf(others, commands));
    const other = others.find((one) => one.name === topic);
    return other === undefined ? await runNamed(topic, ["--help"], others) : await print(commandHelp(other));
  }
  const command = commands.find((one) => one.name === name);
  if (command === undefined) throw unknownCommand(name, [...specs, ...commands].map(({ name }) => name));
  const words = readWords(args, command);
  if (words.has("help")) return await print(commandHelp(command));
  return await command.run(words);
}

function helpOf(others: readonly CommandSpec[], commands: readonly Command[]): string {
  return programHelp(
    [...others, ...commands],
    DAEMON_COMMANDS.filter((name) => others.every((other) => other.name !== name)),
  );
}

function unknownCommand(name: string, known: readonly string[]): UsageError {
  if (DAEMON_COMMANDS.includes(name)) {
    return new UsageError(
      `Cannot run ${name}: this is the client alone, the daemon is a program of its own (see its README)`,
    );
  }
  const meant = nearest(name, known);
  const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
  return new UsageError(`Cannot run ${name || "nothing"}: no such command${hint}`);
}

async function print(text: string): Promise<number> {
  await printData(text);
  return EXIT_CODES.ok;
}
