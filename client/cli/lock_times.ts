/**
 * The times of `distrilock lock`, and whether they fit into each other: the command has to be gone before its
 * lock can be somebody else's.
 *
 * ```text
 *  last sign of life                                  TERM            KILL   the lock may be given away
 *  |----------------------- grace (or ttl) -----------|---------------|------|
 *                                                     |<-killAfterMs->|
 *                                                     |<------ leadMs ------>| of what the client counts
 * ```
 *
 * @module
 */
import { LIFE_MS_MAX, LIFE_MS_MIN } from "../protocol/limits.ts";
import type { Guarantee } from "../protocol/messages.ts";
import { durationText, readDuration } from "./duration.ts";
import { UsageError, type Words } from "./words.ts";

/** Grace of a session, in milliseconds, when nothing says otherwise. */
export const GRACE_MS_DEFAULT = 10_000;
/** Shortest grace: in less, neither a lost connection can be made anew nor a command be ended. */
export const GRACE_MS_MIN = 1_000;
/** How long a command may tidy up, in milliseconds, when nothing says otherwise. */
export const KILL_AFTER_MS_DEFAULT = 5_000;
/**
 * Of the time that a lock lives without renewal: how much of it a command may tidy up, at most. The rest is
 * for a connection that is lost and made anew, and for renewals, which come when a third of the time is over.
 */
const TIDY_SHARE_MAX = 1 / 2;
/** What is kept for the killing itself: of the shortest time, and at most so many milliseconds. */
const RESERVE_SHARE = 1 / 20;
const RESERVE_MS_MAX = 250;

/**
 * Of how long a server vouches for a lock ([P-18] of `docs/protocol.md`): how much is left of it at any time
 * while all is well. It may have heard of its own store a third of the time ago when it is asked, and is
 * asked again after a third of what it said.
 */
const VOUCHED_SHARE = 1 / 4;

/** How long things may take; milliseconds. */
export interface LockTimes {
  /** How long the session outlives its connection; 0: not at all. */
  readonly graceMs: number;
  /** From asking the command to end until ending it by force; 0: by force at once. */
  readonly killAfterMs: number;
  readonly ttlMs: number | undefined;
  readonly maxHoldMs: number | undefined;
  /** How long before the lock is uncertain the command is asked to end. */
  readonly leadMs: number;
}

/**
 * Reads the times that the words give, and finds the others.
 *
 * @throws {UsageError} when one is no time, or two do not fit.
 */
export function readLockTimes(words: Words, { isGentle }: { readonly isGentle: boolean }): LockTimes {
  const read = (option: string) => readDuration(`--${option}`, words.text(option), LIFE_MS_MAX);
  return fitTimes({
    isGentle,
    graceMs: read("grace"),
    killAfterMs: read("kill-after"),
    ttlMs: read("ttl"),
    maxHoldMs: read("max-hold"),
  });
}

/** Times as they were given; undefined where nothing was said. */
export interface GivenTimes {
  /** Whether the command is asked before it is ended by force. */
  readonly isGentle: boolean;
  readonly graceMs?: number | undefined;
  readonly killAfterMs?: number | undefined;
  readonly ttlMs?: number | undefined;
  readonly maxHoldMs?: number | undefined;
}

/**
 * Fits times into each other: what was given stays, the defaults give way.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(fitTimes({ isGentle: true, graceMs: 4_000 }).killAfterMs, 2_000);
 * equal(fitTimes({ isGentle: true, killAfterMs: 30_000 }).graceMs, 60_000);
 * ```
 *
 * @throws {UsageError} when what was given does not fit.
 */
export function fitTimes({ isGentle, graceMs, killAfterMs, ttlMs, maxHoldMs }: GivenTimes): LockTimes {
  const tidyMs = isGentle ? killAfterMs ?? 0 : 0;
  const grace = graceMs ?? Math.max(GRACE_MS_DEFAULT, tidyMs / TIDY_SHARE_MAX);
  if (grace > 0 && grace < GRACE_MS_MIN) {
    throw new UsageError(`Cannot use --grace ${durationText(grace)}: want 0 or at least 1s`);
  }
  const spans = [["grace", grace], ["ttl", ttlMs], ["max-hold", maxHoldMs]] as const;
  // A grace of 0 is none.
  const lives = spans.flatMap(([name, ms]) =>
    ms === undefined || (name === "grace" && ms === 0) ? [] : [{ name, ms }]
  );
  for (const { name, ms } of lives) {
    if (ms < LIFE_MS_MIN) {
      throw new UsageError(`Cannot use --${name} ${durationText(ms)}: want at least ${LIFE_MS_MIN}ms`);
    }
    if (tidyMs > ms * TIDY_SHARE_MAX) throw tooLong(name, ms, tidyMs);
  }
  const shortestMs = Math.min(...lives.map(({ ms }) => ms));
  const fittingMs = Math.min(KILL_AFTER_MS_DEFAULT, Math.floor(shortestMs * TIDY_SHARE_MAX));
  const killAfter = isGentle ? killAfterMs ?? fittingMs : 0;
  const leadMs = killAfter + Math.min(RESERVE_MS_MAX, shortestMs * RESERVE_SHARE);
  return { graceMs: grace, killAfterMs: killAfter, ttlMs, maxHoldMs, leadMs };
}

/**
 * What is left of times for a command whose session has no grace, under a lock that is certain for
 * `remainingMs` now: it has less time to end where its server vouches for the lock only for a time, and would
 * be taken for doomed while all is well.
 */
export function fitToWord(
  times: LockTimes,
  { guarantee, remainingMs }: { readonly guarantee: Guarantee; readonly remainingMs: number },
): LockTimes {
  const { graceMs, killAfterMs } = times;
  if (graceMs > 0 || guarantee === "local") return times;
  const leadMs = Math.min(times.leadMs, remainingMs * VOUCHED_SHARE);
  const reserveMs = Math.min(times.leadMs - killAfterMs, leadMs / 2);
  return { ...times, leadMs, killAfterMs: Math.min(killAfterMs, Math.floor(leadMs - reserveMs)) };
}

function tooLong(name: string, ms: number, tidyMs: number): UsageError {
  const [most, least] = [ms * TIDY_SHARE_MAX, tidyMs / TIDY_SHARE_MAX].map((span) =>
    durationText(Math.floor(span))
  );
  return new UsageError(
    `Cannot use --kill-after ${durationText(tidyMs)} with --${name} ${
      durationText(ms)
    }: the command could not be ended before ` +
      `the lock is somebody else's; want --kill-after ${most} at most, or --${name} ${least} at least`,
  );
}
