/**
 * Which file of the directory belongs to a lock name: `<name>.lck`, with every character outside
 * `A-Z a-z 0-9 . _ -` percent-encoded, so that a name can never leave the directory. What would be longer
 * than a file name may be is `=` and the SHA-256 of the name instead; no encoded name begins with `=`, since
 * `=` itself is encoded.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** Longest file name that Linux file systems take, in bytes (`NAME_MAX`, limits.h). */
export const FILE_NAME_BYTES_MAX = 255;

/** Where the store keeps what is not a lock file. */
export const PRIVATE_DIRECTORY = ".distrilock";

const SUFFIX = ".lck";
const PLAIN_NAME = /^[A-Za-z0-9._-]+$/;

/**
 * The file name of a lock name that `lockNameFault` found no fault with.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(lockFileName("nightly"), "nightly.lck");
 * equal(lockFileName("invoice/42"), "invoice%2F42.lck");
 * ```
 */
export function lockFileName(name: string): string {
  if (PLAIN_NAME.test(name) && name.length + SUFFIX.length <= FILE_NAME_BYTES_MAX) return name + SUFFIX;
  const encoded = name.replace(/[^A-Za-z0-9._-]/g, (character) => {
    return "%" + character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
  });
  if (encoded.length + SUFFIX.length <= FILE_NAME_BYTES_MAX) return encoded + SUFFIX;
  return "=" + createHash("sha256").update(name).digest("hex") + SUFFIX;
}
