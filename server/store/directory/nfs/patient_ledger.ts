/**
 * The ledger of a directory on NFS. Its descriptor can lose its locks like any other, so it is opened when it
 * is needed, and again after anything went wrong with it.
 *
 * @module
 */
import type { FileCalls } from "../../../../ffi/file_calls.ts";
import { Ledger } from "../ledger.ts";
import { LedgerBusyError, LedgerError } from "../ledger_errors.ts";
import type { TokenSource } from "../tokens.ts";

/**
 * How long a proof of its locks is worth something, in milliseconds: a server forgets no sooner than a lease
 * time after it.
 */
const PROOF_MS = 1_000;

/** A ledger that is opened anew when it has failed. */
export class PatientLedger implements TokenSource {
  readonly #calls: FileCalls;
  readonly #path: string;
  readonly #wallMs: () => number;
  readonly #bootMs: () => number;
  readonly #lane: number;
  #ledger: Ledger | undefined;
  /** The slot that it had last, or -1: marks of this daemon stand there. */
  #slot = -1;
  /** When the last proof began that its locks stand. */
  #provenMs = -Infinity;

  /**
   * Daemons have lanes; the same lane of all of them has the same names, and slots of its own for their grace
   * marks.
   */
  constructor(
    calls: FileCalls,
    { path, wallMs, bootMs, lane }: {
      path: string;
      wallMs: () => number;
      bootMs: () => number;
      lane: number;
    },
  ) {
    this.#calls = calls;
    this.#path = path;
    this.#wallMs = wallMs;
    this.#bootMs = bootMs;
    this.#lane = lane;
  }

  get floor(): number {
    return this.#use(({ floor }) => floor);
  }

  /**
   * A slot that is surely this daemon's: whoever takes one that the server forgot would write over its marks.
   */
  get slot(): number {
    return this.#use((ledger) => {
      const startMs = this.#bootMs();
      if (startMs - this.#provenMs >= PROOF_MS) {
        ledger.prove();
        this.#provenMs = startMs;
      }
      return ledger.slot;
    });
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
    this.#provenMs = this.#bootMs();
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
