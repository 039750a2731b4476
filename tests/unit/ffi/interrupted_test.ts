/**
 * What the kernel does too seldom to wait for: calls that a signal interrupts, and a file system that does
 * not tell how many names a file has. A library of a few lines of C stands before the real one and plays
 * them.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { emptyStatus, LOCK_TO_END, LOCK_WRITE } from "../../../ffi/file_calls.ts";
import { ERRNO } from "../../../ffi/errno.ts";
import { Libc } from "../../../ffi/libc.ts";
import { spawnSync } from "node:child_process";

const COMPILER = spawnSync("cc", ["--version"]).status === 0 ? "cc" : undefined;
if (COMPILER === undefined) {
  console.log("skipped: calls that are interrupted, because there is no C compiler");
}

/** Every call is interrupted twice before it goes through. */
const INTERRUPTING = `
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
static int left = 2;
#define INTERRUPT if (left > 0) { left--; errno = EINTR; return -1; } left = 2;
int open(const char *path, int flags, int mode) { INTERRUPT return 40; }
int close(int fd) { errno = EINTR; return -1; }
int fcntl(int fd, int command, short *lock) { INTERRUPT if (command == 36) lock[0] = 1; return 0; }
long pread(int fd, void *into, unsigned long count, long offset) { INTERRUPT return count; }
long pwrite(int fd, const void *from, unsigned long count, long offset) { INTERRUPT return count; }
int fsync(int fd) { INTERRUPT return 0; }
int statx(int fd, const char *path, int flags, unsigned mask, unsigned *out) { memset(out, 0, 256); return 0; }
`;

Deno.test({
  name: "Libc makes an interrupted call again, but never a close, and believes no status that was not given",
  ignore: COMPILER === undefined,
  fn: () => {
    const directory = Deno.makeTempDirSync({ prefix: "distrilock-ffi-" });
    try {
      const source = `${directory}/interrupting.c`;
      const library = `${directory}/interrupting.so`;
      Deno.writeTextFileSync(source, INTERRUPTING);
      const built = spawnSync("cc", ["-shared", "-fPIC", "-fno-builtin", "-o", library, source], {
        encoding: "utf8",
      });
      equal(built.status, 0, built.stderr);
      using libc = Libc.open(library);
      const bytes = new Uint8Array(3);
      deepEqual({
        open: libc.open("/nowhere", "existing"),
        openForReading: libc.openForReading("/nowhere"),
        tryLock: libc.tryLock(40, LOCK_WRITE, 0, LOCK_TO_END),
        conflicting: libc.conflicting(40, LOCK_WRITE, 0, LOCK_TO_END),
        read: libc.read(40, bytes, 0),
        write: libc.write(40, bytes, 0),
        sync: libc.sync(40),
        close: libc.close(40),
        links: libc.links(40),
        status: libc.status(40, emptyStatus()),
      }, {
        open: 40,
        openForReading: 40,
        tryLock: 0,
        conflicting: LOCK_WRITE,
        read: 3,
        write: 3,
        sync: 0,
        close: -ERRNO.EINTR,
        links: -ERRNO.EOPNOTSUPP,
        status: -ERRNO.EOPNOTSUPP,
      });
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
});
