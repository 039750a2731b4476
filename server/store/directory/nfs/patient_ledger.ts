/**
 * The ledger of a directory on NFS. Its descriptor can lose its locks like any other, so it is opened when it is needed, and again after anything went wrong with it.
 *
 * @module
 */
import type { FileCalls } from "../../../../ffi/file_calls.ts";
import { Ledger, LedgerBusyError, LedgerError } from "../ledger.ts";
import type { TokenSource } from "../tokens.ts";

/** A ledger that is opened anew when it has failed. */
export class PatientLedger implements TokenSource {
  readonly #calls: FileCalls;
  readonly #path: string;
  readonly #wallMs: () => number;
  readonly #lane: number;
  #ledger: Ledger | undefined;
  /** The slot that it had last, or -1: marks of this daemon stand there. */
  #slot = -1;

  /** Daemons have lanes; the same lane of all of them has the same names, and slots of its own for their grace marks. */
  constructor(
    calls: FileCalls,
    { path, wallMs, lane }: { path: string; wallMs: () => number; lane: number },
  ) {
    this.#calls = calls;
    this.#path = path;
    this.#wallMs = wallMs;
    this.#lane = lane;
  }

  get floor(): number {
    return this.#use(({ floor }) => floor);
  }

  get slot(): number {
    return this.#use(({ slot }) => slot);
  }

  reserve<T>(initialise: (base: number) => T): T {
    return this.#use((ledger) => ledger.reserve(initialise));
  }

  cover(token: number): void {
    this.#use((ledger) => ledger.cover(token));
  }

  /** Tries again what must be done in the end. */
  tidy(): void {
    this.#ledger?.tidy();
  }

  close(): void {
    this.#ledger?.close();
    this.#ledger = undefined;
  }

  #open(): Ledger {
    const ledger = Ledger.open(this.#calls, this.#path, {
      wallMs: this.#wallMs(),
      lane: this.#lane,
      slot: this.#slot,
    });
    this.#slot = ledger.slot;
    return ledger;
  }

  #use<T>(use: (ledger: Ledger) => T): T {
    const isOld = this.#ledger !== undefined;
    try {
      return use(this.#ledger ??= this.#open());
    } catch (error) {
      if (error instanceof LedgerBusyError) throw error;
      // Closing lets go of a transaction that could not be ended, too.
      this.close();
      // One that was open while its locks were lost fails once, and works when it is opened again.
      if (isOld && error instanceof LedgerError) return this.#use(use);
      throw error;
    }
  }
}
