/**
 * The bits of both architectures, and the refusal of every other.
 *
 * @module
 */
import { libcCandidates, platform, UnsupportedPlatformError } from "../../../ffi/platform.ts";
import { constants } from "node:fs";
import { deepEqual, equal, ok, throws } from "node:assert/strict";

Deno.test("platform has the bits of this system", () => {
  const { openDirect, openDirectory, openNoFollow } = platform();
  const { O_DIRECT, O_DIRECTORY, O_NOFOLLOW } = constants;
  deepEqual({ openDirectory, openNoFollow }, { openDirectory: O_DIRECTORY, openNoFollow: O_NOFOLLOW });
  if (O_DIRECT !== undefined) equal(openDirect, O_DIRECT);
});

Deno.test("platform has the bits of linux x86_64 and aarch64", () => {
  deepEqual(platform("linux", "x86_64"), {
    arch: "x86_64",
    openDirect: 0x4000,
    openDirectory: 0x10000,
    openNoFollow: 0x20000,
  });
  deepEqual(platform("linux", "aarch64"), {
    arch: "aarch64",
    openDirect: 0x10000,
    openDirectory: 0x4000,
    openNoFollow: 0x8000,
  });
});

Deno.test("platform refuses every other system in one sentence", () => {
  for (
    const [os, arch] of [["darwin", "aarch64"], ["windows", "x86_64"], ["linux", "riscv64"], [
      "freebsd",
      "x86_64",
    ]] as const
  ) {
    throws(() => platform(os, arch), (error) => {
      ok(error instanceof UnsupportedPlatformError);
      deepEqual(error.found, { os, arch });
      equal(
        error.message,
        `Cannot lock files on ${os} ${arch}: the directory store runs on linux x86_64 and linux aarch64`,
      );
      return true;
    });
  }
});

Deno.test("libcCandidates are full paths, each once, of glibc and of musl", () => {
  for (const arch of ["x86_64", "aarch64"] as const) {
    const candidates = libcCandidates(arch);
    equal(new Set(candidates).size, candidates.length);
    for (const path of candidates) ok(path.startsWith("/"), path);
    ok(candidates.includes(`/usr/lib/${arch}-linux-gnu/libc.so.6`));
    ok(candidates.includes(`/lib/ld-musl-${arch}.so.1`));
  }
});
