/**
 * The faulty file calls themselves: a sweep is worth what they are.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { emptyStatus, type FileCalls, LOCK_TO_END, LOCK_WRITE } from "../../../ffi/file_calls.ts";
import { ERRNO } from "../../../ffi/errno.ts";
import { FaultyFiles } from "../../support/faulty_files.ts";
import { Scratch } from "./scratch.ts";

/** Every call once, in order, on one file. */
function everyCall(files: FileCalls, path: string): number[] {
  const fd = files.open(path, "open-or-create");
  const byte = new Uint8Array(1);
  return [
    fd < 0 ? fd : 0,
    files.tryLock(fd, LOCK_WRITE, 0, LOCK_TO_END),
    files.conflicting(fd, LOCK_WRITE, 0, LOCK_TO_END),
    files.write(fd, byte, 0),
    files.read(fd, byte, 0),
    files.sync(fd),
    files.status(fd, emptyStatus()),
    files.links(fd),
    files.unlink(path),
    files.close(fd),
  ];
}

const HEALTHY = [0, 0, 2, 1, 1, 0, 0, 1, 0, 0];
const KINDS = [
  "open",
  "tryLock",
  "conflicting",
  "write",
  "read",
  "sync",
  "status",
  "links",
  "unlink",
  "close",
] as const;

Deno.test("FaultyFiles passes every call on, counts and notes it", () => {
  using scratch = new Scratch();
  const files = new FaultyFiles(scratch.libc);
  deepEqual(everyCall(files, scratch.path("a")), HEALTHY);
  equal(files.calls, KINDS.length);
  deepEqual(files.trace, KINDS);
  deepEqual(files.openDescriptors, []);
});

Deno.test("FaultyFiles makes any one call fail, by number and by kind", () => {
  KINDS.forEach((kind, index) => {
    if (kind === "open") return; // without a descriptor all that follows fails by itself
    for (const fault of [{ from: index + 1 }, { kind }]) {
      using scratch = new Scratch();
      Deno.writeTextFileSync(scratch.path("a"), "x"); // so that reading works after writing failed
      const files = new FaultyFiles(scratch.libc);
      files.fail({ errno: ERRNO.EIO, ...fault });
      deepEqual(everyCall(files, scratch.path("a")), HEALTHY.with(index, -ERRNO.EIO), JSON.stringify(fault));
      equal(files.failed, 1);
      deepEqual(files.openDescriptors, []);
    }
  });
});

Deno.test("FaultyFiles fails once, some times, or from then on, until it is healed", () => {
  using scratch = new Scratch();
  const files = new FaultyFiles(scratch.libc);
  const fd = files.open(scratch.path("a"), "open-or-create");
  const four = () => [1, 2, 3, 4].map(() => files.links(fd));
  files.fail({ errno: ERRNO.EIO, from: 2 });
  deepEqual(four(), [1, -ERRNO.EIO, 1, 1]);
  files.fail({ errno: ERRNO.EIO, from: 2, times: 2 });
  deepEqual(four(), [1, -ERRNO.EIO, -ERRNO.EIO, 1]);
  files.fail({ errno: ERRNO.EIO, kind: "links", times: Infinity });
  equal(files.sync(fd), 0);
  deepEqual(four(), [-ERRNO.EIO, -ERRNO.EIO, -ERRNO.EIO, -ERRNO.EIO]);
  equal(files.failed, 4);
  files.heal();
  deepEqual(four(), [1, 1, 1, 1]);
  deepEqual(files.openDescriptors, [fd]);
  equal(files.close(fd), 0);
});

Deno.test("FaultyFiles leaves the world alone by default and changes it when only the answer is lost", () => {
  using scratch = new Scratch();
  const files = new FaultyFiles(scratch.libc);
  const exists = () => [...Deno.readDirSync(scratch.directory)].length === 1;
  files.fail({ errno: ERRNO.EIO });
  equal(files.open(scratch.path("a"), "create-new"), -ERRNO.EIO);
  equal(exists(), false);
  files.fail({ errno: ERRNO.EIO, effect: "done" });
  equal(files.open(scratch.path("a"), "create-new"), -ERRNO.EIO);
  equal(exists(), true);
  files.fail({ errno: ERRNO.EIO });
  equal(files.unlink(scratch.path("a")), -ERRNO.EIO);
  equal(exists(), true);
  files.fail({ errno: ERRNO.EIO, effect: "done" });
  equal(files.unlink(scratch.path("a")), -ERRNO.EIO);
  equal(exists(), false);
});

Deno.test("FaultyFiles closes even when closing fails", () => {
  using scratch = new Scratch();
  const files = new FaultyFiles(scratch.libc);
  const fd = files.open(scratch.path("a"), "open-or-create");
  equal(files.tryLock(fd, LOCK_WRITE, 0, LOCK_TO_END), 0);
  files.fail({ errno: ERRNO.EIO });
  equal(files.close(fd), -ERRNO.EIO);
  equal(files.tryLock(scratch.open("a"), LOCK_WRITE, 0, LOCK_TO_END), 0, "the lock went with the descriptor");
  deepEqual(files.openDescriptors, []);
});
