/**
 * Asks the kernel whether a lock is still ours: by looking through a second descriptor of the file, for which
 * our own lock is somebody else's (fcntl_locking(2)), and by comparing the token with what the file says.
 * Nothing is locked by it.
 *
 * @module
 */
import { errnoClass } from "../../../ffi/errno.ts";
import {
  emptyStatus,
  type FileCalls,
  LOCK_READ,
  LOCK_UNLOCK,
  LOCK_WRITE,
  sameFile,
} from "../../../ffi/file_calls.ts";
import type { Mode } from "../../../client/protocol/modes.ts";
import type { LockFile } from "./lock_file.ts";
import { LINE_BYTES, readNumber } from "./record.ts";

/** A lock as its holder knows it. */
export interface KnownLock {
  readonly mode: Mode;
  readonly token: number;
}

/**
 * Whether the kernel and the file agree that this daemon holds the name in `mode` with `token`; a negative
 * error number when they cannot be asked.
 */
export function isStillOurs(calls: FileCalls, file: LockFile, lock: KnownLock): boolean | number {
  const isCounted = countsToken(calls, file, lock);
  if (isCounted !== true) return isCounted;
  return file.claim === "NL" ? lock.mode === "NL" : isLocked(calls, file);
}

/** Whether the file still counts the token. */
export function hasToken(calls: FileCalls, file: LockFile, lock: KnownLock): boolean {
  return countsToken(calls, file, lock) === true;
}

function countsToken(calls: FileCalls, file: LockFile, { mode, token }: KnownLock): boolean | number {
  const line = new Uint8Array(LINE_BYTES);
  const bytes = calls.read(file.fd, line, 0);
  if (bytes < LINE_BYTES) return bytes < 0 ? bytes : false;
  const number = readNumber(line, 0, "T");
  return mode === "EX" ? number === token + 1 : number >= token;
}

function isLocked(calls: FileCalls, file: LockFile): boolean | number {
  const other = calls.open(file.path, "existing");
  // Another kind of thing stands there, or nothing. What else goes wrong, no descriptor left for example,
  // says nothing of the lock.
  if (other < 0) return ["gone", "bug"].includes(errnoClass(-other)) ? false : other;
  const [ours, named] = [emptyStatus(), emptyStatus()];
  const failed = Math.min(calls.status(file.fd, ours), calls.status(other, named), 0);
  const { type, start, length } = file.range;
  const found = calls.conflicting(other, type === LOCK_WRITE ? LOCK_READ : LOCK_WRITE, start, length);
  calls.close(other);
  if (failed < 0 || found < 0) return Math.min(failed, found);
  return sameFile(ours, named) && (type === LOCK_WRITE ? found === LOCK_WRITE : found !== LOCK_UNLOCK);
}
