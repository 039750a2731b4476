/**
 * File calls that go wrong on order, for sweeps in the manner of SQLite's system call tests: run a scenario
 * once to count its calls, then once for every call and every error number, and see that no lock is leaked
 * and none is believed held.
 *
 * @module
 */
import { assert } from "../../server/base/assert.ts";
import type {
  FileCalls,
  FileStatus,
  LOCK_READ,
  LOCK_WRITE,
  LockType,
  OpenMode,
} from "../../ffi/file_calls.ts";

/** The name of one of the {@link FileCalls}. */
export type CallKind = keyof FileCalls;

/** Which calls fail, how often, and how. Without `kind` calls of every kind count and fail. */
export interface Fault {
  /** The (positive) error number that the call ends with. */
  readonly errno: number;
  /** Only calls of this kind count and fail. */
  readonly kind?: CallKind;
  /**
   * The first call to fail, counted from 1 among those that count since the fault was set; by default the
   * next.
   */
  readonly from?: number;
  /** How many calls fail, from that one on; Infinity = all. By default one. */
  readonly times?: number;
  /**
   * What the failing call does before it fails: `none` (the default) or `done`, as when only the answer of a
   * file server was lost. A failing `close` always closes, as Linux does.
   */
  readonly effect?: "none" | "done";
}

/** File calls passed on to others, save for those that a {@link Fault} makes fail. */
export class FaultyFiles implements FileCalls {
  readonly #files: FileCalls;
  readonly #trace: CallKind[] = [];
  readonly #open = new Set<number>();
  #fault: Fault | undefined;
  #counted = 0;
  #failed = 0;

  constructor(files: FileCalls) {
    this.#files = files;
  }

  /** How many calls were made so far. */
  get calls(): number {
    return this.#trace.length;
  }

  /** The kinds of the calls made so far, in order. */
  get trace(): readonly CallKind[] {
    return this.#trace;
  }

  /** How many calls the present fault made fail: a sweep is over when it stays 0. */
  get failed(): number {
    return this.#failed;
  }

  /** The descriptors that were opened and not closed again: what a scenario leaked. */
  get openDescriptors(): readonly number[] {
    return [...this.#open];
  }

  /** Sets the fault, in place of the one before. */
  fail(fault: Fault): void {
    assert(fault.errno > 0, "an error number is positive");
    this.#fault = fault;
    this.#counted = 0;
    this.#failed = 0;
  }

  /** Takes the fault away: from now on every call is passed on. */
  heal(): void {
    this.#fault = undefined;
  }

  open(path: string, mode: OpenMode): number {
    const fault = this.#next("open");
    if (fault?.effect === "done" && mode !== "existing") {
      // The file was made, but the descriptor never reached the caller.
      const fd = this.#files.open(path, mode);
      if (fd >= 0) this.#files.close(fd);
    }
    if (fault !== undefined) return -fault.errno;
    const fd = this.#files.open(path, mode);
    if (fd >= 0) this.#open.add(fd);
    return fd;
  }

  close(fd: number): number {
    const fault = this.#next("close");
    this.#open.delete(fd);
    const answer = this.#files.close(fd);
    return fault === undefined ? answer : -fault.errno;
  }

  tryLock(fd: number, type: LockType, start: number, length: number): number {
    return this.#run("tryLock", () => this.#files.tryLock(fd, type, start, length));
  }

  conflicting(fd: number, type: typeof LOCK_READ | typeof LOCK_WRITE, start: number, length: number): number {
    return this.#run("conflicting", () => this.#files.conflicting(fd, type, start, length));
  }

  read(fd: number, into: Uint8Array<ArrayBuffer>, offset: number): number {
    return this.#run("read", () => this.#files.read(fd, into, offset));
  }

  write(fd: number, from: Uint8Array<ArrayBuffer>, offset: number): number {
    return this.#run("write", () => this.#files.write(fd, from, offset));
  }

  sync(fd: number): number {
    return this.#run("sync", () => this.#files.sync(fd));
  }

  status(fd: number, into: FileStatus): number {
    return this.#run("status", () => this.#files.status(fd, into));
  }

  links(fd: number): number {
    return this.#run("links", () => this.#files.links(fd));
  }

  unlink(path: string): number {
    return this.#run("unlink", () => this.#files.unlink(path));
  }

  #run(kind: CallKind, call: () => number): number {
    const fault = this.#next(kind);
    if (fault === undefined) return call();
    if (fault.effect === "done") call();
    return -fault.errno;
  }

  /** Notes a call and returns the fault when this call is one to fail. */
  #next(kind: CallKind): Fault | undefined {
    this.#trace.push(kind);
    const fault = this.#fault;
    if (fault === undefined || (fault.kind ?? kind) !== kind) return undefined;
    this.#counted++;
    const first = fault.from ?? 1;
    if (this.#counted < first || this.#counted >= first + (fault.times ?? 1)) return undefined;
    this.#failed++;
    return fault;
  }
}
