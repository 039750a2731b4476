/**
 * What differs between the machines on which the directory store runs, as data: the bits of open(2) that
 * Linux gave other values on arm64, and where the C library lies.
 *
 * Sources: open(2); Linux `include/uapi/asm-generic/fcntl.h` and `arch/arm64/include/uapi/asm/fcntl.h`;
 * ld.so(8).
 *
 * @module
 */

/** The constants of open(2) that depend on the architecture. */
export interface Platform {
  /** The architecture, as the kernel names it. */
  readonly arch: "x86_64" | "aarch64";
  /** `O_DIRECT`: past the page cache. */
  readonly openDirect: number;
  /** `O_DIRECTORY`: fail unless it is a directory. */
  readonly openDirectory: number;
  /** `O_NOFOLLOW`: fail with ELOOP when the last part of the path is a symbolic link. */
  readonly openNoFollow: number;
}

/** This program was started where its calls of the C library would mean something else. */
export class UnsupportedPlatformError extends Error {
  override readonly name = "UnsupportedPlatformError";
  /** The operating system and architecture that were found, in the words of `Deno.build`. */
  readonly found: { readonly os: string; readonly arch: string };

  constructor(found: { readonly os: string; readonly arch: string }) {
    super(
      `Cannot lock files on ${found.os} ${found.arch}: ` +
        "the directory store runs on linux x86_64 and linux aarch64",
    );
    this.found = found;
  }
}

const PLATFORMS: readonly Platform[] = [
  { arch: "x86_64", openDirect: 0o40000, openDirectory: 0o200000, openNoFollow: 0o400000 },
  { arch: "aarch64", openDirect: 0o200000, openDirectory: 0o40000, openNoFollow: 0o100000 },
];

/**
 * The constants of an operating system and architecture, by default this one. Throws
 * {@link UnsupportedPlatformError} when there are none.
 *
 * ```ts
 * import { equal, throws } from "node:assert/strict";
 *
 * equal(platform("linux", "aarch64").openDirectory, 0o40000);
 * throws(() => platform("darwin", "aarch64"), UnsupportedPlatformError);
 * ```
 */
export function platform(os: string = Deno.build.os, arch: string = Deno.build.arch): Platform {
  const found = PLATFORMS.find((platform) => platform.arch === arch);
  if (os !== "linux" || found === undefined) throw new UnsupportedPlatformError({ os, arch });
  return found;
}

/**
 * Full paths under which distributions keep the C library, likeliest first: Debian and Ubuntu, Fedora and
 * openSUSE, Arch and NixOS containers, then musl (Alpine). Full paths, because Deno grants `--allow-ffi` by
 * the path as it is written: a link to a granted file is not granted.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(libcCandidates("aarch64")[0], "/lib/aarch64-linux-gnu/libc.so.6");
 * ```
 */
export function libcCandidates(arch: Platform["arch"]): readonly string[] {
  return [
    `/lib/${arch}-linux-gnu/libc.so.6`,
    `/usr/lib/${arch}-linux-gnu/libc.so.6`,
    "/lib64/libc.so.6",
    "/usr/lib64/libc.so.6",
    "/usr/lib/libc.so.6",
    "/lib/libc.so.6",
    `/lib/ld-musl-${arch}.so.1`,
    `/lib/libc.musl-${arch}.so.1`,
    `/usr/lib/ld-musl-${arch}.so.1`,
  ];
}
