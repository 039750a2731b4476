/**
 * How the command line ends when it does not end as its child did.
 *
 * Sources: `sysexits.h` for 64, 69, 75 and 77; POSIX "Shell Command Language" 2.8.2 for 126, 127 and 128 + n.
 *
 * @module
 */
import { constants } from "node:os";
import type { ErrorCode } from "../protocol/codes.ts";

/** Exit codes of the command line's own. */
export const EXIT_CODES = {
  ok: 0,
  /** What was asked for is not there. */
  nothing: 1,
  /** The words of the command line are wrong. */
  usage: 64,
  /** No daemon could be reached, or it cannot serve now. */
  unreachable: 69,
  /** The lock was not acquired (`-E` changes it). */
  notAcquired: 75,
  /** The lock was lost while the command ran. */
  lost: 76,
  /** The daemon does not allow it. */
  denied: 77,
  /** The command is there, but cannot be run. */
  notExecutable: 126,
  /** There is no such command. */
  notFound: 127,
} as const;

/** The exit code for each code that a daemon may refuse with. */
export const EXIT_CODE_BY_ERROR: { readonly [C in ErrorCode]: number } = {
  TIMEOUT: EXIT_CODES.notAcquired,
  BUSY: EXIT_CODES.notAcquired,
  CANCELLED: EXIT_CODES.notAcquired,
  DEADLOCK: EXIT_CODES.notAcquired,
  QUEUE_FULL: EXIT_CODES.notAcquired,
  LIMIT: EXIT_CODES.notAcquired,
  NOT_HELD: EXIT_CODES.lost,
  STALE_TOKEN: EXIT_CODES.lost,
  SESSION_GONE: EXIT_CODES.unreachable,
  DRAINING: EXIT_CODES.unreachable,
  STORE_UNAVAILABLE: EXIT_CODES.unreachable,
  UNSUPPORTED: EXIT_CODES.unreachable,
  INTERNAL: EXIT_CODES.unreachable,
  BAD_REQUEST: EXIT_CODES.usage,
  UNAUTHENTICATED: EXIT_CODES.denied,
  DENIED: EXIT_CODES.denied,
};

/**
 * What a shell reports for a process that a signal ended: 128 and the signal's number.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(exitCodeOfSignal("SIGTERM"), 143);
 * ```
 */
export function exitCodeOfSignal(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
