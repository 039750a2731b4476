/**
 * One open lock file and this daemon's claim on it.
 *
 * A claim moves from any mode to any other without ever letting go of what both keep out: first the bytes of
 * the new mode are locked (in one call, which works or changes nothing), then what only the old one needed is
 * unlocked.
 *
 * Sources: fcntl_locking(2), "Open file description locks".
 *
 * @module
 */
import type { ValueBlock } from "../../../client/protocol/messages.ts";
import type { Mode } from "../../../client/protocol/modes.ts";
import { lockRefused } from "../../../ffi/errno.ts";
import { type FileCalls, LOCK_TO_END, LOCK_UNLOCK } from "../../../ffi/file_calls.ts";
import type { Timed } from "../../base/deadlines.ts";
import { assert } from "../../base/assert.ts";
import { covers } from "../../lock/mode.ts";
import { FileMarks } from "./grace_mark.ts";
import { type ByteRange, claimRange, FIELD, FIELD_END, FIELD_LENGTH, GATE } from "./claim_ranges.ts";

/** Two CW claims that pick the same byte of 2^32 are so rare that a second try is enough. */
const CW_TRIES = 2;

/** One open lock file. */
export class LockFile implements Timed {
  /** What this daemon's claim keeps out. */
  claim: Mode = "NL";
  /** Since when it has been more than NL: monotonic milliseconds. */
  claimedMs = 0;
  /**
   * When the claim last became NL or, if that is later, the grace of a daemon that died is over: monotonic
   * milliseconds.
   */
  idleMs: number;
  /** True from the moment that a request waits for what others hold until none does. */
  awaiting = false;
  /**
   * This daemon's turn is over: a daemon that waits for this mode gets the file when the present holders are
   * done. NL: it is not.
   */
  yieldsTo: Mode = "NL";
  /**
   * Until then this daemon leaves the file to one that waits for the mode `leftTo`: monotonic milliseconds.
   */
  leaveUntilMs = 0;
  leftTo: Mode = "NL";
  /** What the grant that was given last found in the value block. */
  value: ValueBlock | undefined = undefined;
  /** Something was granted since the holder note was written. */
  unnoted = false;
  /** How long to the next try, in milliseconds. */
  backoffMs = 0;
  /** The wall clock of the wait note that this daemon last wrote here and has not wiped, or 0. */
  noteMs = 0;
  /** The wait note of others that was seen last, and since when: monotonic milliseconds. */
  seenNote = -1;
  seenNoteMs = 0;
  /** What is known of the grace marks in the file. */
  marks = new FileMarks();
  /** When to try again, while it stands in the deadlines of the claims. */
  dueMs = 0;
  heapIndex = -1;
  readonly #calls: FileCalls;
  #ownByte = 0;

  constructor(
    calls: FileCalls,
    readonly name: string,
    readonly path: string,
    /** The descriptor; another one after the file was found deleted and opened again. */
    public fd: number,
    /** True when this daemon made the file. */
    public created: boolean,
    now: number,
  ) {
    this.#calls = calls;
    this.idleMs = now;
  }

  /** What the claim locks. Only of a claim that is more than NL. */
  get range(): ByteRange {
    assert(this.claim !== "NL", "an NL claim locks nothing");
    return claimRange(this.claim, this.#ownByte);
  }

  /** Nobody here needs it: it may be closed. */
  get idle(): boolean {
    return this.claim === "NL" && !this.awaiting;
  }

  /** Makes the claim `mode`: 0, or a negative error number, and then the claim is as it was. */
  move(mode: Mode): number {
    const from = this.claim;
    if (mode === "NL") {
      this.#unlock(0, LOCK_TO_END);
      this.claim = "NL";
      return 0;
    }
    let result = -1;
    for (let tries = mode === "CW" ? CW_TRIES : 1; tries > 0; tries--) {
      if (mode === "CW") this.#ownByte = FIELD + Math.floor(Math.random() * FIELD_LENGTH);
      const range = claimRange(mode, this.#ownByte);
      result = this.#calls.tryLock(this.fd, range.type, range.start, range.length);
      if (result >= 0 || !lockRefused(-result)) break;
    }
    if (result < 0) return result;
    assert(covers(mode, this.marks.mode), "a grace mark is not stronger than the claim over it");
    this.claim = mode;
    this.#trim(from, mode);
    return 0;
  }

  /**
   * Unlocks what `from` had and `to` does not need. A read lock that stays on the gate keeps out only EX, as
   * `to` does anyway.
   */
  #trim(from: Mode, to: Mode): void {
    if (from === "NL" || to === "EX") return;
    if (to === "CR") this.#unlock(FIELD, LOCK_TO_END);
    else if (to === "CW" && from !== "CR") {
      if (this.#ownByte > FIELD) this.#unlock(FIELD, this.#ownByte - FIELD);
      this.#unlock(this.#ownByte + 1, LOCK_TO_END);
    } else if (from === "EX") this.#unlock(FIELD_END, LOCK_TO_END);
    if (from === "EX" && (to === "CW" || to === "PW")) this.#unlock(GATE, 1);
  }

  #unlock(start: number, length: number): void {
    // Unlocking can fail only for want of kernel memory (ENOLCK), and then too much stays locked: safe, and
    // cured by the next unlocking of the whole file or by closing it.
    this.#calls.tryLock(this.fd, LOCK_UNLOCK, start, length);
  }
}
