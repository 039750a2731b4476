/**
 * The time that the ledger of a directory has reached, for whoever examines the clock: tokens of an untouched
 * directory go with the wall clock, so a ledger that is far ahead of it was made by another clock.
 *
 * @module
 */
import type { FileCalls } from "../../../ffi/file_calls.ts";
import { CLOCK_START_MS, LIMIT_STEP, LIMITS_AT, TOKENS_PER_SECOND } from "./ledger.ts";
import { LINE_BYTES, readNumber } from "./record.ts";

/**
 * When the ledger at `path` was begun the last time, by the clock of then: milliseconds since 1970, or later
 * where more tokens were given than time passed. Undefined when there is no ledger, or none that can be read:
 * opening it tells why.
 */
export function ledgerClockMs(calls: FileCalls, path: string): number | undefined {
  const fd = calls.open(path, "existing");
  if (fd < 0) return undefined;
  try {
    const line = new Uint8Array(LINE_BYTES);
    const limits = LIMITS_AT.map((at) =>
      calls.read(fd, line, at) === LINE_BYTES ? readNumber(line, 0, "L") : -1
    );
    const limit = Math.max(...limits);
    if (limit < 0) return undefined;
    return CLOCK_START_MS + (limit - LIMIT_STEP) / TOKENS_PER_SECOND * 1_000;
  } finally {
    // Locks of open file descriptions: those of a daemon on the same file are not touched by it.
    calls.close(fd);
  }
}
