/**
 * `struct statfs`, in which the kernel tells of the file system that a file is on. It is the same on x86-64
 * and arm64 and with both C libraries: 64-bit words, lower half first.
 *
 * | word | what |
 * |---|---|
 * | 0 | type: the magic number of the file system |
 * | 4 | free blocks, for whoever is not the superuser |
 * | 5, 6 | inodes: all, free; 0 of 0 where inodes are not counted |
 * | 9 | bytes of a block |
 * | 10 | flags of the mount |
 *
 * Sources: fstatfs(2), statvfs(3); Linux `include/uapi/asm-generic/statfs.h`.
 *
 * @module
 */

/** The call that asks, answering as `file_calls.ts` says. */
export interface FileSystemCalls {
  /** Tells of the file system that an open file or directory is on. */
  fileSystem(fd: number, into: Statfs): number;
}

/** More than the 15 that are defined, in case a later kernel tells more. */
const WORDS = 32;
const LOW_32 = 0xffff_ffffn;
const READ_ONLY = 1n;

/** One `struct statfs`, filled in again by every call. */
export class Statfs {
  /** The structure itself, to be handed to the kernel. */
  readonly words: BigUint64Array<ArrayBuffer> = new BigUint64Array(WORDS);

  /** The magic number of the file system: 32 bits, though the field is wider. */
  get type(): number {
    return Number(this.#word(0) & LOW_32);
  }

  /** Bytes that this process could still write. */
  get freeBytes(): number {
    return Number(this.#word(4) * this.#word(9));
  }

  /** How many more files there may be; Infinity where the file system does not count them. */
  get freeInodes(): number {
    return this.#word(5) === 0n ? Infinity : Number(this.#word(6));
  }

  /** Whether it is mounted for reading only. */
  get readOnly(): boolean {
    return (this.#word(10) & READ_ONLY) !== 0n;
  }

  #word(index: number): bigint {
    return this.words[index] as bigint;
  }
}
