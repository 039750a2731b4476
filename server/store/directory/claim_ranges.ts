/**
 * The six modes as byte range locks on a lock file: one lock call a mode.
 *
 * | mode | gate: byte 0 | field: bytes 1 to 2^32 | beyond |
 * |---|---|---|---|
 * | NL | - | - | - |
 * | CR | read | - | - |
 * | CW | - | write, one random byte | - |
 * | PR | read | read | - |
 * | PW | - | write | - |
 * | EX | write | write | write, to infinity |
 *
 * CR holds only the gate, so only EX (and other programs that lock the whole file) keeps it out. Two CW hold
 * different bytes of the field; PR and PW want the whole of it, PW for itself. A program that write-locks the
 * whole file is EX; one that read-locks it is PR. Why not the layout with a third byte:
 * `docs/design/0002-claims.md`.
 *
 * @module
 */
import { type FileCalls, LOCK_READ, LOCK_TO_END, LOCK_UNLOCK, LOCK_WRITE } from "../../../ffi/file_calls.ts";
import type { Mode } from "../../../client/protocol/modes.ts";

/** The byte that CR and PR read-lock. */
export const GATE = 0;
/** First byte of the field. */
export const FIELD = 1;
/** Bytes in the field: so many that two random ones differ, in practice always. */
export const FIELD_LENGTH = 2 ** 32;
/** First byte behind the field. */
export const FIELD_END = FIELD + FIELD_LENGTH;

/** One lock call. A length of 0 reaches to infinity. */
export interface ByteRange {
  readonly type: typeof LOCK_READ | typeof LOCK_WRITE;
  readonly start: number;
  readonly length: number;
}

const RANGES: Readonly<Record<Exclude<Mode, "NL" | "CW">, ByteRange>> = {
  CR: { type: LOCK_READ, start: GATE, length: 1 },
  PR: { type: LOCK_READ, start: GATE, length: 1 + FIELD_LENGTH },
  PW: { type: LOCK_WRITE, start: FIELD, length: FIELD_LENGTH },
  EX: { type: LOCK_WRITE, start: 0, length: LOCK_TO_END },
};

/** The bytes that a claim locks, and how. `ownByte` is the byte of the field that a CW claim takes. */
export function claimRange(mode: Exclude<Mode, "NL">, ownByte: number): ByteRange {
  return mode === "CW" ? { type: LOCK_WRITE, start: ownByte, length: 1 } : RANGES[mode];
}

/** The strongest mode that others hold of a file, by what the kernel says of their locks; null: none. */
export function lockedByOthers(calls: FileCalls, fd: number): Mode | null {
  const finds = (type: typeof LOCK_READ | typeof LOCK_WRITE, start: number, length: number) => {
    return calls.conflicting(fd, type, start, length);
  };
  const any = finds(LOCK_WRITE, 0, LOCK_TO_END);
  if (any === LOCK_UNLOCK || any < 0) return null;
  if (finds(LOCK_READ, GATE, 1) === LOCK_WRITE) return "EX";
  // PW has the first byte of the field with all the others; that a CW has just this one never happens in
  // practice.
  if (finds(LOCK_READ, FIELD, 1) === LOCK_WRITE) return "PW";
  if (finds(LOCK_READ, FIELD, FIELD_LENGTH) === LOCK_WRITE) return "CW";
  return finds(LOCK_WRITE, FIELD, FIELD_LENGTH) === LOCK_READ ? "PR" : "CR";
}
