/**
 * Calls of a worker that are written down, for whoever counts them on the main thread. Each waits for the
 * server, so each is timed.
 *
 * @module
 */
import { ERRNO, lockRefused } from "../../../../ffi/errno.ts";
import type { FileStatus, LOCK_READ, LOCK_WRITE, LockType, OpenMode } from "../../../../ffi/file_calls.ts";
import type { DirectCalls } from "./direct_files.ts";
import type { CallNote } from "./operations.ts";

/** Calls that are written down. */
export class NotedCalls implements DirectCalls {
  readonly #calls: DirectCalls;
  readonly #notes: CallNote[] = [];

  constructor(calls: DirectCalls) {
    this.#calls = calls;
  }

  /** What was called since the last time. */
  take(): readonly CallNote[] {
    return this.#notes.splice(0);
  }

  open(path: string, mode: OpenMode): number {
    return this.#noted("open", () => this.#calls.open(path, mode));
  }

  openDirect(path: string, mode: OpenMode): number {
    return this.#noted("open", () => this.#calls.openDirect(path, mode));
  }

  openForReading(path: string): number {
    return this.#noted("open", () => this.#calls.openForReading(path));
  }

  close(fd: number): number {
    return this.#noted("close", () => this.#calls.close(fd));
  }

  tryLock(fd: number, type: LockType, start: number, length: number): number {
    return this.#noted("lock", () => this.#calls.tryLock(fd, type, start, length));
  }

  conflicting(fd: number, type: typeof LOCK_READ | typeof LOCK_WRITE, start: number, length: number): number {
    return this.#noted("query", () => this.#calls.conflicting(fd, type, start, length));
  }

  read(fd: number, into: Uint8Array<ArrayBuffer>, offset: number): number {
    return this.#noted("read", () => this.#calls.read(fd, into, offset));
  }

  write(fd: number, from: Uint8Array<ArrayBuffer>, offset: number): number {
    return this.#noted("write", () => this.#calls.write(fd, from, offset));
  }

  sync(fd: number): number {
    return this.#noted("sync", () => this.#calls.sync(fd));
  }

  status(fd: number, into: FileStatus): number {
    return this.#noted("status", () => this.#calls.status(fd, into));
  }

  links(fd: number): number {
    return this.#noted("status", () => this.#calls.links(fd));
  }

  unlink(path: string): number {
    return this.#noted("unlink", () => this.#calls.unlink(path));
  }

  bootMs(): number {
    return this.#calls.bootMs();
  }

  #noted(operation: CallNote["operation"], call: () => number): number {
    const startMs = this.#calls.bootMs();
    const answer = call();
    const seconds = (this.#calls.bootMs() - startMs) / 1_000;
    this.#notes.push({ operation, outcome: outcomeOf(operation, answer), seconds });
    return answer;
  }
}

function outcomeOf(operation: CallNote["operation"], answer: number): CallNote["outcome"] {
  // Not there: what the caller wanted to know.
  if (answer >= 0 || (operation === "open" && answer === -ERRNO.ENOENT)) return "ok";
  return operation === "lock" && lockRefused(-answer) ? "refused" : "failed";
}
