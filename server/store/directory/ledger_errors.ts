/**
 * Why the ledger of a directory cannot be used.
 *
 * @module
 */

/** The ledger cannot be used; the message says why. */
export class LedgerError extends Error {
  override readonly name: string = "LedgerError";
}

/** Another daemon is in a transaction, for longer than usual: worth trying again soon. */
export class LedgerBusyError extends Error {
  override readonly name = "LedgerBusyError";
}

/** The directory cannot be shared as this daemon would have it; the message says why, and what to change. */
export class SharingError extends LedgerError {
  override readonly name = "SharingError";
}
