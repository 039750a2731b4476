/**
 * The bytes of `struct flock`.
 *
 * @module
 */
import { Flock } from "../../../ffi/flock.ts";
import { LOCK_READ, LOCK_UNLOCK, LOCK_WRITE } from "../../../ffi/file_calls.ts";
import { equal } from "node:assert/strict";
import fc from "fast-check";

const offset = fc.maxSafeNat();

Deno.test("Flock.describe lays out struct flock as the kernel reads it", () => {
  const flock = new Flock();
  equal(flock.words.byteLength, 32);
  const view = new DataView(flock.words.buffer);
  fc.assert(
    fc.property(
      fc.constantFrom(LOCK_READ, LOCK_WRITE, LOCK_UNLOCK),
      offset,
      offset,
      (type, start, length) => {
        view.setInt32(24, -1, true); // the kernel's answer to the call before
        flock.describe(type, start, length);
        equal(view.getInt16(0, true), type);
        equal(view.getInt16(2, true), 0);
        equal(view.getBigInt64(8, true), BigInt(start));
        equal(view.getBigInt64(16, true), BigInt(length));
        equal(view.getInt32(24, true), 0);
        equal(flock.type, type);
      },
    ),
  );
});
