/**
 * A courier without workers: what is sent is performed when the test says so, in this thread. While it is cut
 * off, nothing is performed.
 *
 * @module
 */
import type { FileCalls } from "../../ffi/file_calls.ts";
import type { Libc } from "../../ffi/libc.ts";
import { ClaimHost } from "../../server/store/directory/nfs/claim_host.ts";
import type { Courier } from "../../server/store/directory/nfs/courier.ts";
import type { DirectCalls } from "../../server/store/directory/nfs/direct_files.ts";
import type { Errand, Operation, Reply } from "../../server/store/directory/nfs/operations.ts";

/** What an inline courier stands on. */
export interface InlineCourierOptions {
  readonly calls: FileCalls;
  readonly directory: string;
  readonly bootMs: () => number;
  readonly wallMs: () => number;
  readonly limits: { readonly lockFilesMax: number; readonly idleFilesMax: number };
  /** Looks at a directory anew, which only NFS needs. */
  readonly lookAt?: ((path: string) => void) | undefined;
}

/** Stands for the descriptor of a directory that was looked at. */
const NO_DESCRIPTOR = 2 ** 30;

/** File calls whose `open` is past the cache. */
export function openedDirect(libc: Libc): FileCalls {
  return { ...forwarded(libc), open: (path, mode) => libc.openDirect(path, mode) };
}

/** The same calls as an object whose members can be replaced. */
export function forwarded(calls: FileCalls): FileCalls {
  return {
    open: (path, mode) => calls.open(path, mode),
    close: (fd) => calls.close(fd),
    tryLock: (fd, type, start, length) => calls.tryLock(fd, type, start, length),
    conflicting: (fd, type, start, length) => calls.conflicting(fd, type, start, length),
    read: (fd, into, offset) => calls.read(fd, into, offset),
    write: (fd, from, offset) => calls.write(fd, from, offset),
    sync: (fd) => calls.sync(fd),
    status: (fd, into) => calls.status(fd, into),
    links: (fd) => calls.links(fd),
    unlink: (path) => calls.unlink(path),
  };
}

/** The calls of a host on NFS, made of local ones. */
export function directCalls(
  calls: FileCalls,
  { bootMs, lookAt }: Pick<InlineCourierOptions, "bootMs" | "lookAt">,
): DirectCalls {
  return {
    ...forwarded(calls),
    openDirect: (path, mode) => calls.open(path, mode),
    openForReading: (path) => (lookAt?.(path), NO_DESCRIPTOR),
    close: (fd) => fd === NO_DESCRIPTOR ? 0 : calls.close(fd),
    bootMs,
  };
}

/** Performs operations when it is told to. */
export class InlineCourier implements Courier {
  readonly lanes = 1;
  onReply: (lane: number, reply: Reply) => void = () => {};
  /** Nothing is performed, as if the file server were away. */
  cutOff = false;
  /** What was performed, in order. */
  readonly performed: Operation[] = [];
  readonly #host: ClaimHost;
  #waiting: Errand[] = [];

  constructor({ calls, directory, bootMs, wallMs, limits, lookAt }: InlineCourierOptions) {
    const direct = directCalls(calls, { bootMs, lookAt });
    this.#host = new ClaimHost({ calls: direct, directory, lane: 0, wallMs, limits });
  }

  send(_lane: number, errand: Errand): void {
    this.#waiting.push(errand);
    if (errand.operation.op === "close") this.work();
  }

  /** Performs what was sent. Answers whether that was anything. */
  work(): boolean {
    if (this.cutOff || this.#waiting.length === 0) return false;
    for (const { id, operation } of this.#waiting.splice(0)) {
      this.performed.push(operation);
      this.onReply(0, { id, answer: this.#host.perform(operation) });
    }
    return true;
  }

  end(): void {
    this.#waiting = [];
  }
}
