/**
 * `struct statx`, in which the kernel tells about a file. Unlike `struct stat` it is the same on every
 * architecture. The 32-bit words read here (64-bit numbers have their lower half first, x86-64 and arm64
 * being little-endian):
 *
 * | word | what |
 * |---|---|
 * | 0 | which of the facts asked for were given |
 * | 4 | number of names |
 * | 7 | mode (lower 16 bits) |
 * | 8, 9 | inode number |
 * | 10, 11 | size in bytes |
 * | 28, 29, 30 | time of the last change: seconds, nanoseconds |
 * | 34, 35 | device: major, minor |
 *
 * Sources: statx(2), inode(7); Linux `include/uapi/linux/stat.h`.
 *
 * @module
 */
import type { FileStatus } from "./file_calls.ts";

/** Ask for the number of names alone (`STATX_NLINK`). */
export const STATX_LINKS = 0x4;
/** Ask for all that {@link Statx.tell} tells: `STATX_TYPE`, `STATX_NLINK`, `STATX_INO` and `STATX_SIZE`. */
export const STATX_STATUS = 0x1 | STATX_LINKS | 0x100 | 0x200;
/** Ask for the time of the last change alone (`STATX_MTIME`). */
export const STATX_CHANGED = 0x40;
/** The empty path means the open descriptor itself. */
export const AT_EMPTY_PATH = 0x1000;

const WORDS = 64;
const TWO_32 = 2 ** 32;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;

/** One `struct statx`, filled in again by every call. */
export class Statx {
  /** The structure itself, to be handed to the kernel. */
  readonly words: Uint32Array<ArrayBuffer> = new Uint32Array(WORDS);

  /**
   * True when the file system gave every fact of the mask. What it did not give reads as zero, and zero links
   * mean "unlinked".
   */
  gave(mask: number): boolean {
    return ((this.words[0] as number) & mask) === mask;
  }

  /** Number of names of the file. */
  get links(): number {
    return this.words[4] as number;
  }

  /** When its content was changed last, by the clock of whoever keeps it: milliseconds since 1970. */
  get changedMs(): number {
    const [seconds = 0, secondsHigh = 0, nanoseconds = 0] = this.words.subarray(28, 31);
    return (seconds + secondsHigh * TWO_32) * 1_000 + nanoseconds / 1e6;
  }

  /** Copies what is known into a status. */
  tell(into: FileStatus): void {
    const words = this.words;
    into.links = this.links;
    into.regular = ((words[7] as number) & S_IFMT) === S_IFREG;
    into.inodeLow = words[8] as number;
    into.inodeHigh = words[9] as number;
    into.size = (words[10] as number) + (words[11] as number) * TWO_32;
    into.deviceMajor = words[34] as number;
    into.deviceMinor = words[35] as number;
  }
}
