/**
 * The calls on files of a directory store, counted. Those that can wait for a disk are timed too; for the
 * others reading the clock twice would cost as much as the call.
 *
 * @module
 */
import { ERRNO, lockRefused } from "../../ffi/errno.ts";
import type {
  FileCalls,
  FileStatus,
  LOCK_READ,
  LOCK_WRITE,
  LockType,
  OpenMode,
} from "../../ffi/file_calls.ts";
import type { Clock } from "../base/clock.ts";
import type { Operation, StoreTally } from "./store_tally.ts";

/** Calls on files that count themselves. */
export class CountedCalls implements FileCalls {
  readonly #calls: FileCalls;
  readonly #clock: Clock;
  readonly #open: Operation;
  readonly #close: Operation;
  readonly #lock: Operation;
  readonly #query: Operation;
  readonly #read: Operation;
  readonly #write: Operation;
  readonly #sync: Operation;
  readonly #status: Operation;
  readonly #unlink: Operation;

  constructor(calls: FileCalls, tally: StoreTally, clock: Clock) {
    this.#calls = calls;
    this.#clock = clock;
    this.#open = tally.operation("open");
    this.#close = tally.operation("close");
    this.#lock = tally.operation("lock");
    this.#query = tally.operation("query");
    this.#read = tally.operation("read");
    this.#write = tally.operation("write");
    this.#sync = tally.operation("sync");
    this.#status = tally.operation("status");
    this.#unlink = tally.operation("unlink");
  }

  open(path: string, mode: OpenMode): number {
    const startMs = this.#clock.now();
    const answer = this.#calls.open(path, mode);
    // Not there, or there already: what the caller wanted to know.
    const isTold = answer === -ERRNO.ENOENT || answer === -ERRNO.EEXIST;
    return this.#timed(this.#open, startMs, isTold ? 0 : answer, answer);
  }

  close(fd: number): number {
    return count(this.#close, this.#calls.close(fd));
  }

  tryLock(fd: number, type: LockType, start: number, length: number): number {
    const answer = this.#calls.tryLock(fd, type, start, length);
    if (answer >= 0) this.#lock.ok++;
    else if (lockRefused(-answer)) this.#lock.refused++;
    else this.#lock.failed++;
    return answer;
  }

  conflicting(fd: number, type: typeof LOCK_READ | typeof LOCK_WRITE, start: number, length: number): number {
    return count(this.#query, this.#calls.conflicting(fd, type, start, length));
  }

  read(fd: number, into: Uint8Array<ArrayBuffer>, offset: number): number {
    return count(this.#read, this.#calls.read(fd, into, offset));
  }

  write(fd: number, from: Uint8Array<ArrayBuffer>, offset: number): number {
    return count(this.#write, this.#calls.write(fd, from, offset));
  }

  sync(fd: number): number {
    const startMs = this.#clock.now();
    const answer = this.#calls.sync(fd);
    return this.#timed(this.#sync, startMs, answer, answer);
  }

  status(fd: number, into: FileStatus): number {
    return count(this.#status, this.#calls.status(fd, into));
  }

  links(fd: number): number {
    return count(this.#status, this.#calls.links(fd));
  }

  unlink(path: string): number {
    const startMs = this.#clock.now();
    const answer = this.#calls.unlink(path);
    return this.#timed(this.#unlink, startMs, answer === -ERRNO.ENOENT ? 0 : answer, answer);
  }

  #timed(operation: Operation, startMs: number, outcome: number, answer: number): number {
    count(operation, outcome);
    operation.durations.note(0, (this.#clock.now() - startMs) / 1_000);
    return answer;
  }
}

function count(operation: Operation, answer: number): number {
  if (answer >= 0) operation.ok++;
  else operation.failed++;
  return answer;
}
