/**
 * What the kernel tells of a file system, compared with what stat(1) prints of it.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { ERRNO } from "../../../ffi/errno.ts";
import { Statfs } from "../../../ffi/statfs.ts";
import { Scratch } from "./scratch.ts";

Deno.test("Libc.fileSystem tells type, room and flags as stat does", () => {
  using scratch = new Scratch();
  for (const path of [scratch.directory, "/proc", "/dev/shm"]) {
    const { success, stdout } = new Deno.Command("stat", { args: ["-f", "-c", "%t %S %b %c", path] })
      .outputSync();
    if (!success) continue;
    const [type = "", blockBytes = "", blocks = "", inodes = ""] = new TextDecoder().decode(stdout).trim()
      .split(" ");
    const fd = scratch.libc.openForReading(path);
    ok(fd >= 0);
    const statfs = new Statfs();
    equal(scratch.libc.fileSystem(fd, statfs), 0);
    equal(scratch.libc.close(fd), 0);
    equal(statfs.type, parseInt(type, 16), path);
    ok(statfs.freeBytes <= Number(blockBytes) * Number(blocks), "no more is free than there is");
    equal(statfs.freeBytes % Number(blockBytes), 0);
    if (inodes === "0") equal(statfs.freeInodes, Infinity);
    else ok(statfs.freeInodes <= Number(inodes));
    equal(statfs.readOnly, false);
  }
});

Deno.test("Libc.fileSystem answers the error number of a bad descriptor", () => {
  using scratch = new Scratch();
  equal(scratch.libc.fileSystem(-1, new Statfs()), -ERRNO.EBADF);
});

Deno.test("Statfs reads the words of the structure", () => {
  const statfs = new Statfs();
  for (const [at, value] of [[0, 0x1_6969n], [4, 3n], [5, 9n], [6, 7n], [9, 4_096n], [10, 0x421n]] as const) {
    statfs.words[at] = value;
  }
  deepEqual([statfs.type, statfs.freeBytes, statfs.freeInodes, statfs.readOnly], [0x16969, 12_288, 7, true]);
  statfs.words[5] = 0n;
  statfs.words[10] = 0x420n;
  deepEqual([statfs.freeInodes, statfs.readOnly], [Infinity, false]);
});
