/**
 * The table of error numbers and their classes, complete and against this system.
 *
 * @module
 */
import {
  ERRNO,
  type ErrnoClass,
  errnoClass,
  errnoName,
  isToRepeat,
  lockRefused,
} from "../../../ffi/errno.ts";
import { constants } from "node:os";
import { deepEqual, equal } from "node:assert/strict";

/** Every error number once, under what the callers decide by. */
const EXPECTED: Record<ErrnoClass, (keyof typeof ERRNO)[]> = {
  busy: ["EAGAIN", "EBUSY", "EEXIST"],
  interrupted: ["EINTR"],
  descriptors: ["ENFILE", "EMFILE"],
  space: ["ENOMEM", "EFBIG", "ENOSPC", "ENOLCK", "EDQUOT"],
  permission: ["EPERM", "EACCES", "EROFS"],
  gone: ["ENOENT", "ENOTDIR", "ESTALE"],
  io: ["EIO", "ETIMEDOUT"],
  unsupported: ["ENOSYS", "EOPNOTSUPP"],
  bug: ["EBADF", "EISDIR", "EINVAL", "EDEADLK", "ENAMETOOLONG", "ELOOP", "EOVERFLOW"],
};

Deno.test("ERRNO has the numbers of this system", () => {
  const system = constants.errno as Record<string, number>;
  for (const [name, number] of Object.entries(ERRNO)) equal(number, system[name], name);
});

Deno.test("errnoClass puts every error number of the table into one class", () => {
  const seen: string[] = [];
  for (const [kind, names] of Object.entries(EXPECTED)) {
    for (const name of names) {
      equal(errnoClass(ERRNO[name]), kind, name);
      seen.push(name);
    }
  }
  deepEqual(seen.toSorted(), Object.keys(ERRNO).toSorted());
});

Deno.test("errnoClass believes nothing after an error number that it does not know", () => {
  equal(errnoClass(999), "io");
  equal(errnoClass(0), "io");
});

Deno.test("errnoName names what the table has and shows the number of the rest", () => {
  for (const [name, number] of Object.entries(ERRNO)) equal(errnoName(number), name);
  equal(errnoName(999), "errno 999");
});

Deno.test("lockRefused is true for EAGAIN and EACCES only", () => {
  const refused = Object.entries(ERRNO).filter(([, number]) => lockRefused(number)).map(([name]) => name);
  deepEqual(refused, ["EAGAIN", "EACCES"]);
});

Deno.test("isToRepeat repeats what a signal ended, and once what cannot be", () => {
  equal(isToRepeat(-ERRNO.EINTR, true), true);
  equal(isToRepeat(-ERRNO.EINTR, false), true);
  equal(isToRepeat(-ERRNO.ENOENT, true), true);
  equal(isToRepeat(-ERRNO.ENOENT, false), false);
  equal(isToRepeat(-ERRNO.EAGAIN, true), false);
});
