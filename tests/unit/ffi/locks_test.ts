/**
 * Locks of open file descriptions, against the kernel itself.
 *
 * @module
 */
import { LOCK_READ, LOCK_TO_END, LOCK_UNLOCK, LOCK_WRITE, type LockType } from "../../../ffi/file_calls.ts";
import { ERRNO } from "../../../ffi/errno.ts";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { equal, ok, throws } from "node:assert/strict";
import { AssertionError } from "../../../server/base/assert.ts";
import { Libc } from "../../../ffi/libc.ts";
import { Scratch } from "./scratch.ts";

const REFUSED = -ERRNO.EAGAIN;

Deno.test("tryLock decides every pair of lock types between two descriptors of one process", () => {
  const expected: [LockType, LockType, number][] = [
    [LOCK_READ, LOCK_READ, 0],
    [LOCK_READ, LOCK_WRITE, REFUSED],
    [LOCK_WRITE, LOCK_READ, REFUSED],
    [LOCK_WRITE, LOCK_WRITE, REFUSED],
    [LOCK_UNLOCK, LOCK_READ, 0],
    [LOCK_UNLOCK, LOCK_WRITE, 0],
  ];
  for (const [held, asked, answer] of expected) {
    using scratch = new Scratch();
    const a = scratch.open("a.lck");
    const b = scratch.open("a.lck");
    equal(scratch.libc.tryLock(a, held, 0, LOCK_TO_END), 0);
    equal(scratch.libc.tryLock(b, asked, 0, LOCK_TO_END), answer, `${held} held, ${asked} asked`);
  }
});

Deno.test("tryLock keeps a lock when another descriptor of the file is closed", () => {
  // fcntl_locking(2), "Record locks": a classic lock goes when the process closes *any* descriptor of the
  // file. These must not.
  using scratch = new Scratch();
  const holder = scratch.open("a.lck");
  equal(scratch.libc.tryLock(holder, LOCK_WRITE, 0, LOCK_TO_END), 0);
  scratch.close(scratch.open("a.lck"));
  const other = scratch.open("a.lck");
  equal(scratch.libc.tryLock(other, LOCK_WRITE, 0, LOCK_TO_END), REFUSED);
});

Deno.test("close lets the locks of its own descriptor go", () => {
  using scratch = new Scratch();
  const holder = scratch.open("a.lck");
  const other = scratch.open("a.lck");
  equal(scratch.libc.tryLock(holder, LOCK_WRITE, 0, LOCK_TO_END), 0);
  scratch.close(holder);
  equal(scratch.libc.tryLock(other, LOCK_WRITE, 0, LOCK_TO_END), 0);
});

Deno.test("close lets the locks of its own descriptor go while another program has a copy of it", async () => {
  // As one has that another thread is just starting, until it executes.
  using scratch = new Scratch();
  const holder = scratch.open("a.lck");
  const other = scratch.open("a.lck");
  equal(scratch.libc.tryLock(holder, LOCK_WRITE, 0, LOCK_TO_END), 0);
  const program = spawn("cat", [], { stdio: ["pipe", "ignore", "inherit", holder] });
  const ended = once(program, "exit");
  try {
    equal(Deno.readLinkSync(`/proc/${program.pid}/fd/3`), Deno.realPathSync(scratch.path("a.lck")));
    scratch.close(holder);
    equal(scratch.libc.tryLock(other, LOCK_WRITE, 0, LOCK_TO_END), 0);
  } finally {
    program.stdin?.end();
    await ended;
  }
});

Deno.test("tryLock keeps the old lock when an upgrade is refused", () => {
  using scratch = new Scratch();
  const { libc } = scratch;
  const a = scratch.open("a.lck");
  const b = scratch.open("a.lck");
  const c = scratch.open("a.lck");
  equal(libc.tryLock(a, LOCK_READ, 0, LOCK_TO_END), 0);
  equal(libc.tryLock(b, LOCK_READ, 0, LOCK_TO_END), 0);
  equal(libc.tryLock(a, LOCK_WRITE, 0, LOCK_TO_END), REFUSED);
  scratch.close(b);
  equal(libc.tryLock(c, LOCK_WRITE, 0, LOCK_TO_END), REFUSED, "a still reads");
  equal(libc.tryLock(a, LOCK_UNLOCK, 0, LOCK_TO_END), 0);
  equal(libc.tryLock(c, LOCK_WRITE, 0, LOCK_TO_END), 0, "it was a's lock that stood in the way");
});

Deno.test("tryLock converts read to write to read in place", () => {
  using scratch = new Scratch();
  const { libc } = scratch;
  const a = scratch.open("a.lck");
  const b = scratch.open("a.lck");
  equal(libc.tryLock(a, LOCK_READ, 0, LOCK_TO_END), 0);
  equal(libc.tryLock(a, LOCK_WRITE, 0, LOCK_TO_END), 0);
  equal(libc.tryLock(b, LOCK_READ, 0, LOCK_TO_END), REFUSED);
  equal(libc.tryLock(a, LOCK_READ, 0, LOCK_TO_END), 0);
  equal(libc.tryLock(b, LOCK_READ, 0, LOCK_TO_END), 0);
  equal(libc.tryLock(b, LOCK_WRITE, 0, LOCK_TO_END), REFUSED);
});

Deno.test("tryLock covers exactly the bytes from start to before start + length, beyond 2^32 too", () => {
  const far = 2 ** 32 + 7;
  const farther = 2 ** 52 + 3;
  for (
    const [start, length] of [[0, 1], [5, 3], [2 ** 31, 2 ** 31], [far, 2], [3, far], [
      farther,
      2 ** 33 + 1,
    ]] as const
  ) {
    using scratch = new Scratch();
    const { libc } = scratch;
    const a = scratch.open("a.lck");
    const b = scratch.open("a.lck");
    equal(libc.tryLock(a, LOCK_WRITE, start, length), 0);
    if (start > 0) equal(libc.tryLock(b, LOCK_WRITE, start - 1, 1), 0, "before");
    equal(libc.tryLock(b, LOCK_WRITE, start, 1), REFUSED, "first");
    equal(libc.tryLock(b, LOCK_WRITE, start + length - 1, 1), REFUSED, "last");
    equal(libc.tryLock(b, LOCK_WRITE, start + length, LOCK_TO_END), 0, "after");
  }
});

Deno.test("tryLock lets a part of a range go", () => {
  using scratch = new Scratch();
  const { libc } = scratch;
  const a = scratch.open("a.lck");
  const b = scratch.open("a.lck");
  equal(libc.tryLock(a, LOCK_WRITE, 0, LOCK_TO_END), 0);
  equal(libc.tryLock(a, LOCK_UNLOCK, 10, 10), 0);
  equal(libc.tryLock(b, LOCK_WRITE, 10, 10), 0);
  equal(libc.tryLock(b, LOCK_WRITE, 9, 1), REFUSED);
  equal(libc.tryLock(b, LOCK_WRITE, 2 ** 53 - 1, 1), REFUSED);
});

Deno.test("tryLock answers EBADF for a descriptor that is not open", () => {
  using libc = Libc.open();
  equal(libc.tryLock(-1, LOCK_READ, 0, LOCK_TO_END), -ERRNO.EBADF);
  equal(libc.conflicting(-1, LOCK_READ, 0, LOCK_TO_END), -ERRNO.EBADF);
});

Deno.test("tryLock asserts that offsets are safe integers from 0", () => {
  using scratch = new Scratch();
  const fd = scratch.open("a.lck");
  for (const wrong of [-1, 0.5, 2 ** 53, NaN]) {
    throws(() => scratch.libc.tryLock(fd, LOCK_READ, wrong, 1), AssertionError);
    throws(() => scratch.libc.tryLock(fd, LOCK_READ, 0, wrong), AssertionError);
  }
});

Deno.test("conflicting tells the type of the lock that stands in the way", () => {
  using scratch = new Scratch();
  const { libc } = scratch;
  const a = scratch.open("a.lck");
  const b = scratch.open("a.lck");
  equal(libc.conflicting(b, LOCK_WRITE, 0, LOCK_TO_END), LOCK_UNLOCK, "nobody holds anything");
  equal(libc.tryLock(a, LOCK_READ, 2 ** 40, 1), 0);
  equal(libc.conflicting(b, LOCK_WRITE, 0, LOCK_TO_END), LOCK_READ);
  equal(libc.conflicting(b, LOCK_READ, 0, LOCK_TO_END), LOCK_UNLOCK, "readers do not conflict");
  equal(libc.conflicting(b, LOCK_WRITE, 2 ** 40 + 1, 1), LOCK_UNLOCK, "another byte");
  equal(libc.tryLock(a, LOCK_WRITE, 2 ** 40, 1), 0);
  equal(libc.conflicting(b, LOCK_READ, 2 ** 40, 1), LOCK_WRITE);
  equal(libc.conflicting(a, LOCK_WRITE, 0, LOCK_TO_END), LOCK_UNLOCK, "one's own lock does not conflict");
  equal(libc.tryLock(b, LOCK_WRITE, 0, 1), 0, "asking left nothing behind that the next call trips over");
});

Deno.test("tryLock excludes a thread of the same process that has its own C library", async () => {
  using scratch = new Scratch();
  const fd = scratch.open("a.lck");
  equal(scratch.libc.tryLock(fd, LOCK_WRITE, 0, LOCK_TO_END), 0);
  const worker = new Worker(new URL("./lock_in_worker.ts", import.meta.url), { type: "module" });
  try {
    const answer = await new Promise<unknown>((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = reject;
      worker.postMessage(scratch.path("a.lck"));
    });
    equal(answer, REFUSED, "errno belongs to the thread that made the call");
    ok(scratch.libc.links(fd) === 1);
  } finally {
    worker.terminate();
  }
});
