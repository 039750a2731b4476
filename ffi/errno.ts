/**
 * The error numbers of Linux that the file calls of this program can end with, and what kind of trouble each
 * one is. The numbers are the same on x86-64 and arm64.
 *
 * Sources: Linux `include/uapi/asm-generic/errno-base.h` and `errno.h`; errno(3), open(2), fcntl(2),
 * pread(2), fsync(2).
 *
 * @module
 */

/** Error numbers by name. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  EDEADLK: 35,
  ENAMETOOLONG: 36,
  ENOLCK: 37,
  ENOSYS: 38,
  ELOOP: 40,
  EOVERFLOW: 75,
  EOPNOTSUPP: 95,
  ETIMEDOUT: 110,
  ESTALE: 116,
  EDQUOT: 122,
} as const;

/** The name of an error number of {@link ERRNO}. */
export type ErrnoName = keyof typeof ERRNO;

/**
 * What kind of trouble an error number is, so that callers decide by kind:
 *
 * - `busy`: somebody else uses it at this moment; worth trying again
 * - `interrupted`: a signal came; try again at once
 * - `descriptors`: this process or this host has too many open files
 * - `space`: no room: disk, quota, file size, memory or the kernel's room for locks
 * - `permission`: this user may not, or the file system is read-only
 * - `gone`: it is not there (any more)
 * - `io`: the device or the file server failed; locks may be lost
 * - `unsupported`: this kernel or this file system cannot do it
 * - `bug`: a well-formed call cannot end so: ours, or a planted file of a wrong kind
 */
export type ErrnoClass =
  | "busy"
  | "interrupted"
  | "descriptors"
  | "space"
  | "permission"
  | "gone"
  | "io"
  | "unsupported"
  | "bug";

const CLASSES: Readonly<Record<ErrnoName, ErrnoClass>> = {
  EPERM: "permission",
  ENOENT: "gone",
  EINTR: "interrupted",
  EIO: "io",
  EBADF: "bug",
  EAGAIN: "busy",
  ENOMEM: "space",
  EACCES: "permission",
  EBUSY: "busy",
  EEXIST: "busy", // create-new lost to another creator: open it the other way
  ENOTDIR: "gone",
  EISDIR: "bug",
  EINVAL: "bug",
  ENFILE: "descriptors",
  EMFILE: "descriptors",
  EFBIG: "space",
  ENOSPC: "space",
  EROFS: "permission",
  EDEADLK: "bug", // only a waiting lock call can end so, and none is made
  ENAMETOOLONG: "bug",
  ENOLCK: "space",
  ENOSYS: "unsupported",
  ELOOP: "bug", // a symbolic link where a file of ours should be
  EOVERFLOW: "bug",
  EOPNOTSUPP: "unsupported",
  ETIMEDOUT: "io", // a soft NFS mount whose server is away
  ESTALE: "gone", // the NFS server does not know the file any more
  EDQUOT: "space",
};

const NAME_BY_NUMBER: ReadonlyMap<number, ErrnoName> = new Map(
  (Object.keys(ERRNO) as ErrnoName[]).map((name) => [ERRNO[name], name]),
);

/**
 * The class of a (positive) error number. A number that is not in {@link ERRNO} is `io`: the world failed in
 * a way that nobody foresaw, so what rests on the call must not be believed.
 *
 * For a lock call ask {@link lockRefused} first, because there EACCES means busy.
 */
export function errnoClass(errno: number): ErrnoClass {
  const name = NAME_BY_NUMBER.get(errno);
  return name === undefined ? "io" : CLASSES[name];
}

/**
 * The name of a (positive) error number, for people.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(errnoName(11), "EAGAIN");
 * equal(errnoName(999), "errno 999");
 * ```
 */
export function errnoName(errno: number): string {
  return NAME_BY_NUMBER.get(errno) ?? `errno ${errno}`;
}

/**
 * True when a lock call that ended with this (positive) error number means "somebody else holds a conflicting
 * lock". POSIX lets a system say that with EAGAIN or with EACCES, see fcntl(2).
 */
export function lockRefused(errno: number): boolean {
  return errno === ERRNO.EAGAIN || errno === ERRNO.EACCES;
}

/**
 * Whether a call on a descriptor is made again: a signal came, or it ended with what no such call ends with.
 * That is what is left when the runtime asked for memory between the call and the look at errno: glibc reads
 * `/sys/devices/system/cpu/online` when a second thread first does, and not every machine has it.
 */
export function isToRepeat(failure: number, isFirst: boolean): boolean {
  return failure === -ERRNO.EINTR || (failure === -ERRNO.ENOENT && isFirst);
}
