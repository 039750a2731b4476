/**
 * The file of a ledger: numbers in lines of their own, and bytes that are locked. What they mean is in
 * `ledger.ts`.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";
import { errnoName, lockRefused } from "../../../ffi/errno.ts";
import { type FileCalls, LOCK_UNLOCK, type LockType } from "../../../ffi/file_calls.ts";
import { leadsTo } from "./leads_to.ts";
import { LedgerError } from "./ledger_errors.ts";
import { LINE_BYTES, readNumber, writeLine } from "./record.ts";

/** How often a lock is tried at once: most transactions of other daemons last some microseconds. */
const SPINS = 100;
const SLEEPER = new Int32Array(new SharedArrayBuffer(4));

/** The open file of a ledger. What cannot be done throws a LedgerError, unless a method says otherwise. */
export class LedgerFile {
  readonly path: string;
  readonly #calls: FileCalls;
  #fd: number;
  readonly #line = new Uint8Array(LINE_BYTES);

  private constructor(calls: FileCalls, path: string, fd: number) {
    this.#calls = calls;
    this.path = path;
    this.#fd = fd;
  }

  /** Opens the file, making it if it is missing. */
  static open(calls: FileCalls, path: string): LedgerFile {
    const fd = calls.open(path, "open-or-create");
    if (fd < 0) throw new LedgerError(`Cannot open ${path}: ${errnoName(-fd)}`);
    return new LedgerFile(calls, path, fd);
  }

  /** How many names it has; a negative error number when that cannot be told. */
  get links(): number {
    return this.#calls.links(this.#fd);
  }

  /** Whether its path leads to it; a negative error number when that cannot be told. */
  get isNamed(): boolean | number {
    return leadsTo(this.#calls, this.path, this.#fd);
  }

  /** Whether nothing was ever written to it. */
  get isEmpty(): boolean {
    return this.#calls.read(this.#fd, this.#line, 0) <= 0;
  }

  close(): void {
    assert(this.#fd >= 0, "a ledger is closed once: its descriptor is somebody else's after that");
    this.#calls.close(this.#fd);
    this.#fd = -1;
  }

  /** The number of a line; -1 when it says none. */
  read(offset: number): number {
    const bytes = this.#calls.read(this.#fd, this.#line, offset);
    if (bytes < 0) throw new LedgerError(`Cannot read ${this.path}: ${errnoName(-bytes)}`);
    return bytes === LINE_BYTES ? readNumber(this.#line, 0, "L") : -1;
  }

  /** Writes a line with a number. */
  write(offset: number, number: number): void {
    writeLine(this.#line, 0, { letter: "L", number, mode: "NL", origin: "d" });
    const bytes = this.#calls.write(this.#fd, this.#line, offset);
    if (bytes === LINE_BYTES) return;
    throw new LedgerError(
      `Cannot write ${this.path}: ${bytes < 0 ? errnoName(-bytes) : "the disk is full"}`,
    );
  }

  /** Has what was written reach the disk. */
  sync(): void {
    const result = this.#calls.sync(this.#fd);
    if (result < 0) throw new LedgerError(`Cannot sync ${this.path}: ${errnoName(-result)}`);
  }

  /** Locks a byte, unless another daemon's lock is in the way. Answers whether it could. */
  tryLock(type: LockType, byte: number): boolean {
    const result = this.#calls.tryLock(this.#fd, type, byte, 1);
    if (result >= 0) return true;
    if (lockRefused(-result)) return false;
    throw new LedgerError(`Cannot lock ${this.path}: ${errnoName(-result)}`);
  }

  /** Locks a byte, waiting for other daemons at most so many milliseconds. Answers whether it could. */
  lock(type: LockType, byte: number, waitMs: number): boolean {
    for (let tries = SPINS; tries > 0; tries--) if (this.tryLock(type, byte)) return true;
    for (let ms = 0; ms < waitMs; ms++) {
      // Sleeps, so that the other daemon gets the processor if that is what it lacks.
      Atomics.wait(SLEEPER, 0, 0, 1);
      if (this.tryLock(type, byte)) return true;
    }
    return false;
  }

  /** Unlocks a byte. Answers 0, or a negative error number. */
  unlock(byte: number): number {
    return this.#calls.tryLock(this.#fd, LOCK_UNLOCK, byte, 1);
  }
}
