/**
 * The arbiter of a directory on this machine: the kernel answers each call, in the same turn.
 *
 * @module
 */
import type { FileCalls } from "../../../ffi/file_calls.ts";
import type { Mode } from "../../../client/protocol/modes.ts";
import type { Clock } from "../../base/clock.ts";
import type { Arbiter, ArbiterHost, Outside, Verdict } from "./arbiter.ts";
import { NOTHING_OUTSIDE } from "./arbiter.ts";
import { PRIVATE_DIRECTORY } from "./file_name.ts";
import { Ledger } from "./ledger.ts";
import { LocalClaims } from "./local_claims.ts";
import { LockFiles } from "./lock_files.ts";
import { soleCalls } from "./sole_calls.ts";

/** What an arbiter is made with. */
export interface LocalArbiterOptions {
  readonly calls: FileCalls;
  /** The directory; it exists and can be written. */
  readonly directory: string;
  readonly clock: Clock;
  readonly limits: { readonly lockFilesMax: number; readonly idleFilesMax: number };
  /** Never remove a lock file. */
  readonly keepFiles: boolean;
  /** Have the directory alone: other daemons cannot use it, other programs are not kept out. */
  readonly sole?: boolean;
  /** Called when other daemons have all slots for grace marks: graces of sessions end with this daemon. */
  readonly onUnmarked?: (() => void) | undefined;
}

/** How often idle files are looked through and deleted ones are noticed, in milliseconds. */
export const TIDY_INTERVAL_MS = 1_000;
/** How often holder notes are written: locks that come and go faster are never noted. In milliseconds. */
export const NOTE_INTERVAL_MS = 50;
/** How long a file stays open without a lock, in milliseconds. */
export const IDLE_FILE_MS = 10_000;

/** The arbiter of a local directory. */
export class LocalArbiter implements Arbiter {
  readonly guarantee = "local";
  readonly claims: LocalClaims;
  readonly #files: LockFiles;
  readonly #ledger: Ledger;
  readonly #host: ArbiterHost;
  #tidyDueMs: number;
  #notesDueMs = 0;

  /** Opens the directory. Throws a LedgerError when it cannot be used. */
  constructor(options: LocalArbiterOptions, host: ArbiterHost) {
    const { directory, clock, limits: { lockFilesMax, idleFilesMax }, keepFiles, sole = false } = options;
    const calls = sole ? soleCalls(options.calls) : options.calls;
    this.#host = host;
    this.#files = new LockFiles({ calls, directory, lockFilesMax, idleFilesMax, keepFiles });
    const wallMs = clock.wallMs();
    this.#ledger = Ledger.open(options.calls, `${directory}/${PRIVATE_DIRECTORY}/ledger`, { wallMs, sole });
    if (this.#ledger.slot < 0) options.onUnmarked?.();
    this.claims = new LocalClaims({ calls, files: this.#files, ledger: this.#ledger, clock, sole });
    this.#tidyDueMs = clock.now() + TIDY_INTERVAL_MS;
  }

  get available(): boolean {
    return this.#ledger.usable;
  }

  get nextDueMs(): number {
    const tidyMs = this.#files.size > 0 ? this.#tidyDueMs : Infinity;
    const noteMs = this.claims.hasUnnoted ? this.#notesDueMs : Infinity;
    return Math.min(this.claims.nextDueMs, tidyMs, noteMs);
  }

  verify(
    name: string,
    lock: { mode: Mode; token: number },
    now: number,
    answer: (verdict: Verdict, now: number) => void,
  ): void {
    answer(this.claims.verify(name, lock), now);
  }

  look(_names: readonly string[], _now: number, done: () => void): void {
    done();
  }

  outside(name: string): Outside {
    const mode = this.claims.outside(name);
    return mode === null ? NOTHING_OUTSIDE : { mode, holder: this.claims.outsideHolder(name) };
  }

  validForMs(): number {
    return Infinity;
  }

  tick(now: number): void {
    this.claims.retryDue(now, (name) => this.#host.retry(name, now));
    if (now >= this.#notesDueMs) {
      this.claims.writeHolderNotes((name) => this.#host.holderOf(name));
      this.#notesDueMs = now + NOTE_INTERVAL_MS;
    }
    if (now < this.#tidyDueMs) return;
    this.#tidyDueMs = now + TIDY_INTERVAL_MS;
    this.#ledger.tidy();
    const lost = this.#ledger.look() ? this.#files.giveUpAll() : this.#files.giveUpDeleted();
    for (const name of lost) this.#host.lose(name, now);
    this.#files.tidy(now - IDLE_FILE_MS);
  }

  close(): Promise<void> {
    this.#files.close();
    this.#ledger.close();
    return Promise.resolve();
  }
}
