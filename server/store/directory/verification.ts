/**
 * Asks the kernel whether a lock is still ours: by looking through a second descriptor of the file, for which our own lock is somebody else's
 * (fcntl_locking(2)), and by comparing the token with what the file says. Nothing is locked by it.
 *
 * @module
 */
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

/** Whether the kernel and the file agree that this daemon holds the name in `mode` with `token`. */
export function isStillOurs(calls: FileCalls, file: LockFile, lock: KnownLock): boolean {
  if (!hasToken(calls, file, lock)) return false;
  return file.claim === "NL" ? lock.mode === "NL" : isLocked(calls, file);
}

/** Whether the file still counts the token. */
export function hasToken(calls: FileCalls, file: LockFile, { mode, token }: KnownLock): boolean {
  const line = new Uint8Array(LINE_BYTES);
  if (calls.read(file.fd, line, 0) < LINE_BYTES) return false;
  const number = readNumber(line, 0, "T");
  return mode === "EX" ? number === token + 1 : number >= token;
}

function isLocked(calls: FileCalls, file: LockFile): boolean {
  const other = calls.open(file.path, "existing");
  if (other < 0) return false;
  const [ours, named] = [emptyStatus(), emptyStatus()];
  const same = calls.status(file.fd, ours) >= 0 && calls.status(other, named) >= 0 && sameFile(ours, named);
  const { type, start, length } = file.range;
  const found = calls.conflicting(other, type === LOCK_WRITE ? LOCK_READ : LOCK_WRITE, start, length);
  calls.close(other);
  return same && (type === LOCK_WRITE ? found === LOCK_WRITE : found >= 0 && found !== LOCK_UNLOCK);
}
