/**
 * The claims of one daemon on a local directory: kernel locks on its lock files, answered in the same turn.
 *
 * **Waiting for other processes.** The kernel tells nobody that a lock became free, so a name that waits is
 * tried again, soon at first and then at least every {@link RETRY_MS_MAX}. Trying costs a microsecond.
 *
 * **Turns** of daemons are kept by `wait_notes.ts`; **graces** of daemons that died, by `grace_marks.ts`.
 *
 * @module
 */
import type { Party, ValueBlock } from "../../../client/protocol/messages.ts";
import { type Mode, MODES } from "../../../client/protocol/modes.ts";
import { errnoName, lockRefused } from "../../../ffi/errno.ts";
import type { FileCalls } from "../../../ffi/file_calls.ts";
import type { Clock } from "../../base/clock.ts";
import { assert } from "../../base/assert.ts";
import { Deadlines } from "../../base/deadlines.ts";
import type { Admission, Candidate, Claims, Refusal } from "../../lock/claims.ts";
import type { SetValue } from "../../lock/commands.ts";
import { compatible, covers } from "../../lock/mode.ts";
import type { Verdict } from "./arbiter.ts";
import { lockedByOthers } from "./claim_ranges.ts";
import { HEAD_BYTES } from "./grace_mark.ts";
import { GraceMarks } from "./grace_marks.ts";
import { readHolderNote, writeHolderNote } from "./holder_note.ts";
import { LedgerBusyError, LedgerError } from "./ledger_errors.ts";
import type { LockFile } from "./lock_file.ts";
import type { LockFiles } from "./lock_files.ts";
import { hasValue, readOrigin } from "./record.ts";
import { TokenError, Tokens, type TokenSource } from "./tokens.ts";
import { ValueBlocks } from "./value_block.ts";
import { LOCAL_TURNS, RETRY_MS_MAX, type Turns } from "./turns.ts";
import { hasToken, isStillOurs } from "./verification.ts";
import { WaitNotes } from "./wait_notes.ts";

/** First retry of a name that other processes hold, in milliseconds. */
export const RETRY_MS_MIN = 1;
/** A lock file that was removed between being opened and being locked is opened again, so often. */
const REOPEN_TRIES = 100;

/** What local claims are made with. */
export interface LocalClaimsOptions {
  readonly calls: FileCalls;
  readonly files: LockFiles;
  readonly ledger: TokenSource;
  readonly clock: Clock;
  /** No other daemon is there, and the kernel knows of no lock. */
  readonly sole?: boolean;
  /** Absent: as between the daemons of one machine. */
  readonly turns?: Turns;
}

/** What is to be admitted, as far as it matters here. */
type Wanted = Pick<Candidate, "mode" | "graceMs"> & { readonly resource: { readonly name: string } };

/** The claims of one daemon on a local directory. */
export class LocalClaims implements Claims {
  readonly available = true;
  /** Signs the notes of this daemon. */
  readonly #writer = crypto.randomUUID();
  readonly #calls: FileCalls;
  readonly #files: LockFiles;
  readonly #tokens: Tokens;
  readonly #values: ValueBlocks;
  readonly #notes: WaitNotes;
  readonly #marks: GraceMarks;
  readonly #isSole: boolean;
  readonly #unnoted: LockFile[] = [];
  readonly #retries = new Deadlines<LockFile>();
  readonly #head = new Uint8Array(HEAD_BYTES);

  constructor({ calls, files, ledger, clock, sole = false, turns = LOCAL_TURNS }: LocalClaimsOptions) {
    this.#isSole = sole;
    this.#calls = calls;
    this.#files = files;
    this.#tokens = new Tokens(calls, ledger);
    this.#values = new ValueBlocks(calls);
    this.#notes = new WaitNotes(calls, clock, turns);
    this.#marks = new GraceMarks(calls, clock, ledger);
  }

  /** When {@link retryDue} has something to do: monotonic milliseconds, or Infinity. */
  get nextDueMs(): number {
    return this.#retries.nextMs();
  }

  admit({ resource, mode, graceMs: sessionMs }: Wanted, union: Mode, now: number): Admission {
    const file = this.#files.open(resource.name, now);
    if ("code" in file) return file;
    // NL is in nobody's way.
    const graceMs = mode === "NL" ? 0 : sessionMs;
    const before = file.claim;
    const covered = before !== "NL" && covers(before, union);
    if (!covered) {
      const refused = this.#claim(file, union, now);
      if (refused) return refused;
    }
    const bytes = this.#calls.read(file.fd, this.#head, 0);
    if (bytes < 0) return this.#fail(file, before, `Cannot read ${file.path}: ${errnoName(-bytes)}`);
    this.#head.fill(0, bytes);
    try {
      const waits = this.#marks.keepOut(file, this.#head, { mode, graceMs }, now) ||
        this.#notes.goFirst(file, this.#head, { mode, covered, now });
      if (waits) {
        if (!covered) file.move(before);
        return "outside";
      }
      const token = this.#tokens.next(file, mode, this.#head);
      if (!covered) this.#notes.wipe(file);
      file.value = hasValue(readOrigin(this.#head, 0)) ? this.#values.read(file, mode) : undefined;
      if (graceMs > 0) this.#marks.leave(file, this.#head, { mode, graceMs });
      if (!file.unnoted) this.#unnoted.push(file);
      file.unnoted = true;
      return token;
    } catch (error) {
      if (error instanceof LedgerBusyError) {
        // What is in the way is another daemon, as with a lock that it holds.
        if (!covered) file.move(before);
        return "outside";
      }
      if (error instanceof TokenError || error instanceof LedgerError) {
        return this.#fail(file, before, error.message);
      }
      throw error;
    }
  }

  settle(name: string, union: Mode, now: number): void {
    const file = this.#files.get(name);
    if (!file || file.claim === union) return;
    if (this.#marks.weaken(file, union)) file.move(union);
    if (union === "NL") file.idleMs = Math.max(file.idleMs, now);
    this.#notes.yield(file, union, now);
  }

  keptOut(): boolean {
    // Asking costs nothing, and what is given is given back within the turn.
    return false;
  }

  value(name: string): ValueBlock | undefined {
    return this.#files.get(name)?.value;
  }

  setValue({ value: text }: Pick<SetValue, "value">, name: string): Refusal | undefined {
    const file = this.#files.get(name);
    assert(file && covers(file.claim, "PW"), "a value is set under a claim that keeps other writers out");
    try {
      this.#values.write(file, text);
      this.#tokens.markValue(file);
      return undefined;
    } catch (error) {
      if (error instanceof TokenError) return { code: "STORE_UNAVAILABLE", message: error.message };
      throw error;
    }
  }

  closeValue(name: string, how: "released" | "died"): void {
    const file = this.#files.get(name);
    if (file) this.#values.close(file, how);
  }

  outsideHolder(name: string): Party | undefined {
    const party = this.#files.look(name, (fd) => readHolderNote(this.#calls, fd, this.#writer));
    const outside = this.outside(name);
    if (!party || outside === null) return undefined;
    // What the kernel says is true: a note that does not fit it is of somebody who let go.
    const isFitting = party.mode === outside || (party.mode !== "EX" && outside !== "EX");
    return isFitting ? party : undefined;
  }

  /**
   * Whether the kernel says that this daemon holds the name in `mode`, and the file that `token` still
   * counts.
   */
  verify(name: string, lock: { mode: Mode; token: number }): Verdict {
    const file = this.#files.get(name);
    if (!file) return false;
    if (this.#isSole) return covers(file.claim, lock.mode) && hasToken(this.#calls, file, lock);
    const verdict = isStillOurs(this.#calls, file, lock);
    if (typeof verdict === "boolean") return verdict;
    return { code: "STORE_UNAVAILABLE", message: `Cannot verify a lock on ${name}: ${errnoName(-verdict)}` };
  }

  /**
   * Writes down who holds the files on which something was granted since the last time, for people at other
   * daemons.
   */
  writeHolderNotes(holderOf: (name: string) => Party | undefined): void {
    for (const file of this.#unnoted.splice(0)) {
      file.unnoted = false;
      const holder = file.fd < 0 || file.claim === "NL" ? undefined : holderOf(file.name);
      if (holder) writeHolderNote(this.#calls, file.fd, holder, this.#writer);
    }
  }

  /** Whether {@link writeHolderNotes} has something to do. */
  get hasUnnoted(): boolean {
    return this.#unnoted.length > 0;
  }

  awaitOutside(name: string, mode: Mode, now: number): void {
    const file = this.#files.get(name);
    if (!file) return;
    if (!file.awaiting) file.backoffMs = RETRY_MS_MIN;
    this.beginAwaiting(name, mode, now);
    if (file.heapIndex !== -1) return;
    file.dueMs = Math.max(now + file.backoffMs * (0.5 + Math.random() / 2), file.leaveUntilMs);
    file.backoffMs = Math.min(file.backoffMs * 1.5, RETRY_MS_MAX);
    this.#retries.add(file);
  }

  /**
   * A request of this daemon waits for what others hold: it competes with others that wait, and says that it
   * does.
   */
  beginAwaiting(name: string, mode: Mode, now: number): void {
    const file = this.#files.get(name);
    if (!file) return;
    file.awaiting = true;
    this.#notes.leave(file, mode, now);
  }

  /** None does any more. */
  endAwaiting(name: string): void {
    const file = this.#files.get(name);
    if (!file) return;
    file.awaiting = false;
    this.#notes.wipe(file);
  }

  /**
   * Calls `retry` for every name whose time has come; it ends in {@link awaitOutside} again for those that
   * still wait.
   */
  retryDue(now: number, retry: (name: string) => void): void {
    for (let file = this.#retries.takeDue(now); file; file = this.#retries.takeDue(now)) {
      retry(file.name);
      if (file.heapIndex === -1) this.endAwaiting(file.name);
    }
  }

  /**
   * The strongest mode that other processes seem to hold, or did when they died, for as long as their graces
   * last; or null: a picture of this moment.
   */
  outside(name: string): Mode | null {
    return this.#files.look(name, (fd) => {
      const bytes = this.#calls.read(fd, this.#head, 0);
      const marked = bytes < 0
        ? null
        : this.#marks.strongest(this.#files.get(name), this.#head.fill(0, bytes));
      const locked = lockedByOthers(this.#calls, fd);
      return marked && MODES.indexOf(marked) > MODES.indexOf(locked ?? "NL") ? marked : locked;
    });
  }

  /** Raises the claim on a file that has a name. */
  #claim(file: LockFile, union: Mode, now: number): "outside" | Refusal | undefined {
    if (now < file.leaveUntilMs && !compatible(file.leftTo, union)) return "outside";
    // From CW to PR or back: whoever still holds, holds no more than CR.
    if (!covers(union, file.claim) && !this.#marks.weaken(file, "CR")) {
      return {
        code: "STORE_UNAVAILABLE",
        message: `Cannot write ${file.path}: its grace mark has to change`,
      };
    }
    for (let tries = REOPEN_TRIES; tries > 0; tries--) {
      const fresh = file.claim === "NL";
      const result = file.move(union);
      if (result < 0) {
        if (lockRefused(-result)) return "outside";
        return { code: "STORE_UNAVAILABLE", message: `Cannot lock ${file.path}: ${errnoName(-result)}` };
      }
      if (!fresh) return undefined;
      file.claimedMs = now;
      if (this.#calls.links(file.fd) > 0) return undefined;
      file.move("NL");
      const refusal = this.#files.reopen(file);
      if (refusal) return refusal;
    }
    return { code: "STORE_UNAVAILABLE", message: `Cannot lock ${file.path}: it is removed again and again` };
  }

  #fail(file: LockFile, before: Mode, message: string): Refusal {
    if (this.#marks.weaken(file, before) && file.claim !== before) file.move(before);
    return { code: "STORE_UNAVAILABLE", message };
  }
}
