/**
 * From lock names to file names.
 *
 * @module
 */
import { equal, match, ok } from "node:assert/strict";
import fc from "fast-check";
import { lockNameFault } from "../../../../../client/protocol/names.ts";
import {
  FILE_NAME_BYTES_MAX,
  lockFileName,
  PRIVATE_DIRECTORY,
} from "../../../../../server/store/directory/file_name.ts";

const CHARACTERS = "ABYZabyz0189._-:/@~+=";

/** Good names, long and short, near each other and full of what is encoded. */
const names = fc.oneof(
  fc.string({ unit: fc.constantFrom(...CHARACTERS), minLength: 1, maxLength: 200 }),
  fc.string({ unit: fc.constantFrom(..."a/.=:"), minLength: 1, maxLength: 6 }),
  fc.string({ unit: fc.constantFrom(..."/:a"), minLength: 80, maxLength: 90 }),
  fc.constantFrom("2F", "a2F", "=", "a.lck", ".distrilock", ".distrilock/ledger", "-", "...", "..a", "a/..b"),
).filter((name) => lockNameFault(name) === undefined);

Deno.test("[P-20] lockFileName never leaves the directory nor touches what is kept beside the lock files", () => {
  fc.assert(
    fc.property(names, (name) => {
      const file = lockFileName(name);
      match(file, /^[A-Za-z0-9._%=-]+\.lck$/);
      ok(new TextEncoder().encode(file).length <= FILE_NAME_BYTES_MAX, `${file} is not too long`);
      ok(file !== PRIVATE_DIRECTORY && file !== "." && file !== "..");
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("[P-20] lockFileName gives different names different files", () => {
  fc.assert(
    fc.property(fc.uniqueArray(names, { minLength: 20, maxLength: 60, size: "max" }), (names) => {
      equal(new Set(names.map(lockFileName)).size, names.length);
    }),
    { numRuns: 200 },
  );
});

Deno.test("[P-20] lockFileName gives every short name a file of its own", () => {
  const files = new Map<string, string>();
  for (const a of ["", ...CHARACTERS]) {
    for (const b of ["", ...CHARACTERS]) {
      for (const c of CHARACTERS) {
        const name = a + b + c;
        if (lockNameFault(name) !== undefined) continue;
        const file = lockFileName(name);
        ok((files.get(file) ?? name) === name, `${name} and ${files.get(file)} are both ${file}`);
        files.set(file, name);
      }
    }
  }
  ok(files.size > 8_000);
});

Deno.test("lockFileName leaves the names of the original distrilock as they are", () => {
  equal(lockFileName("backup.nightly-2"), "backup.nightly-2.lck");
  equal(lockFileName("a".repeat(200)), "a".repeat(200) + ".lck");
});

Deno.test("lockFileName hashes exactly what would be longer than a file name may be", () => {
  const longest = "/".repeat(0) + "a" + ":".repeat(83) + "b";
  equal(lockFileName(longest), "a" + "%3A".repeat(83) + "b.lck");
  equal(lockFileName(longest).length, FILE_NAME_BYTES_MAX);
  match(lockFileName(longest + "c"), /^=[0-9a-f]{64}\.lck$/);
  // No name that is not hashed can be written like that.
  match(lockFileName("=" + "0".repeat(64)), /^%3D/);
});
