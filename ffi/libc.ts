/**
 * The only door to the C library: opens it, makes the calls, turns `-1` and errno into one negative number.
 * Nothing else in the project calls `Deno.dlopen`.
 *
 * How the calls are declared, and why it is right:
 *
 * - `open` and `fcntl` are variadic in C. On Linux x86-64 and arm64 variadic arguments travel in the same
 *   registers as fixed ones, so fixed parameters do (not so on Apple's arm64).
 * - Sizes and offsets are 64 bits wide and passed as bigint. A `u32` in their place would leave the upper
 *   half of the register undefined, which the callee reads; a `number` leaves Deno's fast path. `BigInt(n)`
 *   in the call costs nothing once compiled.
 * - Byte counts come back as `i32`: Linux moves at most 0x7ffff000 bytes in a call.
 * - errno is copied by `memcpy` from where `__errno_location()` says it is, because reading through a pointer
 *   (`Deno.UnsafePointerView`) needs `--allow-ffi` without a path. It belongs to the thread and an isolate
 *   stays on its thread: open one {@link Libc} per isolate. It is valid because nothing runs between a
 *   synchronous call and the copy.
 *
 * The hot calls allocate nothing: their structures are buffers of this object.
 *
 * Sources: fcntl_locking(2), pread(2), statx(2), fstatfs(2), getrlimit(2), clock_gettime(2),
 * errno(3); Linux `include/uapi/asm-generic/fcntl.h`; System V ABI for AMD64 § 3.2.3 and 3.5.7, Procedure
 * Call Standard for AArch64 § 6.4.
 *
 * @module
 */
import { assert } from "../server/base/assert.ts";
import { type DatagramCalls, SEND_FLAGS, UNIX_DATAGRAM } from "./datagram.ts";
import type { LimitCalls } from "./descriptor_limit.ts";
import { ERRNO, isToRepeat } from "./errno.ts";
import type { FileCalls, FileStatus, LOCK_READ, LOCK_WRITE, LockType, OpenMode } from "./file_calls.ts";
import { F_OFD_GETLK, F_OFD_SETLK, Flock, UNLOCK_ALL } from "./flock.ts";
import type { KernelTextCalls } from "./kernel_text.ts";
import { CREATION, FILE_MODE, FLAGS_ALWAYS, O_RDONLY, O_RDWR } from "./open_flags.ts";
import { PathBytes } from "./path_bytes.ts";
import { libcCandidates, platform } from "./platform.ts";
import type { FileSystemCalls, Statfs } from "./statfs.ts";
import { SYMBOLS } from "./libc_symbols.ts";
import { AT_EMPTY_PATH, Statx, STATX_CHANGED, STATX_LINKS, STATX_STATUS } from "./statx.ts";

/**
 * Time since the machine was started, also while it sleeps: the same for all threads and processes, unlike
 * that of the runtime.
 */
const CLOCK_BOOTTIME = 7;
const TWO_32 = 2 ** 32;

/** The C library could not be opened; {@link LibcUnavailableError.tried} says why, path by path. */
export class LibcUnavailableError extends Error {
  override readonly name = "LibcUnavailableError";
  /** What was tried, in order. */
  readonly tried: readonly { readonly path: string; readonly state: string }[];

  constructor(tried: readonly { readonly path: string; readonly state: string }[]) {
    const forbidden = tried.every((attempt) => attempt.state === NOT_GRANTED);
    const paths = tried.map((attempt) => attempt.path).join(", ");
    super(
      `Cannot open the C library: ${forbidden ? "no permission for" : "tried"} ${paths}, ` +
        `start with --allow-ffi=PATH for the one of this system, as in --allow-ffi=${tried[0]?.path}`,
    );
    this.tried = tried;
  }
}

const NOT_GRANTED = "permission not granted";

/**
 * The C library of this system, and the calls made through it.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { LOCK_TO_END, LOCK_WRITE } from "./file_calls.ts";
 *
 * using libc = Libc.open();
 * const path = Deno.makeTempFileSync();
 * const fd = libc.open(path, "existing");
 * equal(libc.tryLock(fd, LOCK_WRITE, 0, LOCK_TO_END), 0);
 * equal(libc.close(fd), 0);
 * Deno.removeSync(path);
 * ```
 */
export class Libc
  implements FileCalls, LimitCalls, KernelTextCalls, FileSystemCalls, DatagramCalls, Disposable {
  /** Where the library was found. */
  readonly path: string;
  readonly #library: Deno.DynamicLibrary<typeof SYMBOLS>;
  readonly #call: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
  readonly #errnoAt: Deno.PointerValue;
  readonly #time = new Uint32Array(4);
  readonly #openFlags = FLAGS_ALWAYS | platform().openNoFollow;
  readonly #errno = new Int32Array(1);
  readonly #flock = new Flock();
  readonly #statx = new Statx();
  readonly #emptyPath = new Uint8Array(1);
  readonly #path = new PathBytes();

  private constructor(path: string, library: Deno.DynamicLibrary<typeof SYMBOLS>) {
    this.path = path;
    this.#library = library;
    this.#call = library.symbols;
    this.#errnoAt = library.symbols.__errno_location();
  }

  /**
   * Opens the C library: the one at `path`, else the first of the usual places for which `--allow-ffi` was
   * granted. Never asks for a permission. Throws {@link LibcUnavailableError}, or an
   * `UnsupportedPlatformError` where this is not Linux on x86-64 or arm64.
   */
  static open(path?: string): Libc {
    const { arch } = platform();
    const tried: { path: string; state: string }[] = [];
    for (const candidate of path === undefined ? libcCandidates(arch) : [path]) {
      if (Deno.permissions.querySync({ name: "ffi", path: candidate }).state !== "granted") {
        tried.push({ path: candidate, state: NOT_GRANTED });
        continue;
      }
      try {
        return new Libc(candidate, Deno.dlopen(candidate, SYMBOLS));
      } catch (error) {
        // No such file, not a library, or a C library that lacks one of the calls: Deno has no classes for
        // these.
        if (!(error instanceof Error)) throw error;
        tried.push({ path: candidate, state: error.message });
      }
    }
    throw new LibcUnavailableError(tried);
  }

  [Symbol.dispose](): void {
    this.#library.close();
  }

  open(path: string, mode: OpenMode): number {
    return this.#open(path, O_RDWR | CREATION[mode]);
  }

  /**
   * Like {@link open}, past the page cache (`O_DIRECT`): every read and write is a call to the device, or to
   * the file server.
   */
  openDirect(path: string, mode: OpenMode): number {
    return this.#open(path, O_RDWR | CREATION[mode] | platform().openDirect);
  }

  openForReading(path: string): number {
    return this.#open(path, O_RDONLY);
  }

  /**
   * Milliseconds since the machine was started, counting those in which it slept; one time for all threads
   * and processes.
   */
  bootMs(): number {
    assert(this.#call.clock_gettime(CLOCK_BOOTTIME, this.#time) === 0, "the kernel has that clock");
    // struct timespec: seconds and nanoseconds, 64 bits each, lower half first.
    const [seconds = 0, secondsHigh = 0, nanoseconds = 0] = this.#time;
    return (seconds + secondsHigh * TWO_32) * 1_000 + nanoseconds / 1e6;
  }

  close(fd: number): number {
    // Fails on what can have no locks, which is as well.
    this.#call.fcntl(fd, F_OFD_SETLK, UNLOCK_ALL);
    return this.#call.close(fd) === -1 ? this.#failure() : 0;
  }

  tryLock(fd: number, type: LockType, start: number, length: number): number {
    this.#flock.describe(type, start, length);
    for (let again = true;; again = false) {
      if (this.#call.fcntl(fd, F_OFD_SETLK, this.#flock.words) !== -1) return 0;
      const failure = this.#failure();
      if (!isToRepeat(failure, again)) return failure;
    }
  }

  conflicting(fd: number, type: typeof LOCK_READ | typeof LOCK_WRITE, start: number, length: number): number {
    for (let again = true;; again = false) {
      this.#flock.describe(type, start, length);
      if (this.#call.fcntl(fd, F_OFD_GETLK, this.#flock.words) !== -1) return this.#flock.type;
      const failure = this.#failure();
      if (!isToRepeat(failure, again)) return failure;
    }
  }

  read(fd: number, into: Uint8Array<ArrayBuffer>, offset: number): number {
    assert(Number.isSafeInteger(offset) && offset >= 0, "an offset is a safe integer from 0");
    for (let again = true;; again = false) {
      const count = this.#call.pread(fd, into, BigInt(into.length), BigInt(offset));
      if (count !== -1) return count;
      const failure = this.#failure();
      if (!isToRepeat(failure, again)) return failure;
    }
  }

  write(fd: number, from: Uint8Array<ArrayBuffer>, offset: number): number {
    assert(Number.isSafeInteger(offset) && offset >= 0, "an offset is a safe integer from 0");
    for (let again = true;; again = false) {
      const count = this.#call.pwrite(fd, from, BigInt(from.length), BigInt(offset));
      if (count !== -1) return count;
      const failure = this.#failure();
      if (!isToRepeat(failure, again)) return failure;
    }
  }

  sync(fd: number): number {
    for (let again = true;; again = false) {
      if (this.#call.fsync(fd) !== -1) return 0;
      const failure = this.#failure();
      if (!isToRepeat(failure, again)) return failure;
    }
  }

  status(fd: number, into: FileStatus): number {
    const failure = this.#describeFile(fd, STATX_STATUS);
    if (failure === 0) this.#statx.tell(into);
    return failure;
  }

  links(fd: number): number {
    const failure = this.#describeFile(fd, STATX_LINKS);
    return failure === 0 ? this.#statx.links : failure;
  }

  /**
   * When the file was changed last, by the clock of whoever keeps it: milliseconds since 1970, or a negative
   * error number.
   */
  changedMs(fd: number): number {
    const failure = this.#describeFile(fd, STATX_CHANGED);
    return failure === 0 ? this.#statx.changedMs : failure;
  }

  unlink(path: string): number {
    if (!this.#path.set(path)) return -ERRNO.ENAMETOOLONG;
    return this.#call.unlink(this.#path.bytes) === -1 ? this.#failure() : 0;
  }

  fileSystem(fd: number, into: Statfs): number {
    for (let again = true;; again = false) {
      if (this.#call.fstatfs(fd, into.words) !== -1) return 0;
      const failure = this.#failure();
      if (!isToRepeat(failure, again)) return failure;
    }
  }

  readLimit(resource: number, into: BigUint64Array<ArrayBuffer>): number {
    assert(into.length === 2, "a limit is a soft and a hard number");
    return this.#call.getrlimit(resource, into) === -1 ? this.#failure() : 0;
  }

  writeLimit(resource: number, from: BigUint64Array<ArrayBuffer>): number {
    assert(from.length === 2, "a limit is a soft and a hard number");
    return this.#call.setrlimit(resource, from) === -1 ? this.#failure() : 0;
  }

  sendDatagram(address: Uint8Array<ArrayBuffer>, message: Uint8Array<ArrayBuffer>): number {
    const fd = this.#call.socket(...UNIX_DATAGRAM);
    if (fd === -1) return this.#failure();
    const length = BigInt(message.length);
    const sent = this.#call.sendto(fd, message, length, SEND_FLAGS, address, address.length);
    const answer = sent === -1 ? this.#failure() : 0;
    this.close(fd);
    return answer;
  }

  /** Sends a signal to one process: the runtime lets a program do so only when it may run anything. */
  kill(pid: number, signal: number): number {
    assert(pid > 0, "0 and below are groups of processes");
    return this.#call.kill(pid, signal) === -1 ? this.#failure() : 0;
  }

  /** The negative error number of the call that failed just now. */
  #failure(): number {
    this.#call.memcpy(this.#errno, this.#errnoAt, 4n);
    const errno = this.#errno[0] as number;
    assert(errno > 0, "a failed call leaves an error number");
    return -errno;
  }

  #open(path: string, flags: number): number {
    if (!this.#path.set(path)) return -ERRNO.ENAMETOOLONG;
    for (;;) {
      const fd = this.#call.open(this.#path.bytes, this.#openFlags | flags, FILE_MODE);
      if (fd !== -1) return fd;
      const failure = this.#failure();
      if (failure !== -ERRNO.EINTR) return failure;
    }
  }

  #describeFile(fd: number, mask: number): number {
    const answer = this.#call.statx(fd, this.#emptyPath, AT_EMPTY_PATH, mask, this.#statx.words);
    if (answer === -1) return this.#failure();
    return this.#statx.gave(mask) ? 0 : -ERRNO.EOPNOTSUPP;
  }
}
