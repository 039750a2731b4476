/**
 * Opening, reading, writing and describing real files.
 *
 * @module
 */
import { emptyStatus, LOCK_TO_END, LOCK_WRITE, sameFile } from "../../../ffi/file_calls.ts";
import { AssertionError } from "../../../server/base/assert.ts";
import { deepEqual, equal, match, notEqual, ok, throws } from "node:assert/strict";
import { ERRNO } from "../../../ffi/errno.ts";
import { Libc } from "../../../ffi/libc.ts";
import { Scratch } from "./scratch.ts";
import { execFileSync } from "node:child_process";

/**
 * What makedev(3) makes of the two numbers of a device: the lower 8 bits of the minor one, the major one, the
 * rest of the minor one.
 */
function combinedDevice(major: number, minor: number): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

/** The flags of open(2) with which a descriptor is open, as the kernel tells them. */
function descriptorFlags(fd: number): number {
  const flags = /^flags:\s*([0-7]+)$/m.exec(Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`))?.[1];
  return Number.parseInt(flags ?? "", 8);
}

const text = (content: string) => new TextEncoder().encode(content);

Deno.test("open makes or insists as its mode says", () => {
  using scratch = new Scratch();
  const { libc } = scratch;
  equal(libc.open(scratch.path("a"), "existing"), -ERRNO.ENOENT);
  scratch.open("a", "create-new");
  equal(libc.open(scratch.path("a"), "create-new"), -ERRNO.EEXIST);
  scratch.open("a", "existing");
  scratch.open("a", "open-or-create");
  scratch.open("b", "open-or-create");
});

Deno.test("open gives new files mode 0666 less the umask and leaves old content alone", () => {
  using scratch = new Scratch();
  Deno.writeTextFileSync(scratch.path("old"), "anything");
  scratch.open("old");
  equal(Deno.readTextFileSync(scratch.path("old")), "anything");
  const before = Deno.umask(0o002);
  try {
    scratch.open("new", "create-new");
  } finally {
    Deno.umask(before);
  }
  equal((Deno.statSync(scratch.path("new")).mode ?? 0) & 0o7777, 0o664);
});

Deno.test("open answers what the world says", () => {
  using scratch = new Scratch();
  const { libc } = scratch;
  Deno.symlinkSync("/etc/passwd", scratch.path("link"));
  Deno.symlinkSync(scratch.path("nowhere"), scratch.path("dangling"));
  Deno.writeTextFileSync(scratch.path("file"), "");
  equal(libc.open(scratch.path("link"), "existing"), -ERRNO.ELOOP);
  equal(libc.open(scratch.path("dangling"), "open-or-create"), -ERRNO.ELOOP);
  equal(libc.open(scratch.path("dangling"), "create-new"), -ERRNO.EEXIST);
  equal(libc.open(scratch.directory, "existing"), -ERRNO.EISDIR);
  equal(libc.open(scratch.path("file/below"), "open-or-create"), -ERRNO.ENOTDIR);
  equal(libc.open(scratch.path("x".repeat(256)), "open-or-create"), -ERRNO.ENAMETOOLONG);
  throws(() => libc.open("/tmp/a\0b", "existing"), AssertionError);
});

Deno.test("open and unlink answer ENAMETOOLONG for a path that does not fit, and take the longest that does", () => {
  using scratch = new Scratch();
  const { libc } = scratch;
  const padded = (bytes: number, end: string) =>
    scratch.directory + "/".repeat(bytes - scratch.directory.length - end.length) + end;
  for (const path of [padded(4096, "a"), padded(5000, "a"), padded(4095, "a") + "é"]) {
    equal(libc.open(path, "open-or-create"), -ERRNO.ENAMETOOLONG);
    equal(libc.unlink(path), -ERRNO.ENAMETOOLONG);
  }
  deepEqual([...Deno.readDirSync(scratch.directory)], []);
  const fd = libc.open(padded(4095, "a"), "create-new");
  ok(fd >= 0, `${fd}`);
  equal(libc.close(fd), 0);
  equal(libc.unlink(padded(4095, "a")), 0);
});

Deno.test("open takes names beyond ASCII and forgets the longer path before", () => {
  using scratch = new Scratch();
  scratch.open("long-name-of-a-file");
  scratch.open("ß→𝕏");
  scratch.open("s");
  deepEqual([...Deno.readDirSync(scratch.directory)].map((entry) => entry.name).toSorted(), [
    "long-name-of-a-file",
    "s",
    "ß→𝕏",
  ]);
});

Deno.test("open neither hangs on a planted pipe nor takes it for a regular file", () => {
  using scratch = new Scratch();
  execFileSync("mkfifo", [scratch.path("pipe")]);
  const fd = scratch.open("pipe", "existing");
  const status = emptyStatus();
  equal(scratch.libc.status(fd, status), 0);
  equal(status.regular, false);
  equal(scratch.libc.read(fd, new Uint8Array(1), 0) < 0, true);
  const nonBlocking = 0o4000;
  equal(descriptorFlags(fd) & nonBlocking, nonBlocking);
  scratch.close(fd);
  // Without that flag this would wait for somebody to open the other end.
  const reader = scratch.libc.openForReading(scratch.path("pipe"));
  ok(reader >= 0, `${reader}`);
  equal(scratch.libc.close(reader), 0);
});

Deno.test("open gives descriptors that a child process does not inherit", () => {
  using scratch = new Scratch();
  const fd = scratch.open("a.lck");
  const inherited = execFileSync("ls", ["-l", "/proc/self/fd"], { encoding: "utf8" });
  match(inherited, / 0 -> /, "the child could look");
  equal(inherited.includes(scratch.directory), false, inherited);
  const closeOnExec = 0o2000000;
  equal(descriptorFlags(fd) & closeOnExec, closeOnExec);
});

Deno.test("close answers EBADF for what is not open", () => {
  using libc = Libc.open();
  equal(libc.close(-1), -ERRNO.EBADF);
});

Deno.test("read and write move bytes at offsets, of a part of a buffer too", () => {
  using scratch = new Scratch();
  const { libc } = scratch;
  const fd = scratch.open("a");
  equal(libc.write(fd, text("hello world"), 0), 11);
  equal(libc.write(fd, text("-----WORLD-----").subarray(5, 10), 6), 5);
  const into = new Uint8Array(20).fill(0x2e);
  equal(libc.read(fd, into.subarray(2, 18), 6), 5);
  equal(new TextDecoder().decode(into), "..WORLD.............");
  equal(libc.read(fd, into.subarray(0, 1), 0), 1, "no more than there is room for");
  equal(new TextDecoder().decode(into), "h.WORLD.............");
  equal(libc.read(fd, into, 11), 0, "at the end");
  equal(libc.read(fd, into, 2 ** 40), 0, "past the end");
  equal(libc.read(fd, new Uint8Array(0), 0), 0);
  equal(Deno.readTextFileSync(scratch.path("a")), "hello WORLD");
  equal(libc.sync(fd), 0);
});

Deno.test("write and read reach offsets beyond 2^32, where status agrees about the size", () => {
  using scratch = new Scratch();
  const { libc } = scratch;
  const fd = scratch.open("sparse");
  const far = 3 * 2 ** 32 + 5;
  equal(libc.write(fd, text("far"), far), 3);
  const into = new Uint8Array(3);
  equal(libc.read(fd, into, far), 3);
  deepEqual(into, text("far"));
  equal(libc.read(fd, into, 5), 3);
  deepEqual(into, new Uint8Array(3), "the lower half of the offset alone is elsewhere");
  const status = emptyStatus();
  equal(libc.status(fd, status), 0);
  equal(status.size, far + 3);
});

Deno.test("read and write assert that offsets are safe integers from 0", () => {
  using scratch = new Scratch();
  const fd = scratch.open("a");
  for (const wrong of [-1, 0.5, 2 ** 53]) {
    throws(() => scratch.libc.read(fd, new Uint8Array(1), wrong), AssertionError);
    throws(() => scratch.libc.write(fd, new Uint8Array(1), wrong), AssertionError);
  }
});

Deno.test("read, write, sync, status and links answer the error number of the call", () => {
  using scratch = new Scratch();
  const { libc } = scratch;
  const byte = new Uint8Array(1);
  const reading = libc.openForReading(scratch.directory);
  equal(libc.read(reading, byte, 0), -ERRNO.EISDIR);
  equal(libc.write(reading, byte, 0), -ERRNO.EBADF);
  equal(libc.close(reading), 0);
  equal(libc.sync(-1), -ERRNO.EBADF);
  equal(libc.status(-1, emptyStatus()), -ERRNO.EBADF);
  equal(libc.links(-1), -ERRNO.EBADF);
});

Deno.test("status tells what Deno tells", () => {
  using scratch = new Scratch();
  const fd = scratch.open("a");
  equal(scratch.libc.write(fd, text("four"), 0), 4);
  Deno.linkSync(scratch.path("a"), scratch.path("b"));
  const status = emptyStatus();
  equal(scratch.libc.status(fd, status), 0);
  const expected = Deno.statSync(scratch.path("a"));
  equal(status.regular, true);
  equal(status.links, expected.nlink);
  equal(status.links, 2);
  equal(status.size, 4);
  equal(status.inodeHigh * 2 ** 32 + status.inodeLow, expected.ino);
});

Deno.test("status tells the device that holds the file, not the one that the file is", () => {
  using libc = Libc.open();
  for (const path of ["/dev/null", "/proc/version", "/etc/passwd"]) {
    const fd = libc.openForReading(path);
    ok(fd >= 0, path);
    const status = emptyStatus();
    equal(libc.status(fd, status), 0);
    equal(libc.close(fd), 0);
    equal(status.regular, path !== "/dev/null", path);
    equal(combinedDevice(status.deviceMajor, status.deviceMinor), Deno.statSync(path).dev, path);
  }
});

Deno.test("sameFile tells files apart by all four numbers", () => {
  using scratch = new Scratch();
  const [first, again, other] = [emptyStatus(), emptyStatus(), emptyStatus()];
  equal(scratch.libc.status(scratch.open("a"), first), 0);
  equal(scratch.libc.status(scratch.open("a"), again), 0);
  equal(scratch.libc.status(scratch.open("b"), other), 0);
  equal(sameFile(first, again), true);
  equal(sameFile(first, other), false);
  for (const key of ["inodeHigh", "inodeLow", "deviceMajor", "deviceMinor"] as const) {
    equal(sameFile(first, { ...first, [key]: first[key] + 1 }), false, key);
  }
});

Deno.test("links goes to 0 when the file is unlinked, while its lock is still held", () => {
  using scratch = new Scratch();
  const { libc } = scratch;
  const fd = scratch.open("a");
  equal(libc.tryLock(fd, LOCK_WRITE, 0, LOCK_TO_END), 0);
  equal(libc.links(fd), 1);
  equal(libc.unlink(scratch.path("a")), 0);
  equal(libc.links(fd), 0);
  equal(libc.unlink(scratch.path("a")), -ERRNO.ENOENT);
  // The race that unlinking makes: a new file of the same name is another file, and its lock is free.
  const successor = scratch.open("a");
  equal(libc.tryLock(successor, LOCK_WRITE, 0, LOCK_TO_END), 0);
  const [old, fresh] = [emptyStatus(), emptyStatus()];
  equal(libc.status(fd, old), 0);
  equal(libc.status(successor, fresh), 0);
  equal(sameFile(old, fresh), false);
  notEqual(fresh.links, old.links);
});
