/**
 * The limit on descriptors, in the kernel and in a fake that refuses.
 *
 * @module
 */
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { descriptorLimit, type LimitCalls, raiseDescriptorLimit } from "../../../ffi/descriptor_limit.ts";
import { AssertionError } from "../../../server/base/assert.ts";
import { ERRNO } from "../../../ffi/errno.ts";
import { Libc } from "../../../ffi/libc.ts";

const UNLIMITED = 2n ** 64n - 1n;
const RLIMIT_NOFILE = 7;

/** A kernel that keeps one limit, or refuses to change it. */
function fakeLimits(
  soft: bigint,
  hard: bigint,
  refuses?: "refuses",
): LimitCalls & { limit: [bigint, bigint]; writes: number } {
  return {
    limit: [soft, hard],
    writes: 0,
    readLimit(resource, into) {
      equal(resource, RLIMIT_NOFILE);
      into.set(this.limit);
      return 0;
    },
    writeLimit(resource, from) {
      equal(resource, RLIMIT_NOFILE);
      this.writes++;
      if (refuses) return -ERRNO.EPERM;
      this.limit = [from[0] ?? 0n, from[1] ?? 0n];
      return 0;
    },
  };
}

Deno.test("descriptorLimit tells what the kernel holds this process to", () => {
  using libc = Libc.open();
  const line = Deno.readTextFileSync("/proc/self/limits").split("\n").find((line) =>
    line.startsWith("Max open files")
  );
  const [soft, hard] = (line ?? "").split(/\s{2,}/).slice(1, 3).map((word) =>
    word === "unlimited" ? Infinity : Number(word)
  );
  deepEqual(descriptorLimit(libc), { soft, hard });
});

Deno.test("descriptorLimit says Infinity for no limit", () => {
  deepEqual(descriptorLimit(fakeLimits(1024n, UNLIMITED)), { soft: 1024, hard: Infinity });
});

Deno.test("raiseDescriptorLimit raises soft to hard in the kernel", () => {
  using libc = Libc.open();
  const before = new BigUint64Array(2);
  equal(libc.readLimit(RLIMIT_NOFILE, before), 0);
  try {
    const low = before.slice();
    low[0] = (before[1] as bigint) - 1n;
    equal(libc.writeLimit(RLIMIT_NOFILE, low), 0);
    equal(descriptorLimit(libc).soft, Number(low[0]));
    equal(raiseDescriptorLimit(libc), Number(before[1]));
    equal(descriptorLimit(libc).soft, Number(before[1]));
  } finally {
    equal(libc.writeLimit(RLIMIT_NOFILE, before), 0);
  }
});

Deno.test("raiseDescriptorLimit keeps the hard limit and does not ask when there is nothing to raise", () => {
  const limits = fakeLimits(1024n, 4096n);
  equal(raiseDescriptorLimit(limits), 4096);
  deepEqual(limits.limit, [4096n, 4096n]);
  equal(raiseDescriptorLimit(limits), 4096);
  equal(limits.writes, 1);
  equal(raiseDescriptorLimit(fakeLimits(1024n, UNLIMITED)), Infinity);
});

Deno.test("raiseDescriptorLimit goes on with the old limit when the kernel refuses", () => {
  const limits = fakeLimits(1024n, 4096n, "refuses");
  equal(raiseDescriptorLimit(limits), 1024);
  equal(limits.writes, 1);
});

Deno.test("Libc answers the error number of a limit that cannot be set", () => {
  using libc = Libc.open();
  equal(libc.readLimit(9999, new BigUint64Array(2)), -ERRNO.EINVAL);
  equal(libc.writeLimit(RLIMIT_NOFILE, BigUint64Array.of(2n, 1n)), -ERRNO.EINVAL);
  throws(() => libc.readLimit(RLIMIT_NOFILE, new BigUint64Array(1)), AssertionError);
  ok(descriptorLimit(libc).soft > 0);
});
