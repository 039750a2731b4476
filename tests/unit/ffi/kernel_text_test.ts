/**
 * Reading what the kernel tells, from the kernel and from a fake that fails.
 *
 * @module
 */
import { equal, match } from "node:assert/strict";
import { ERRNO } from "../../../ffi/errno.ts";
import { type KernelTextCalls, readKernelText } from "../../../ffi/kernel_text.ts";
import { Libc } from "../../../ffi/libc.ts";
import { Scratch } from "./scratch.ts";

/** A file whose bytes are asked for in pieces of a size that the kernel chooses. */
function fakeFile(content: Uint8Array, pieceBytes: number, failAt = Infinity) {
  const state = { closed: 0 };
  const calls: KernelTextCalls = {
    openForReading: () => 7,
    read: (fd, into, offset) => {
      equal(fd, 7);
      if (offset >= failAt) return -ERRNO.EIO;
      const piece = content.subarray(offset, offset + Math.min(pieceBytes, into.length));
      into.set(piece);
      return piece.length;
    },
    close: (fd) => {
      equal(fd, 7);
      return state.closed++;
    },
  };
  return { calls, state };
}

Deno.test("readKernelText reads what the kernel tells", () => {
  using libc = Libc.open();
  match(readKernelText(libc, "/proc/sys/kernel/random/boot_id") ?? "", /^[0-9a-f-]{36}\n$/);
  match(readKernelText(libc, "/proc/self/mountinfo") ?? "", / \/ /);
});

Deno.test("readKernelText is undefined for what is missing or not readable as a file", () => {
  using libc = Libc.open();
  equal(readKernelText(libc, "/proc/no-such-thing"), undefined);
  equal(readKernelText(libc, "/proc/self"), undefined, "a link");
  equal(readKernelText(libc, "/proc/sys"), undefined, "a directory");
});

Deno.test("readKernelText reads a file longer than one piece, characters cut in two whole", () => {
  using scratch = new Scratch();
  const content = "aß→𝕏".repeat(20_000);
  Deno.writeTextFileSync(scratch.path("long"), content);
  equal(readKernelText(scratch.libc, scratch.path("long")), content);
  const { calls, state } = fakeFile(new TextEncoder().encode("aß→𝕏"), 1);
  equal(readKernelText(calls, "any"), "aß→𝕏");
  equal(state.closed, 1);
});

Deno.test("readKernelText is undefined, and closes the file, when a read fails or the file does not end", () => {
  const failing = fakeFile(new Uint8Array(100), 10, 50);
  equal(readKernelText(failing.calls, "any"), undefined);
  equal(failing.state.closed, 1);
  const endless = fakeFile(new Uint8Array(17 * 1024 * 1024), Infinity);
  equal(readKernelText(endless.calls, "any"), undefined);
  equal(endless.state.closed, 1);
});
