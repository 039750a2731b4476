import { deepEqual, equal } from "node:assert/strict";
import { Libc } from "../../../../../ffi/libc.ts";
import {
  NOTE_TEXT_AT,
  readHolderNote,
  writeHolderNote,
} from "../../../../../server/store/directory/holder_note.ts";
import { LINE_BYTES, writeLine } from "../../../../../server/store/directory/record.ts";
import { VALUE_AT } from "../../../../../server/store/directory/value_block.ts";
import { temporaryDirectory } from "../../../../support/daemon.ts";

const HOLDER = { session: "s1", request: 2, mode: "PR", since: 1_700_000_000_000, token: 7 } as const;

/** A lock file whose record says that 7 was the last token. */
function withFile(check: (libc: Libc, fd: number) => void): void {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  const fd = libc.open(`${directory.path}/x.lck`, "create-new");
  const record = new Uint8Array(VALUE_AT);
  writeLine(record.subarray(0, LINE_BYTES), 0, { letter: "T", number: 7, mode: "PR", origin: "d" });
  libc.write(fd, record, 0);
  check(libc, fd);
  libc.close(fd);
}

Deno.test("readHolderNote tells others than its writer who has the token that counts", () =>
  withFile((libc, fd) => {
    equal(readHolderNote(libc, fd, "other"), undefined);
    writeHolderNote(libc, fd, HOLDER, "writer");
    deepEqual(readHolderNote(libc, fd, "other"), HOLDER);
    equal(readHolderNote(libc, fd, "writer"), undefined);
    writeHolderNote(libc, fd, { ...HOLDER, token: 6 }, "writer");
    equal(readHolderNote(libc, fd, "other"), undefined);
  }));

Deno.test("readHolderNote takes nothing for a holder that no client could be told of", () =>
  withFile((libc, fd) => {
    for (
      const text of [
        "{}",
        "{",
        "null",
        JSON.stringify({ ...HOLDER, since: "then" }),
        JSON.stringify([HOLDER]),
      ]
    ) {
      libc.write(fd, new TextEncoder().encode(`${text}\n`), NOTE_TEXT_AT);
      equal(readHolderNote(libc, fd, "other"), undefined, text);
    }
  }));
