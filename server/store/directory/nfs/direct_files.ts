/**
 * File calls as NFSv4 wants them: past the page cache (`O_DIRECT`), so that every read is one READ to the
 * server under the lock of the descriptor. That makes a read the test of ownership: when the server has
 * forgotten the lock, it fails with EIO, also after the lock was taken again, until the descriptor is
 * unlocked or closed (measured on Linux 6.1; the kernel marks the lock as lost, `NFS_LOCK_LOST` in
 * `fs/nfs/nfs4state.c`). Neither a call to lock nor a cached read tells that.
 *
 * Names are not coherent between hosts: an unlinked file may still be opened elsewhere. So nothing is ever
 * unlinked, and a file is always opened in the way that makes it if it is missing.
 *
 * @module
 */
import { ERRNO } from "../../../../ffi/errno.ts";
import type {
  FileCalls,
  FileStatus,
  LOCK_READ,
  LOCK_WRITE,
  LockType,
  OpenMode,
} from "../../../../ffi/file_calls.ts";
import { assert } from "../../../base/assert.ts";
import type { Proof } from "./operations.ts";

/** The calls that direct files stand on. */
export interface DirectCalls extends FileCalls {
  /** Opens past the page cache. */
  openDirect(path: string, mode: OpenMode): number;
  openForReading(path: string): number;
  /** Milliseconds since the machine was started. */
  bootMs(): number;
}

/** With these a server says that it knows a lock, or a file, no more. */
const LOSSES: readonly number[] = [ERRNO.EIO, ERRNO.ESTALE, ERRNO.EBADF];

/** File calls to an NFSv4 server. */
export class DirectFiles implements FileCalls {
  readonly #calls: DirectCalls;
  /** When the last read that the server answered began, by descriptor. */
  readonly #proven = new Map<number, number>();
  readonly #broken = new Set<number>();

  constructor(calls: DirectCalls) {
    this.#calls = calls;
  }

  /**
   * When the last proof that the locks of a descriptor stand began: milliseconds since the machine was
   * started, or -Infinity.
   */
  provenMs(fd: number): number {
    return this.#proven.get(fd) ?? -Infinity;
  }

  /** Whether locks of the descriptor were found lost. */
  isBroken(fd: number): boolean {
    return this.#broken.has(fd);
  }

  /** A proof that the locks of a descriptor stand, which may be another worker's. */
  prove(fd: number, into: Uint8Array<ArrayBuffer>): Proof {
    const startMs = this.#calls.bootMs();
    const count = this.#calls.read(fd, into, 0);
    if (count >= 0) return startMs;
    return -count === ERRNO.EBADF ? "closed" : "lost";
  }

  open(path: string, mode: OpenMode): number {
    if (mode !== "existing") return this.#calls.openDirect(path, "open-or-create");
    // A name that was missing once is taken to be missing still, unless the directory is opened anew: by its
    // own name, since "." in it is not looked up.
    const directory = this.#calls.openForReading(path.slice(0, path.lastIndexOf("/")));
    if (directory < 0) return directory;
    this.#calls.close(directory);
    return this.#calls.openDirect(path, mode);
  }

  close(fd: number): number {
    this.#proven.delete(fd);
    this.#broken.delete(fd);
    return this.#calls.close(fd);
  }

  tryLock(fd: number, type: LockType, start: number, length: number): number {
    return this.#noted(fd, this.#calls.tryLock(fd, type, start, length));
  }

  conflicting(fd: number, type: typeof LOCK_READ | typeof LOCK_WRITE, start: number, length: number): number {
    return this.#calls.conflicting(fd, type, start, length);
  }

  read(fd: number, into: Uint8Array<ArrayBuffer>, offset: number): number {
    const startMs = this.#calls.bootMs();
    const count = this.#noted(fd, this.#calls.read(fd, into, offset));
    if (count >= 0) this.#proven.set(fd, startMs);
    return count;
  }

  write(fd: number, from: Uint8Array<ArrayBuffer>, offset: number): number {
    return this.#noted(fd, this.#calls.write(fd, from, offset));
  }

  sync(fd: number): number {
    return this.#noted(fd, this.#calls.sync(fd));
  }

  status(fd: number, into: FileStatus): number {
    return this.#calls.status(fd, into);
  }

  /** Nothing is unlinked here, so the server is not asked. */
  links(): number {
    return 1;
  }

  unlink(): number {
    assert(false, "on NFS no file is unlinked");
    return -ERRNO.EPERM;
  }

  #noted(fd: number, answer: number): number {
    if (answer < 0 && LOSSES.includes(-answer)) this.#broken.add(fd);
    return answer;
  }
}
