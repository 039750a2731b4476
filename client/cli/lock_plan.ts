/**
 * What the words of `distrilock lock` mean.
 *
 * @module
 */
import { LABELS_MAX, NAMES_PER_REQUEST_MAX, WORD_BYTES_MAX } from "../protocol/limits.ts";
import type { Labels } from "../protocol/messages.ts";
import { type Mode, MODES, parseMode } from "../protocol/modes.ts";
import { lockNameFault } from "../protocol/names.ts";
import { textFault } from "../protocol/text.ts";
import { readDuration } from "./duration.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { type LockTimes, readLockTimes } from "./lock_times.ts";
import { UsageError, type Words } from "./words.ts";

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
  readonly labels: Labels | undefined;
  /** Exit code when the lock was not acquired. */
  readonly notAcquiredCode: number;
  readonly onLost: OnLost;
  readonly times: LockTimes;
  /** The command and its arguments. */
  readonly command: readonly [string, ...string[]];
}

/**
 * Makes a plan of the words after `distrilock lock`.
 *
 * @throws {UsageError} when they make no sense.
 */
export function readLockPlan(words: Words): LockPlan {
  const names = readNames(words.operands);
  const [program, ...programArgs] = words.tail ?? [];
  if (program === undefined || program === "") {
    throw new UsageError(`Cannot lock ${names.join(" ")}: a command is needed after --`);
  }
  const onLost = readOnLost(words.text("on-lost"));
  return {
    names,
    mode: readMode(words.text("mode")),
    wait: readWait(words),
    reason: readReason(words.text("reason"), program),
    labels: readLabels(words.texts("label")),
    notAcquiredCode: readExitCode(words.text("exit-code")),
    onLost,
    times: readLockTimes(words, { isGentle: onLost === "term" }),
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

/**
 * How long to wait, in milliseconds: 0 = try once, undefined = for ever.
 *
 * @throws {UsageError} for no time, or for both options.
 */
export function readWait(words: Words): number | undefined {
  const wait = readDuration("--wait", words.text("wait"));
  if (!words.has("no-wait")) return wait;
  if (wait !== undefined) throw new UsageError("Cannot use -n with -w: choose one");
  return 0;
}

function readMode(text = "EX"): Mode {
  const mode = parseMode(text);
  if (mode !== undefined) return mode;
  throw new UsageError(`Cannot use --mode ${text}: it is none of ${MODES.join(" ")} shared update exclusive`);
}

function readReason(text: string | undefined, program: string): string | undefined {
  // A program's path may be anything; a reason that nobody asked for is no cause to refuse.
  if (text === undefined) return textFault(program) === undefined ? program : undefined;
  const fault = textFault(text);
  if (fault !== undefined) throw new UsageError(`Cannot use --reason: ${fault}`);
  return text;
}

function readLabels(texts: readonly string[]): Labels | undefined {
  if (texts.length === 0) return undefined;
  if (texts.length > LABELS_MAX) {
    throw new UsageError(`Cannot use ${texts.length} labels: ${LABELS_MAX} are the most`);
  }
  const labels = new Map<string, string>();
  for (const text of texts) {
    const [, name = "", value = ""] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    const fault = name === ""
      ? "want NAME=VALUE"
      : labels.has(name)
      ? `${name} is there twice`
      : textFault(name, WORD_BYTES_MAX) ?? textFault(value, WORD_BYTES_MAX);
    if (fault !== undefined) throw new UsageError(`Cannot use --label ${text}: ${fault}`);
    labels.set(name, value);
  }
  return Object.fromEntries(labels);
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
