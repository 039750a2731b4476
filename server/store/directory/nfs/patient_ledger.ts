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
  #ledger: Ledger | undefined;

  constructor(calls: FileCalls, path: string, wallMs: () => number) {
    this.#calls = calls;
    this.#path = path;
    this.#wallMs = wallMs;
  }

  get floor(): number {
    return this.#use(({ floor }) => floor);
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

  #use<T>(use: (ledger: Ledger) => T): T {
    const isOld = this.#ledger !== undefined;
    try {
      return use(this.#ledger ??= Ledger.open(this.#calls, this.#path, { wallMs: this.#wallMs() }));
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
