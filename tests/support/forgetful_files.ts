/**
 * File calls to a server that can forget its locks, as measured with the NFS client of Linux 6.1: other hosts
 * get them at once; this host is told nothing, and may even lock again; but reads and writes through a
 * descriptor whose locks were forgotten fail with EIO, until something of it is unlocked or it is closed.
 *
 * @module
 */
import { ERRNO } from "../../ffi/errno.ts";
import { type FileCalls, LOCK_TO_END, LOCK_UNLOCK } from "../../ffi/file_calls.ts";
import { forwarded } from "./inline_courier.ts";

/** File calls, and a way to have the locks of all open files forgotten. */
export interface ForgetfulFiles {
  readonly calls: FileCalls;
  forget(): void;
}

/** Makes them. */
export function forgetfulFiles(files: FileCalls): ForgetfulFiles {
  const open = new Set<number>();
  const marked = new Set<number>();
  const through = (fd: number, call: () => number) => marked.has(fd) ? -ERRNO.EIO : call();
  const calls: FileCalls = {
    ...forwarded(files),
    open: (path, mode) => {
      const fd = files.open(path, mode);
      if (fd >= 0) open.add(fd);
      return fd;
    },
    close: (fd) => {
      open.delete(fd);
      marked.delete(fd);
      return files.close(fd);
    },
    tryLock: (fd, type, start, length) => {
      if (type === LOCK_UNLOCK) marked.delete(fd);
      return files.tryLock(fd, type, start, length);
    },
    read: (fd, into, offset) => through(fd, () => files.read(fd, into, offset)),
    write: (fd, from, offset) => through(fd, () => files.write(fd, from, offset)),
  };
  const forget = () => {
    for (const fd of open) {
      files.tryLock(fd, LOCK_UNLOCK, 0, LOCK_TO_END);
      marked.add(fd);
    }
  };
  return { calls, forget };
}
