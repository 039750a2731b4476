/**
 * The calls on lock files of a daemon that has its directory for itself (`--sole`). Nobody is there whom the
 * kernel would have to keep out, so no lock is asked for and no link is counted, and what a file says at its
 * beginning is known from what was last read or written. Writes go through: tokens, marks and values are in
 * the files as ever, for the next daemon.
 *
 * @module
 */
import { type FileCalls, LOCK_READ, LOCK_TO_END, LOCK_UNLOCK, LOCK_WRITE } from "../../../ffi/file_calls.ts";
import { HEAD_BYTES } from "./grace_mark.ts";

/** An open file; remembered of it is what every acquire reads. */
interface Known {
  readonly path: string;
  /** Its beginning, once it was read. */
  head: Head | undefined;
}

interface Head {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many of them the file has. */
  length: number;
}

/** What a file is locked by: of its ranges only the type of the last one counts here. */
interface Lock {
  readonly fd: number;
  readonly type: typeof LOCK_READ | typeof LOCK_WRITE;
}

/**
 * Makes the calls of a sole daemon out of real ones. They are for files that nobody else opens for writing.
 */
export function soleCalls(calls: FileCalls): FileCalls {
  const files = new Map<number, Known>();
  const locks = new Map<string, Lock>();
  const unlock = (fd: number, path: string) => {
    if (locks.get(path)?.fd === fd) locks.delete(path);
  };
  return {
    open: (path, mode) => {
      const fd = calls.open(path, mode);
      if (fd >= 0) files.set(fd, { path, head: undefined });
      return fd;
    },
    close: (fd) => {
      unlock(fd, files.get(fd)?.path ?? "");
      files.delete(fd);
      return calls.close(fd);
    },
    tryLock: (fd, type, start, length) => {
      const { path = "" } = files.get(fd) ?? {};
      if (type !== LOCK_UNLOCK) locks.set(path, { fd, type });
      else if (start === 0 && length === LOCK_TO_END) unlock(fd, path);
      return 0;
    },
    conflicting: (fd) => {
      const lock = locks.get(files.get(fd)?.path ?? "");
      return lock === undefined || lock.fd === fd ? LOCK_UNLOCK : lock.type;
    },
    read: (fd, into, offset) => {
      const known = files.get(fd);
      if (known === undefined || offset + into.length > HEAD_BYTES) return calls.read(fd, into, offset);
      const head = known.head ?? readHead(calls, fd);
      if (typeof head === "number") return head;
      known.head = head;
      into.set(head.bytes.subarray(offset, Math.min(offset + into.length, head.length)));
      return Math.max(0, Math.min(into.length, head.length - offset));
    },
    write: (fd, from, offset) => {
      const written = calls.write(fd, from, offset);
      const known = files.get(fd);
      if (known?.head === undefined || offset >= HEAD_BYTES) return written;
      // After half a write, or none, only the file itself knows what it says.
      if (written !== from.length || offset > known.head.length) known.head = undefined;
      else {
        known.head.bytes.set(from.subarray(0, HEAD_BYTES - offset), offset);
        known.head.length = Math.min(HEAD_BYTES, Math.max(known.head.length, offset + written));
      }
      return written;
    },
    sync: (fd) => calls.sync(fd),
    status: (fd, into) => calls.status(fd, into),
    links: () => 1,
    unlink: (path) => calls.unlink(path),
  };
}

function readHead(calls: FileCalls, fd: number): Head | number {
  const bytes = new Uint8Array(HEAD_BYTES);
  const length = calls.read(fd, bytes, 0);
  return length < 0 ? length : { bytes, length };
}
