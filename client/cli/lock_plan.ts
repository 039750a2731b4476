/**
 * What the words of `distrilock lock` mean.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { NAMES_PER_REQUEST_MAX } from "../protocol/limits.ts";
import { type Mode, MODES, parseMode } from "../protocol/modes.ts";
import { lockNameFault } from "../protocol/names.ts";
import { textFault } from "../protocol/text.ts";
import { parseDuration } from "./duration.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { COMMON_OPTIONS, parsed, UsageError } from "./usage.ts";

/** What becomes of the command when its lock is lost. */
export type OnLost = "term" | "kill" | "ignore";

/** One run of `distrilock lock`. */
export interface LockPlan {
  /** At least one, none twice. */
  readonly names: readonly string[];
  readonly mode: Mode;
  /** Milliseconds; 0 = try once, undefined = for ever. */
  readonly wait: number | undefined;
  readonly reason: string | undefined;
  /** Exit code when the lock was not acquired. */
  readonly notAcquiredCode: number;
  readonly onLost: OnLost;
  readonly killAfterMs: number;
  readonly server: string | undefined;
  /** The command and its arguments. */
  readonly command: readonly [string, ...string[]];
}

const OPTIONS = {
  ...COMMON_OPTIONS,
  "no-wait": { type: "boolean", short: "n" },
  wait: { type: "string", short: "w" },
  mode: { type: "string", short: "m" },
  "exit-code": { type: "string", short: "E" },
  reason: { type: "string" },
  "on-lost": { type: "string" },
  "kill-after": { type: "string" },
} as const;

/**
 * Reads the words after `distrilock lock`; undefined when they ask for help.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * const plan = parseLockPlan(["backup", "-w", "30s", "--", "rsync", "-a", "/srv"]);
 * equal(plan?.wait, 30_000);
 * equal(plan?.reason, "rsync");
 * ```
 *
 * @throws {UsageError} when they make no sense.
 */
export function parseLockPlan(args: readonly string[]): LockPlan | undefined {
  const end = args.indexOf("--");
  const { values, positionals } = parsed(() =>
    parseArgs({ args: end < 0 ? [...args] : args.slice(0, end), options: OPTIONS, allowPositionals: true })
  );
  if (values.help) return undefined;
  const names = readNames(positionals);
  const [program, ...programArgs] = end < 0 ? [] : args.slice(end + 1);
  if (program === undefined || program === "") {
    throw new UsageError(`Cannot lock ${names.join(" ")}: a command is needed after --`);
  }
  if (values["no-wait"] && values.wait !== undefined) {
    throw new UsageError("Cannot use -n with -w: choose one");
  }
  return {
    names,
    mode: readMode(values.mode),
    wait: values["no-wait"] ? 0 : readDuration("--wait", values.wait),
    reason: readReason(values.reason, program),
    notAcquiredCode: readExitCode(values["exit-code"]),
    onLost: readOnLost(values["on-lost"]),
    killAfterMs: readDuration("--kill-after", values["kill-after"]) ?? 5_000,
    server: values.server,
    command: [program, ...programArgs],
  };
}

function readNames(words: readonly string[]): readonly string[] {
  if (words.length === 0) throw new UsageError("Cannot lock: a NAME is needed");
  if (words.length > NAMES_PER_REQUEST_MAX) {
    throw new UsageError(`Cannot lock ${words.length} names: ${NAMES_PER_REQUEST_MAX} are the most`);
  }
  for (const [index, name] of words.entries()) {
    const fault = words.indexOf(name) < index ? "it is there twice" : lockNameFault(name);
    if (fault !== undefined) throw new UsageError(`Cannot lock ${name}: ${fault}`);
  }
  return words;
}

function readMode(text = "EX"): Mode {
  const mode = parseMode(text);
  if (mode !== undefined) return mode;
  throw new UsageError(`Cannot use --mode ${text}: it is none of ${MODES.join(" ")} shared update exclusive`);
}

function readDuration(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new UsageError(
    `Cannot use ${option} ${text}: it is no time like 30, 500ms, 30s, 5m, 2h (24 days at most)`,
  );
}

function readReason(text: string | undefined, program: string): string | undefined {
  // A program's path may be anything; a reason that nobody asked for is no cause to refuse.
  if (text === undefined) return textFault(program) === undefined ? program : undefined;
  const fault = textFault(text);
  if (fault !== undefined) throw new UsageError(`Cannot use --reason: ${fault}`);
  return text;
}

function readExitCode(text: string | undefined): number {
  if (text === undefined) return EXIT_CODES.notAcquired;
  const code = /^\d{1,3}$/.test(text) ? Number(text) : 256;
  if (code <= 255) return code;
  throw new UsageError(`Cannot use --exit-code ${text}: it is not a number from 0 to 255`);
}

function readOnLost(text = "term"): OnLost {
  if (text === "term" || text === "kill" || text === "ignore") return text;
  throw new UsageError(`Cannot use --on-lost ${text}: it is none of term kill ignore`);
}
