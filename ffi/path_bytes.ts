/**
 * A path as the C library takes it, in one buffer that is used again and again.
 *
 * Source: Linux `include/uapi/linux/limits.h` (PATH_MAX, the closing zero included).
 *
 * @module
 */
import { assert } from "../server/base/assert.ts";

const PATH_BYTES_MAX = 4096;

/** The path that was set last. */
export class PathBytes {
  /** The path in UTF-8 and a zero. What comes after that zero is left from other paths. */
  readonly bytes = new Uint8Array(PATH_BYTES_MAX);
  readonly #encoder = new TextEncoder();

  /** Puts in a path; false when it does not fit, and then nobody may use it: a cut path is another file. */
  set(path: string): boolean {
    assert(!path.includes("\0"), "a path has no zero character");
    const { read, written } = this.#encoder.encodeInto(path, this.bytes);
    if (read < path.length || written === PATH_BYTES_MAX) return false;
    this.bytes[written] = 0;
    return true;
  }
}
