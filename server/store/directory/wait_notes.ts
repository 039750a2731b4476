/**
 * Turns of the daemons of a directory. The kernel grants to whoever asks first, so a daemon with many
 * sessions could keep a name for ever. A daemon that waits leaves a *wait note* in the file, which others
 * read together with the token, at no cost. (1) A newcomer that finds a fresh conflicting note lets go and
 * waits too. (2) A daemon that has had its claim for {@link Turns.turnMs} grants nothing more that conflicts
 * with a fresh note; when its holders are done it lets go, and leaves the file alone for longer than any
 * retry takes. Notes only order daemons; that two do not hold at once is the kernel's doing. A note of a
 * daemon that died is stale after {@link Turns.noteFreshMs}.
 *
 * @module
 */
import type { Mode } from "../../../client/protocol/modes.ts";
import type { FileCalls } from "../../../ffi/file_calls.ts";
import type { Clock } from "../../base/clock.ts";
import { compatible } from "../../lock/mode.ts";
import type { LockFile } from "./lock_file.ts";
import { LINE_BYTES, readMode, readNumber, writeLine } from "./record.ts";
import type { Turns } from "./turns.ts";

/** Where the note stands in a lock file, in bytes: behind the token record. */
const NOTE_AT = LINE_BYTES;

/** Reads and writes wait notes. */
export class WaitNotes {
  readonly #calls: FileCalls;
  readonly #clock: Clock;
  readonly #turns: Turns;
  readonly #line = new Uint8Array(LINE_BYTES);

  constructor(calls: FileCalls, clock: Clock, turns: Turns) {
    this.#calls = calls;
    this.#clock = clock;
    this.#turns = turns;
  }

  /**
   * Whether a daemon that waits goes before a grant in `mode`; `lines` is what the file says, `covered` that
   * the claim was there already.
   */
  goFirst(
    file: LockFile,
    lines: Uint8Array,
    { mode, covered, now }: { mode: Mode; covered: boolean; now: number },
  ): boolean {
    // A daemon that waits itself competes with the others that wait.
    if (covered ? now - file.claimedMs < this.#turns.turnMs : file.awaiting) return false;
    if (covered && !compatible(file.yieldsTo, mode)) return true;
    const noteMs = readNumber(lines, NOTE_AT, "W");
    if (noteMs < 0 || noteMs === file.noteMs) return false;
    if (!this.#isFresh(file, noteMs, now)) return false;
    const noteMode = readMode(lines, NOTE_AT);
    if (compatible(noteMode, mode)) return false;
    if (covered) file.yieldsTo = noteMode;
    return true;
  }

  /** The claim has shrunk to `union`: if it is somebody else's turn, the file is left alone. */
  yield(file: LockFile, union: Mode, now: number): void {
    if (file.yieldsTo === "NL" || !compatible(file.yieldsTo, union)) return;
    file.leaveUntilMs = now + this.#turns.leaveMs;
    file.leftTo = file.yieldsTo;
    file.yieldsTo = "NL";
  }

  /** Says that this daemon waits for `mode`, if it is a while since it did. */
  leave(file: LockFile, mode: Mode, now: number): void {
    if (file.yieldsTo !== "NL" || now < file.leaveUntilMs) return;
    const wallMs = this.#clock.wallMs();
    // Either way round: a clock that was set back must not keep the note from being renewed.
    if (Math.abs(wallMs - file.noteMs) < this.#turns.noteRenewMs) return;
    writeLine(this.#line, 0, { letter: "W", number: wallMs, mode, origin: "d" });
    if (this.#calls.write(file.fd, this.#line, NOTE_AT) === LINE_BYTES) file.noteMs = wallMs;
  }

  /** Takes back what {@link leave} wrote, if it did. */
  wipe(file: LockFile): void {
    if (file.noteMs === 0) return;
    this.#line.fill(0);
    this.#calls.write(file.fd, this.#line, NOTE_AT);
    file.noteMs = 0;
  }

  #isFresh(file: LockFile, noteMs: number, now: number): boolean {
    const { noteAge, noteFreshMs } = this.#turns;
    if (noteAge === "by clock") return Math.abs(this.#clock.wallMs() - noteMs) <= noteFreshMs;
    if (file.seenNote !== noteMs) {
      file.seenNote = noteMs;
      file.seenNoteMs = now;
    }
    return now - file.seenNoteMs <= noteFreshMs;
  }
}
