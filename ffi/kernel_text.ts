/**
 * Reading the small text files in which the kernel tells about itself, such as the boot id and the mounts of
 * this process. They are read through the C library because Deno lets a program into `/proc` only when
 * everything is allowed.
 *
 * Source: proc(5).
 *
 * @module
 */

/** The calls that reading needs, answering as `file_calls.ts` says. */
export interface KernelTextCalls {
  /** Opens a file for reading only and answers with its descriptor; otherwise like `FileCalls.open`. */
  openForReading(path: string): number;
  /** Reads at `offset` into the buffer; 0 at the end. */
  read(fd: number, into: Uint8Array<ArrayBuffer>, offset: number): number;
  /** Closes a descriptor. */
  close(fd: number): number;
}

const CHUNK_BYTES = 16_384;
/** Far above the mounts of a busy container host; a file that does not end must not fill the memory. */
const TEXT_BYTES_MAX = 16 * 1024 * 1024;

/**
 * The whole text of a kernel file, or undefined when it is not there, may not be read or is longer than 16
 * MiB: every one of them means that the kernel does not tell.
 *
 * ```ts
 * import { match } from "node:assert/strict";
 * import { Libc } from "./libc.ts";
 *
 * using libc = Libc.open();
 * match(readKernelText(libc, "/proc/sys/kernel/random/boot_id") ?? "", /^[0-9a-f-]{36}\n$/);
 * ```
 */
export function readKernelText(libc: KernelTextCalls, path: string): string | undefined {
  const fd = libc.openForReading(path);
  if (fd < 0) return undefined;
  try {
    const decoder = new TextDecoder();
    const chunk = new Uint8Array(CHUNK_BYTES);
    let text = "";
    for (let offset = 0; offset < TEXT_BYTES_MAX;) {
      const count = libc.read(fd, chunk, offset);
      if (count < 0) return undefined;
      if (count === 0) return text + decoder.decode();
      text += decoder.decode(chunk.subarray(0, count), { stream: true });
      offset += count;
    }
    return undefined;
  } finally {
    libc.close(fd);
  }
}
