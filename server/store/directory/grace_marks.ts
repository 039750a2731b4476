/**
 * Leaves the grace marks of one daemon (`grace_mark.ts`), and keeps those of the dead.
 *
 * A mark is never stronger than the claim that it stands under: it is written after the claim was given, and
 * weakened before the claim is. So who has just been given a claim, and finds a mark that conflicts with it,
 * knows that its daemon is dead, and waits for the grace as for a holder. Nobody who lives writes a slot but
 * its owner; the mark of a dead one is wiped by who has the whole file.
 *
 * @module
 */
import { type Mode, MODES } from "../../../client/protocol/modes.ts";
import { errnoName } from "../../../ffi/errno.ts";
import type { FileCalls } from "../../../ffi/file_calls.ts";
import type { Clock } from "../../base/clock.ts";
import { compatible, covers, MODE_BIT, union } from "../../lock/mode.ts";
import { hasLines, MARK_SLOTS, readMark, slotAt, writeMark } from "./grace_mark.ts";
import type { LockFile } from "./lock_file.ts";
import { LINE_BYTES } from "./record.ts";
import { TokenError } from "./tokens.ts";

/** How often a daemon that waits for a grace looks whether the mark still stands, in milliseconds. */
export const MARK_RETRY_MS = 250;

/** A grant that is to be made. */
interface Wanted {
  readonly mode: Mode;
  /** The grace of its session, in milliseconds. */
  readonly graceMs: number;
}

/** The marks of one daemon. */
export class GraceMarks {
  readonly #calls: FileCalls;
  readonly #clock: Clock;
  readonly #ledger: { readonly slot: number };
  readonly #line = new Uint8Array(LINE_BYTES);

  /** The ledger says which slot this daemon has. */
  constructor(calls: FileCalls, clock: Clock, ledger: { readonly slot: number }) {
    this.#calls = calls;
    this.#clock = clock;
    this.#ledger = ledger;
  }

  /**
   * Whether the grace of a daemon that died is in the way of a grant under the claim that the file has now;
   * `head` is what was read under it. Then the file is to be left alone for a while. Marks whose time is over
   * are wiped.
   */
  keepOut(file: LockFile, head: Uint8Array, { mode, graceMs }: Wanted, now: number): boolean {
    if (!hasLines(head)) return false;
    let waits = false;
    const over: number[] = [];
    for (let slot = 0; slot < MARK_SLOTS; slot++) {
      const mark = file.marks.isOwn(slot) ? undefined : readMark(head, slot);
      if (!mark) continue;
      // One that is compatible may be of a daemon that lives; but not in this daemon's own slot, where it
      // would be written over.
      if (compatible(mark.mode, mode) && !(graceMs > 0 && slot === this.#ledger.slot)) continue;
      const untilMs = file.marks.untilMs(slot, mark, this.#clock.now());
      if (untilMs <= now) {
        over.push(slot);
        continue;
      }
      waits = true;
      file.leftTo = mark.mode;
      file.leaveUntilMs = Math.min(untilMs, now + MARK_RETRY_MS);
      // What is known of it would be forgotten with the file.
      file.idleMs = Math.max(file.idleMs, untilMs);
    }
    if (over.length > 0) this.#wipe(file, over);
    return waits;
  }

  /**
   * Leaves a mark for a grant that is about to be given, if none that stands will do. Throws a TokenError.
   */
  leave(file: LockFile, head: Uint8Array, { mode, graceMs }: Wanted): void {
    const { marks } = file;
    if (marks.number === 0) marks.slot = this.#ledger.slot;
    if (marks.slot < 0) return;
    const stands = readMark(head, marks.slot)?.number === marks.number;
    if (stands && covers(marks.mode, mode) && marks.graceMs >= graceMs) return;
    marks.mode = union(MODE_BIT[marks.mode] | MODE_BIT[mode]);
    marks.graceMs = Math.max(marks.graceMs, graceMs);
    const written = this.#write(file, marks.mode);
    if (written === LINE_BYTES) return;
    const fault = written < 0 ? errnoName(-written) : "the disk is full";
    throw new TokenError(`Cannot write ${file.path}: ${fault}`);
  }

  /**
   * The claim is to become `claim`, which this daemon's mark must not be stronger than. False when the claim
   * has to stay as it is, since the mark does: others would take it for that of a dead daemon, and wait for
   * it while this one lives. Where nothing is held any more they may wait for nobody.
   */
  weaken(file: LockFile, claim: Mode): boolean {
    const { marks } = file;
    if (claim === "NL" ? marks.number === 0 : covers(claim, marks.mode)) return true;
    const isDone = this.#write(file, claim) === LINE_BYTES || claim === "NL";
    if (isDone) marks.mode = claim;
    if (claim === "NL") marks.graceMs = 0;
    return isDone;
  }

  /**
   * The strongest mark of others in a file, as far as they count; null when there is none. `file` is what is
   * known of it.
   */
  strongest(file: LockFile | undefined, head: Uint8Array): Mode | null {
    const now = this.#clock.now();
    let most = -1;
    for (let slot = 0; slot < MARK_SLOTS; slot++) {
      const mark = file?.marks.isOwn(slot) ? undefined : readMark(head, slot);
      if (mark && !file?.marks.isOver(slot, mark, now)) most = Math.max(most, MODES.indexOf(mark.mode));
    }
    return MODES[most] ?? null;
  }

  #write(file: LockFile, mode: Mode): number {
    const { marks } = file;
    const number = mode === "NL" ? 0 : writeMark(this.#line, mode, marks.graceMs);
    if (mode === "NL") this.#line.fill(0);
    const written = this.#calls.write(file.fd, this.#line, slotAt(marks.slot));
    marks.number = written === LINE_BYTES ? number : -1;
    return written;
  }

  /** Wipes slots, if nobody else has a claim: otherwise new owners of them may be writing there. */
  #wipe(file: LockFile, slots: readonly number[]): void {
    const before = file.claim;
    if (before !== "EX" && file.move("EX") < 0) return;
    this.#line.fill(0);
    for (const slot of slots) this.#calls.write(file.fd, this.#line, slotAt(slot));
    if (before !== "EX") file.move(before);
  }
}
