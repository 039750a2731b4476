/**
 * Fencing tokens in lock files: reads the record of a file whose claim was just given, and writes what
 * `token_rule.ts` says. A record that is missing, damaged or below the floor of the ledger is made anew
 * inside a transaction of the ledger.
 *
 * @module
 */
import type { Mode } from "../../../client/protocol/modes.ts";
import { errnoName } from "../../../ffi/errno.ts";
import type { FileCalls } from "../../../ffi/file_calls.ts";
import { type Ledger, TOKEN_MAX } from "./ledger.ts";
import type { LockFile } from "./lock_file.ts";
import { hasValue, LINE_BYTES, type Origin, readMode, readNumber, readOrigin, writeLine } from "./record.ts";
import { nextToken, type TokenRecord } from "./token_rule.ts";

/** A lock file cannot be read or written; the message says which and why. */
export class TokenError extends Error {
  override readonly name = "TokenError";
}

interface FileRecord extends TokenRecord {
  readonly origin: Origin;
}

/** Where numbers come from that no token has reached. */
export type TokenSource = Pick<Ledger, "floor" | "reserve" | "cover" | "slot">;

/** A record that is just being written looks damaged: it is read again so often before that is believed. */
const READ_TRIES = 3;

/** The tokens of a directory. */
export class Tokens {
  readonly #calls: FileCalls;
  readonly #ledger: TokenSource;
  readonly #line = new Uint8Array(LINE_BYTES);

  constructor(calls: FileCalls, ledger: TokenSource) {
    this.#calls = calls;
    this.#ledger = ledger;
  }

  /**
   * The token for a grant in `mode` under the claim that was just given. `lines` is what the file says, as it
   * was read under that claim. Throws a TokenError, LedgerError or LedgerBusyError, and then no token has
   * been given.
   */
  next(file: LockFile, mode: Mode, lines: Uint8Array): number {
    const number = readNumber(lines, 0, "T");
    const record = !this.#usable(number)
      ? this.#ledger.reserve((base) => this.#initialise(file, base))
      : { number, mode: readMode(lines, 0), origin: readOrigin(lines, 0) };
    const { token, write } = nextToken(mode, record);
    this.#ledger.cover(write ? write.number : token);
    // Another daemon that wrote the first record could not know that this one made the file.
    const ours: Origin = hasValue(record.origin) ? "D" : "d";
    if (write) this.#write(file, { ...write, origin: file.created ? ours : record.origin });
    return token;
  }

  /**
   * Whether tokens may go on from that number: not from one of an earlier life of the directory, nor from one
   * that nobody gave.
   */
  #usable(number: number): boolean {
    return number >= this.#ledger.floor && number <= TOKEN_MAX;
  }

  /**
   * Notes that the file has a value block, under a claim that keeps other writers out. Throws a TokenError.
   */
  markValue(file: LockFile): void {
    const record = this.#read(file);
    if (!record) throw new TokenError(`Cannot read ${file.path}: its token record is gone`);
    const origin = record.origin.toUpperCase() as Origin;
    if (origin !== record.origin) this.#write(file, { ...record, origin });
  }

  /** The record of a file that said nothing, looked at again now that nobody else can be making it. */
  #initialise(file: LockFile, base: number): FileRecord {
    const found = this.#read(file);
    if (found && this.#usable(found.number)) return found;
    const origin = found?.origin ?? (file.created ? "d" : "f");
    const record: FileRecord = { number: base + 1, mode: "NL", origin };
    this.#write(file, record);
    return record;
  }

  #read(file: LockFile): FileRecord | undefined {
    for (let tries = READ_TRIES; tries > 0; tries--) {
      const bytes = this.#calls.read(file.fd, this.#line, 0);
      if (bytes < 0) throw new TokenError(`Cannot read ${file.path}: ${errnoName(-bytes)}`);
      if (bytes === 0) return undefined;
      const number = readNumber(this.#line, 0, "T");
      if (bytes === LINE_BYTES && number >= 0) {
        return { number, mode: readMode(this.#line, 0), origin: readOrigin(this.#line, 0) };
      }
    }
    return undefined;
  }

  #write(file: LockFile, record: FileRecord): void {
    writeLine(this.#line, 0, { letter: "T", ...record });
    const bytes = this.#calls.write(file.fd, this.#line, 0);
    if (bytes === LINE_BYTES) return;
    const fault = bytes < 0 ? errnoName(-bytes) : "the disk is full";
    throw new TokenError(`Cannot write ${file.path}: ${fault}`);
  }
}
