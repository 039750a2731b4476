/**
 * Durations as people write them on a command line.
 *
 * @module
 */
import { WAIT_MS_MAX } from "../protocol/limits.ts";

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/;
const MS_BY_UNIT = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/**
 * Milliseconds of a duration, at most 2^31 - 1: a number of seconds, or one with a unit of `ms`, `s`, `m`, `h`. Undefined when it is
 * none.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(parseDuration("30"), 30_000);
 * equal(parseDuration("1.5m"), 90_000);
 * equal(parseDuration("soon"), undefined);
 * ```
 */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  const unit = (match[2] ?? "s") as keyof typeof MS_BY_UNIT;
  const ms = Math.round(Number(match[1]) * MS_BY_UNIT[unit]);
  return ms <= WAIT_MS_MAX ? ms : undefined;
}
