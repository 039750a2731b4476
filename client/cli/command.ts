/**
 * What a command of the command line is: one table from which its parsing, its help, its completion and the
 * check of its manual page are made.
 *
 * @module
 */
import type { Words } from "./words.ts";

/** An option of a command. */
export interface OptionSpec {
  /** Its long name, without the dashes. */
  readonly name: string;
  /** Its short name, one letter. */
  readonly short?: string;
  /** What its value is called; absent: it is a switch. */
  readonly value?: string;
  /** What it does, with its default in brackets at the end. */
  readonly help: string;
  /** All values that it takes, where they are few. */
  readonly choices?: readonly string[];
  /** Its value is a path. */
  readonly isPath?: true;
  /** It may be given more than once. */
  readonly repeats?: true;
}

/** What is told about a command. */
export interface CommandSpec {
  readonly name: string;
  /** The words that it takes beside options, as its usage shows them. */
  readonly operands: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** Paragraphs, with an empty line between. */
  readonly about: string;
  /** Its options, without those that all commands have. */
  readonly options: readonly OptionSpec[];
  /** Lines to try, with what they are for. */
  readonly examples: readonly (readonly [line: string, purpose: string])[];
}

/** A command that can be run. */
export interface Command extends CommandSpec {
  /** Runs it; gives the exit code. `--help` does not come here. */
  run(words: Words): Promise<number>;
}

/** The option that every command has. */
export const HELP_OPTION: OptionSpec = { name: "help", short: "h", help: "print this text" };

/** How a command prints what it found. */
export const OUTPUT_OPTION: OptionSpec = {
  name: "output",
  short: "o",
  value: "FORM",
  choices: ["table", "json", "jsonl"],
  help: "table for people, json for one document, jsonl for one a line (table)",
};

/** How a daemon is found, for every command that asks one. */
export const SERVER_OPTIONS: readonly OptionSpec[] = [
  {
    name: "server",
    value: "URL,…",
    help:
      "the daemons, tried in this order: distrilock://host:port, ws:// or wss:// (DISTRILOCK_SERVER, or distrilock://127.0.0.1:13123)",
  },
  {
    name: "token-file",
    value: "PATH",
    isPath: true,
    help: "file with the token that says who you are (DISTRILOCK_TOKEN_FILE, or none)",
  },
  { name: "connect-timeout", value: "TIME", help: "how long to try to reach a daemon (10s)" },
];

/** All options of a command, the common ones last. */
export function optionsOf({ options }: CommandSpec): readonly OptionSpec[] {
  return [...options, HELP_OPTION];
}
