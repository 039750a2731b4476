/**
 * Durations as people write them on a command line.
 *
 * @module
 */
import { WAIT_MS_MAX } from "../protocol/limits.ts";
import { UsageError } from "./words.ts";

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/;
const MS_BY_UNIT = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * Milliseconds of a duration, at most `msMax`: a number of seconds, or one with a unit of `ms`, `s`, `m`,
 * `h`, `d`. Undefined when it is none.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(parseDuration("30"), 30_000);
 * equal(parseDuration("1.5m"), 90_000);
 * equal(parseDuration("soon"), undefined);
 * ```
 */
export function parseDuration(text: string, msMax: number = WAIT_MS_MAX): number | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  const unit = (match[2] ?? "s") as keyof typeof MS_BY_UNIT;
  const ms = Math.round(Number(match[1]) * MS_BY_UNIT[unit]);
  return ms <= msMax ? ms : undefined;
}

/**
 * The milliseconds that an option says; undefined when it was not given.
 *
 * @throws {UsageError} when it is no duration, or too long.
 */
export function readDuration(
  option: string,
  text: string | undefined,
  msMax: number = WAIT_MS_MAX,
): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text, msMax);
  if (ms !== undefined) return ms;
  const days = Math.floor(msMax / MS_BY_UNIT.d);
  throw new UsageError(
    `Cannot use ${option} ${text}: it is no time like 30, 500ms, 30s, 5m, 2h, 1d (${days} days at most)`,
  );
}

/**
 * A duration in the greatest unit that fits.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(durationText(90_000), "90s");
 * equal(durationText(1_500), "1500ms");
 * ```
 */
export function durationText(ms: number): string {
  if (!Number.isInteger(ms / 1_000)) return `${Math.round(ms)}ms`;
  const units = [["d", MS_BY_UNIT.d], ["h", MS_BY_UNIT.h], ["m", MS_BY_UNIT.m]] as const;
  const [unit, size] = units.find(([, size]) => ms > 0 && ms % size === 0) ?? ["s", MS_BY_UNIT.s];
  return `${ms / size}${unit}`;
}
