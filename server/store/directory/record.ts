/**
 * What the store writes into files: lines of 32 bytes, each a letter, a number, a mode, an origin and a
 * check. A lock file begins with the *token record*, changed only as `tokens.ts` tells, the *wait note* of a
 * daemon that waits for what others hold, only a hint (`wait_notes.ts`), and the *grace marks* of
 * `grace_mark.ts`.
 *
 * ```text
 * T0000001805234567 PR d 9f3c12ab   highest token, class of the grants that have it, who made the file, check
 * W0001763724600123 EX d 1b2c3d4e   wall clock in ms, mode that is waited for, -, check
 * ```
 *
 * The check is FNV-1a (Fowler, Noll, Vo) over what stands before it: it tells a line from what another
 * program left in the file, and from one that is being written at this moment.
 *
 * @module
 */
import { type Mode, MODES } from "../../../client/protocol/modes.ts";
import { assert } from "../../base/assert.ts";

/** Length of a line, in bytes with its line end. */
export const LINE_BYTES = 32;

/**
 * Who made a lock file: a daemon of this project (`d`; it may be removed again) or somebody else (`f`). The
 * capital letter says that the file has a value block, and then it is kept.
 */
export type Origin = "d" | "f" | "D" | "F";

const ORIGINS: Readonly<Record<number, Origin>> = { 0x64: "d", 0x66: "f", 0x44: "D", 0x46: "F" };
const DIGITS = 16;
const MODE_AT = 18;
const ORIGIN_AT = 21;
const CHECK_AT = 23;
const SPACE = 0x20;
const NEWLINE = 0x0a;
const ZERO = 0x30;
const HEX = "0123456789abcdef";

/** Writes the line at `offset`. */
export function writeLine(
  into: Uint8Array,
  offset: number,
  line: { letter: string; number: number; mode: Mode; origin: Origin },
): void {
  assert(Number.isSafeInteger(line.number) && line.number >= 0, "a line holds a safe integer");
  into.fill(SPACE, offset, offset + LINE_BYTES);
  into[offset] = line.letter.charCodeAt(0);
  let rest = line.number;
  for (let at = offset + DIGITS; at > offset; at--) {
    const tens = Math.floor(rest / 10);
    into[at] = ZERO + (rest - tens * 10);
    rest = tens;
  }
  into[offset + MODE_AT] = line.mode.charCodeAt(0);
  into[offset + MODE_AT + 1] = line.mode.charCodeAt(1);
  into[offset + ORIGIN_AT] = line.origin.charCodeAt(0);
  const check = fnv1a(into, offset, offset + CHECK_AT);
  for (let digit = 0; digit < 8; digit++) {
    into[offset + CHECK_AT + digit] = HEX.charCodeAt((check >>> (28 - 4 * digit)) & 15);
  }
  into[offset + LINE_BYTES - 1] = NEWLINE;
}

/** The number of the line at `offset`, or -1 when no whole line with that letter stands there. */
export function readNumber(from: Uint8Array, offset: number, letter: string): number {
  if (from[offset] !== letter.charCodeAt(0) || from[offset + LINE_BYTES - 1] !== NEWLINE) return -1;
  const check = fnv1a(from, offset, offset + CHECK_AT);
  for (let digit = 0; digit < 8; digit++) {
    if (from[offset + CHECK_AT + digit] !== HEX.charCodeAt((check >>> (28 - 4 * digit)) & 15)) return -1;
  }
  let number = 0;
  // Here and above the digit's own value first: a sum with a character code would be rounded near 2^53.
  for (let at = offset + 1; at <= offset + DIGITS; at++) number = number * 10 + ((from[at] as number) - ZERO);
  return number;
}

/** The mode of a line whose number was good. */
export function readMode(from: Uint8Array, offset: number): Mode {
  const [first, second] = [from[offset + MODE_AT], from[offset + MODE_AT + 1]];
  for (const mode of MODES) {
    if (mode.charCodeAt(0) === first && mode.charCodeAt(1) === second) return mode;
  }
  return "NL";
}

/** The origin in a line whose number was good. */
export function readOrigin(from: Uint8Array, offset: number): Origin {
  return ORIGINS[from[offset + ORIGIN_AT] as number] ?? "f";
}

/** Whether a file with that origin has a value block. */
export function hasValue(origin: Origin): boolean {
  return origin === "D" || origin === "F";
}

/** The hash of Fowler, Noll and Vo, 32 bits. */
export function fnv1a(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash >>> 0;
}
