/**
 * Trying what the daemon will do: makes a file in the directory, writes, locks, lets go, removes it. What a
 * file system promises and what it does are two things.
 *
 * Source: fcntl_locking(2).
 *
 * @module
 */
import { errnoName, lockRefused } from "../../ffi/errno.ts";
import { type FileCalls, LOCK_TO_END, LOCK_UNLOCK, LOCK_WRITE } from "../../ffi/file_calls.ts";
import type { Finding } from "./finding.ts";
import { judgeWriting } from "./judgement.ts";

/**
 * Tries a lock that this process holds from another process: what that one was told, or why none could be
 * asked.
 */
export type Rival = (path: string) => RivalAnswer;

/**
 * What another process was told about a lock that is held: refused, as it must be; that it may have it; or
 * nothing of the kind.
 */
export type RivalAnswer =
  | { readonly told: "refused" }
  | { readonly told: "granted" }
  | { readonly told: "error"; readonly text: string }
  | { readonly told: "nothing"; readonly text: string };

/** Locks beyond 4 GiB, as the modes CW, PR and PW take them. */
const FAR = 2 ** 32;
const MOVE = "put the directory on a file system whose locks exclude: a local disk";

/** Tries the directory with a file of that name in it, which nobody else uses; gives what it found. */
export function tryDirectory(calls: FileCalls, path: string, rival: Rival): Finding[] {
  const first = calls.open(path, "create-new");
  if (first < 0) return [judgeWriting({ verb: "make", errno: -first })];
  try {
    const second = calls.open(path, "existing");
    if (second < 0) return [judgeWriting({ verb: "open", errno: -second })];
    try {
      return [
        tryWriting(calls, first),
        tryLocks(calls, { path, first, second }),
        tryRival(calls, first, () => {
          return rival(path);
        }),
      ];
    } finally {
      calls.close(second);
    }
  } finally {
    calls.close(first);
    calls.unlink(path);
  }
}

function tryWriting(calls: FileCalls, fd: number): Finding {
  const bytes = new TextEncoder().encode("trial");
  const back = new Uint8Array(bytes.length);
  const steps = [
    ["write", () => calls.write(fd, bytes, 0)],
    ["sync", () => calls.sync(fd)],
    ["read", () => calls.read(fd, back, 0)],
  ] as const;
  for (const [verb, call] of steps) {
    const answer = call();
    if (answer < 0) return judgeWriting({ verb, errno: -answer });
  }
  return judgeWriting(undefined);
}

interface Trial {
  readonly path: string;
  readonly first: number;
  readonly second: number;
}

/** Two descriptors of one process, which for these locks are as good as two processes. */
function tryLocks(calls: FileCalls, { path, first, second }: Trial): Finding {
  const check = "locks";
  const fault = findLockFault(calls, { path, first, second });
  if (fault === undefined) {
    return { check, verdict: "ok", text: "one descriptor's lock keeps another one out, until it lets go" };
  }
  return { check, verdict: "fail", text: fault, advice: MOVE };
}

function findLockFault(calls: FileCalls, { path, first, second }: Trial): string | undefined {
  const lock = (fd: number) => calls.tryLock(fd, LOCK_WRITE, 0, LOCK_TO_END);
  const mine = lock(first);
  if (mine < 0) return `cannot lock: ${errnoName(-mine)}`;
  // A classic record lock would vanish when any descriptor of the file is closed.
  const third = calls.open(path, "existing");
  if (third >= 0) calls.close(third);
  const theirs = calls.tryLock(second, LOCK_WRITE, FAR, 1);
  if (theirs >= 0) return "two descriptors were given the same lock";
  if (!lockRefused(-theirs)) return `cannot lock: ${errnoName(-theirs)}`;
  const seen = calls.conflicting(second, LOCK_WRITE, FAR, 1);
  if (seen !== LOCK_WRITE) return "a lock that is held is not told of";
  const unlocked = calls.tryLock(first, LOCK_UNLOCK, 0, LOCK_TO_END);
  if (unlocked < 0) return `cannot unlock: ${errnoName(-unlocked)}`;
  const then = lock(second);
  if (then < 0) return `a lock that was let go cannot be taken: ${errnoName(-then)}`;
  calls.tryLock(second, LOCK_UNLOCK, 0, LOCK_TO_END);
  return undefined;
}

function tryRival(calls: FileCalls, first: number, ask: () => RivalAnswer): Finding {
  const check = "two processes";
  const mine = calls.tryLock(first, LOCK_WRITE, 0, LOCK_TO_END);
  if (mine < 0) return { check, verdict: "fail", text: `cannot lock: ${errnoName(-mine)}`, advice: MOVE };
  const answer = ask();
  switch (answer.told) {
    case "refused":
      return { check, verdict: "ok", text: "one process's lock keeps another one out" };
    case "granted":
      return { check, verdict: "fail", text: "two processes were given the same lock", advice: MOVE };
    case "error":
      return { check, verdict: "fail", text: `the other process cannot lock: ${answer.text}`, advice: MOVE };
    case "nothing":
      return { check, verdict: "skip", text: `not tried: ${answer.text}` };
  }
}
