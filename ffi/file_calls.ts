/**
 * The calls on files that the directory store needs, and nothing more: the seam between deciding who may hold
 * a lock and the kernel that arbitrates between processes. `libc.ts` makes the real calls, tests put fakes
 * here.
 *
 * Every call answers with a number: zero or more when it worked, the *negative* error number of `errno.ts`
 * when it did not. Nothing here throws for what the world does, so that a hot path needs no `try` and a test
 * can inject any failure. A call that a signal interrupted is made again inside; only {@link FileCalls.close}
 * is not, see there.
 *
 * Locks are open file description locks: they belong to the descriptor that {@link FileCalls.open} gave,
 * conflict between two descriptors of one process just as between processes, and go when that descriptor is
 * closed or the process dies. The kernel itself lets them go with the last copy of the descriptor, and a
 * program that is just being started has one until it executes; so closing unlocks first. The classic record
 * locks of POSIX instead vanish when *any* descriptor of the file in the process is closed.
 *
 * Sources: fcntl_locking(2), fcntl(2), open(2), pread(2), fsync(2), statx(2), unlink(2).
 *
 * @module
 */

/** A lock that conflicts with write locks of others only (`F_RDLCK`). */
export const LOCK_READ = 0;
/** A lock that conflicts with every lock of others (`F_WRLCK`). */
export const LOCK_WRITE = 1;
/** No lock: lets a range go; as an answer, "nothing stands in the way" (`F_UNLCK`). */
export const LOCK_UNLOCK = 2;

/**
 * What {@link FileCalls.tryLock} shall make of a range. The numbers are the kernel's, on all architectures
 * served.
 */
export type LockType = typeof LOCK_READ | typeof LOCK_WRITE | typeof LOCK_UNLOCK;

/** A length that means "to the end of all offsets", whatever the size of the file. */
export const LOCK_TO_END = 0;

/**
 * How a file is opened, always for reading and writing:
 *
 * - `existing`: it must be there (else ENOENT)
 * - `create-new`: it must not be there (else EEXIST)
 * - `open-or-create`: either way
 */
export type OpenMode = "existing" | "create-new" | "open-or-create";

/** What a file is, filled in by {@link FileCalls.status}. The caller owns and reuses the object. */
export interface FileStatus {
  /** Names that the file has; 0 = it was unlinked and lives on only for those who have it open. */
  links: number;
  /** True for a regular file, false for directories, pipes, devices and the like. */
  regular: boolean;
  /** Size in bytes. */
  size: number;
  /** Upper 32 bits of the inode number: two halves, because one number would lose bits above 2^53. */
  inodeHigh: number;
  /** Lower 32 bits of the inode number. */
  inodeLow: number;
  /** Major number of the device that holds the file. */
  deviceMajor: number;
  /** Minor number of the device that holds the file. */
  deviceMinor: number;
}

/** Calls on files. Descriptors are the numbers that {@link FileCalls.open} gave. */
export interface FileCalls {
  /**
   * Opens a file for reading and writing and answers with its descriptor. Never follows a symbolic link in
   * the last part of the path (ELOOP), never waits for the other end of a planted pipe, and programs started
   * later do not inherit the descriptor. New files get mode 0666 less the umask. What was opened may still be
   * something else than a regular file: ask {@link FileCalls.status}.
   */
  open(path: string, mode: OpenMode): number;

  /**
   * Closes a descriptor and lets its locks go, whoever has a copy of it. The descriptor is gone whatever the
   * answer says, so a failed close must not be repeated: the number may belong to another file by then.
   */
  close(fd: number): number;

  /**
   * Locks, converts or unlocks the bytes `[start, start + length)` at once or not at all, never waiting: 0,
   * or a negative error number for which `lockRefused` of `errno.ts` tells "somebody else holds it". A
   * refused conversion leaves the old lock as it was. `length` {@link LOCK_TO_END} reaches to infinity.
   */
  tryLock(fd: number, type: LockType, start: number, length: number): number;

  /**
   * Asks what would stand in the way of {@link FileCalls.tryLock} with the same arguments: the
   * {@link LockType} of one conflicting lock of another open file description ({@link LOCK_READ} or
   * {@link LOCK_WRITE}), or {@link LOCK_UNLOCK} when the lock could be had; else a negative error number.
   * Only a picture of that moment.
   */
  conflicting(fd: number, type: typeof LOCK_READ | typeof LOCK_WRITE, start: number, length: number): number;

  /**
   * Reads at `offset` into the buffer; the number of bytes read, fewer than asked at the end of the file, 0
   * past it.
   */
  read(fd: number, into: Uint8Array<ArrayBuffer>, offset: number): number;

  /**
   * Writes the buffer at `offset`; the number of bytes written, which may be fewer than given (a full disk, a
   * limit).
   */
  write(fd: number, from: Uint8Array<ArrayBuffer>, offset: number): number;

  /**
   * Waits until the file's data and size are on stable storage. After a failure the unsynced data may be
   * lost.
   */
  sync(fd: number): number;

  /** Tells what the open file is. */
  status(fd: number, into: FileStatus): number;

  /** How many names the open file has: 0 when it was unlinked. The hot half of {@link FileCalls.status}. */
  links(fd: number): number;

  /** Removes a name. */
  unlink(path: string): number;
}

/** A status to be filled in. */
export function emptyStatus(): FileStatus {
  return { links: 0, regular: false, size: 0, inodeHigh: 0, inodeLow: 0, deviceMajor: 0, deviceMinor: 0 };
}

/** True when both tell of one and the same file. Only meaningful while at least one of them is held open. */
export function sameFile(a: FileStatus, b: FileStatus): boolean {
  return a.inodeLow === b.inodeLow && a.inodeHigh === b.inodeHigh &&
    a.deviceMinor === b.deviceMinor && a.deviceMajor === b.deviceMajor;
}
