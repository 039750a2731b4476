/**
 * Grace marks in a lock file. The client of a session with a grace goes on believing in its lock for that
 * long after it heard of its daemon last; but the kernel frees the locks of a daemon that dies at once. So
 * the daemon leaves a mark in the file for as long as it holds it for such a session: one line (`record.ts`)
 * in a *slot* of its own. A mark that stands where no claim does tells others that its daemon died, and how
 * long to wait. `docs/design/0020-grace-marks.md` tells why it is so.
 *
 * ```text
 * G0000002621440417 EX d 5e6f7a8b   grace in ms and a random number, mode, -, check
 * ```
 *
 * The random number makes one mark differ from the next of the same daemon: the wait for a dead one is
 * counted for that very line. A line whose check does not fit is no mark: it was never finished, so what it
 * is of was never granted.
 *
 * @module
 */
import { LIFE_MS_MAX } from "../../../client/protocol/limits.ts";
import type { Mode } from "../../../client/protocol/modes.ts";
import { assert } from "../../base/assert.ts";
import { LINE_BYTES, readMode, readNumber, writeLine } from "./record.ts";

/** How many daemons of a directory can leave marks. */
export const MARK_SLOTS = 64;
/** Where the slots begin, in bytes: behind the token record and the wait note. */
export const MARKS_AT = 2 * LINE_BYTES;
/** Length of what every acquire reads: record, note and slots. */
export const HEAD_BYTES = MARKS_AT + MARK_SLOTS * LINE_BYTES;

const LETTER = "G";
const DRAWS = 2 ** 18;
assert(
  LIFE_MS_MAX * DRAWS + DRAWS <= Number.MAX_SAFE_INTEGER,
  "every grace fits into a line, with a random number",
);

/** What a mark says. */
export interface Mark {
  /** Grace and random number, as they stand in the line. */
  readonly number: number;
  readonly mode: Mode;
}

/** Where a slot begins in its file, in bytes. */
export function slotAt(slot: number): number {
  return MARKS_AT + slot * LINE_BYTES;
}

/** The mark in a slot of what was read of a file. */
export function readMark(head: Uint8Array, slot: number): Mark | undefined {
  const at = slotAt(slot);
  const number = readNumber(head, at, LETTER);
  return number < 0 ? undefined : { number, mode: readMode(head, at) };
}

/**
 * Whether any slot has been written and not been wiped: the look of every acquire, which mostly finds
 * nothing.
 */
export function hasLines(head: Uint8Array): boolean {
  for (let at = MARKS_AT; at < HEAD_BYTES; at += LINE_BYTES) if (head[at] !== 0) return true;
  return false;
}

/** Whether any slot has a mark. */
export function hasMarks(head: Uint8Array): boolean {
  for (let slot = 0; slot < MARK_SLOTS; slot++) if (readMark(head, slot)) return true;
  return false;
}

/** Writes a line for a mark that differs from all before. Answers its number. */
export function writeMark(line: Uint8Array, mode: Mode, graceMs: number): number {
  const number = Math.ceil(graceMs) * DRAWS + Math.floor(Math.random() * DRAWS);
  writeLine(line, 0, { letter: LETTER, number, mode, origin: "d" });
  return number;
}

/** The grace that a mark tells of, in milliseconds. */
export function graceOf({ number }: Mark): number {
  return Math.floor(number / DRAWS);
}

/** What a daemon knows of the marks in one file that it has open. */
export class FileMarks {
  /** The slot of its own mark, or of the last one that it left; -1: it has left none. */
  slot = -1;
  /**
   * What its own mark says, and must say for those who hold: all that they need, and never more than the
   * claim. NL: nobody needs one.
   */
  mode: Mode = "NL";
  graceMs = 0;
  /** The number of its own mark; 0 when none stands there, -1 when nobody knows what does. */
  number = 0;
  /** Marks of the dead, by their slots, and until when each counts: monotonic milliseconds. */
  #dead: Map<number, Mark & { readonly untilMs: number }> | undefined;

  /**
   * Until when the mark of a dead daemon counts that stands in a slot at `seenMs`, the time of now: since it
   * was first seen, for its grace.
   */
  untilMs(slot: number, mark: Mark, seenMs: number): number {
    const known = this.#known(slot, mark);
    if (known) return known.untilMs;
    const untilMs = seenMs + graceOf(mark);
    (this.#dead ??= new Map()).set(slot, { ...mark, untilMs });
    return untilMs;
  }

  /** Whether what stands in a slot is its own mark. Without one the slot may be another daemon's by now. */
  isOwn(slot: number): boolean {
    return this.number !== 0 && slot === this.slot;
  }

  /** Whether marks of dead daemons were met. */
  get knowsDead(): boolean {
    return this.#dead !== undefined;
  }

  /** The slots of those that stand in what was read of the file, and are known to count no more. */
  over(head: Uint8Array, now: number): number[] {
    return [...this.#dead?.keys() ?? []].filter((slot) => {
      const mark = readMark(head, slot);
      return mark !== undefined && this.isOver(slot, mark, now);
    });
  }

  /** Whether it is known that a mark does not count any more. */
  isOver(slot: number, mark: Mark, now: number): boolean {
    const known = this.#known(slot, mark);
    return known !== undefined && known.untilMs <= now;
  }

  #known(slot: number, { number, mode }: Mark): { readonly untilMs: number } | undefined {
    const known = this.#dead?.get(slot);
    return known?.number === number && known.mode === mode ? known : undefined;
  }
}
