/**
 * The claims as byte ranges, on paper; `between_daemons_test.ts` asks the kernel.
 *
 * @module
 */
import { equal, ok } from "node:assert/strict";
import { LOCK_TO_END, LOCK_WRITE } from "../../../../../ffi/file_calls.ts";
import { type Mode, MODES } from "../../../../../client/protocol/modes.ts";
import {
  type ByteRange,
  claimRange,
  FIELD,
  FIELD_END,
  FIELD_LENGTH,
} from "../../../../../server/store/directory/claim_ranges.ts";
import { friends } from "../../../../support/lock_model_parts.ts";

type Claimed = Exclude<Mode, "NL">;
const CLAIMED = MODES.filter((mode): mode is Claimed => mode !== "NL");

const endOf = ({ start, length }: ByteRange) => length === LOCK_TO_END ? Infinity : start + length;

/** As POSIX has it: two locks conflict where they overlap and one of them is a write lock. */
function collide(one: ByteRange, other: ByteRange): boolean {
  if (one.type !== LOCK_WRITE && other.type !== LOCK_WRITE) return false;
  return one.start < endOf(other) && other.start < endOf(one);
}

Deno.test("[P-22] claimRange: two claims collide exactly when their modes conflict", () => {
  for (const one of CLAIMED) {
    for (const other of CLAIMED) {
      for (
        const [mine, theirs] of [[FIELD, FIELD + 1], [FIELD_END - 1, FIELD], [77, FIELD_END - 1]] as const
      ) {
        const hit = collide(claimRange(one, mine), claimRange(other, theirs));
        equal(hit, !friends(one, other), `${one} beside ${other}`);
      }
    }
  }
});

Deno.test("claimRange stays within what the kernel can count", () => {
  for (const mode of CLAIMED) {
    const { start, length } = claimRange(mode, FIELD + FIELD_LENGTH - 1);
    ok(Number.isSafeInteger(start + length) && start >= 0);
  }
});
