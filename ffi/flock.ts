/**
 * `struct flock`, in which a lock is described to fcntl(2). It is the same on x86-64 and arm64, which are
 * both little-endian:
 *
 * | 32-bit word | what |
 * |---|---|
 * | 0 | type (lower 16 bits), whence (upper 16 bits; 0 = from the beginning) |
 * | 1 | padding |
 * | 2, 3 | start, lower half first |
 * | 4, 5 | length, lower half first; 0 = to infinity |
 * | 6 | process id |
 * | 7 | padding |
 *
 * Sources: fcntl_locking(2); Linux `include/uapi/asm-generic/fcntl.h`.
 *
 * @module
 */
import { assert } from "../server/base/assert.ts";
import { LOCK_TO_END, LOCK_UNLOCK, type LockType } from "./file_calls.ts";

/** Asks what stands in the way of a lock of an open file description, and answers in the same structure. */
export const F_OFD_GETLK = 36;
/** Sets the lock of an open file description, or refuses; never waits. */
export const F_OFD_SETLK = 37;

const WORDS = 8;
const TWO_32 = 2 ** 32;

/** One `struct flock`, filled in again for every call. */
export class Flock {
  /** The structure itself, to be handed to the kernel. */
  readonly words: Int32Array<ArrayBuffer> = new Int32Array(WORDS);

  /** Describes the bytes `[start, start + length)`; length 0 = to infinity. */
  describe(type: LockType, start: number, length: number): void {
    assert(Number.isSafeInteger(start) && start >= 0, "a lock starts at a safe integer from 0");
    assert(Number.isSafeInteger(length) && length >= 0, "the length of a lock is a safe integer from 0");
    const words = this.words;
    words[0] = type;
    // Storing into the array keeps the lower 32 bits of the integer part: exactly the halves wanted.
    words[2] = start;
    words[3] = start / TWO_32;
    words[4] = length;
    words[5] = length / TWO_32;
    // The kernel insists on 0 for locks of open file descriptions, and writes -1 when it answers.
    words[6] = 0;
  }

  /** The type that the kernel put in: of a conflicting lock, or `LOCK_UNLOCK` when there is none. */
  get type(): number {
    return (this.words[0] as number) & 0xffff;
  }
}

/**
 * The structure that lets all locks of an open file description go, for {@link F_OFD_SETLK}. Closing a
 * descriptor does so only when no other process has a copy of it, and a program that another thread is just
 * starting has one from fork(2) until it executes.
 */
export const UNLOCK_ALL: Int32Array<ArrayBuffer> = unlockAll();

function unlockAll(): Int32Array<ArrayBuffer> {
  const flock = new Flock();
  flock.describe(LOCK_UNLOCK, 0, LOCK_TO_END);
  return flock.words;
}
