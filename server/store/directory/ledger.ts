/**
 * The ledger of a directory: one number, `top`, that no fencing token of any name has ever passed. A name
 * whose lock file says nothing (new, deleted by anybody, overwritten) starts above it, so tokens survive the
 * loss of lock files.
 *
 * Two more numbers make `top` survive what a page cache does not. `limit` is written with fsync before `top`
 * may pass it. The `floor` is where tokens begin in this life of the directory: the first daemon to arrive
 * (alone; it finds nobody else alive) sets it to the limit, or to what the wall clock says if that is more,
 * so that even a directory that was wiped, or restored from an old copy, goes on above its old tokens. A
 * record below the floor counts as none.
 *
 * Bytes locked in `.distrilock/ledger`: 0 around each transaction, 1 while starting, 2 read-locked by every
 * living daemon, write-locked by one that has the directory for itself (`--sole`); from 16 on each daemon has
 * a byte for as long as it lives, which says whose slot for grace marks (`grace_mark.ts`) is whose. Lines in
 * it (`record.ts`): `top` at 0, `floor` at 512, `limit` twice, at 1024 and 1536, written in turn so that a
 * torn write leaves the other.
 *
 * @module
 */
import { errnoName } from "../../../ffi/errno.ts";
import { type FileCalls, LOCK_READ, LOCK_WRITE, type LockType } from "../../../ffi/file_calls.ts";
import { MARK_SLOTS } from "./grace_mark.ts";
import { LedgerBusyError, LedgerError, SharingError } from "./ledger_errors.ts";
import { LedgerFile } from "./ledger_file.ts";

/** How many tokens a name is given at once, when it has none left. */
export const TOKENS_RESERVED = 64;
/** How far the limit is put above the top, each time at the price of an fsync. */
export const LIMIT_STEP = 2 ** 24;
/** Tokens that the wall clock is worth, each second since {@link CLOCK_START_MS}. */
export const TOKENS_PER_SECOND = 2 ** 16;
/** 2026-01-01T00:00:00Z. */
export const CLOCK_START_MS = 1_767_225_600_000;
/**
 * Greatest number that a token record may go on from; far more than can be given, and far enough from 2^53 to
 * count on.
 */
export const TOKEN_MAX = Number.MAX_SAFE_INTEGER - 4 * LIMIT_STEP;
/**
 * How long a transaction waits for that of another daemon, at most, in milliseconds: meanwhile this daemon
 * does nothing else.
 */
const TRANSACTION_MS_MAX = 20;
/**
 * How long a daemon that starts waits for others that start, in milliseconds: each of them may take as long
 * as an fsync does.
 */
const STARTING_MS_MAX = 5_000;

const TRANSACTION_BYTE = 0;
const STARTING_BYTE = 1;
const ALIVE_BYTE = 2;
const SLOT_BYTES = 16;
const TOP_AT = 0;
const FLOOR_AT = 512;
/** Where the two limit lines are. */
export const LIMITS_AT = [1024, 1536] as const;

/** How a ledger is opened. */
export interface LedgerOptions {
  /** The wall clock, in milliseconds since 1970. */
  readonly wallMs: number;
  /** No other daemon may use the directory as long as this one does. */
  readonly sole?: boolean | undefined;
  /** Which of the disjoint sets of lock files it is opened for; 0 if absent. */
  readonly lane?: number;
  /** The slot for marks that the daemon would like best; absent or -1: any. */
  readonly slot?: number;
}

/** The ledger of an open directory. */
export class Ledger {
  readonly #file: LedgerFile;
  /** Records below it count as none. */
  readonly floor: number;
  /**
   * The slot for grace marks that is this daemon's while it has the ledger open; -1 when others have them
   * all.
   */
  readonly slot: number;
  /** A number that `top` has reached: it may be higher by now. */
  #knownTop: number;
  /**
   * The greatest limit that this daemon itself saw reach the disk. What the file says is not enough: its
   * writer may have been killed, or have failed, between the write and the fsync.
   */
  #syncedLimit = -1;
  /** The end of a transaction could not be told: all daemons of the directory wait for this one. */
  #stuck = false;
  readonly #sole: boolean;
  #isGone = false;

  private constructor(file: LedgerFile, options: LedgerOptions) {
    const { wallMs, sole = false, lane = 0, slot = -1 } = options;
    const { path } = file;
    this.#file = file;
    this.#sole = sole;
    // Nothing is unlocked on the way out of an error: who opens closes the file then.
    this.#lockToStart(LOCK_WRITE, STARTING_BYTE);
    const isAlone = file.tryLock(LOCK_WRITE, ALIVE_BYTE);
    if (sole && !isAlone) {
      throw new SharingError(
        `Cannot have ${path} alone (--sole): other daemons use the directory; stop them`,
      );
    }
    this.floor = isAlone ? this.#begin(wallMs) : file.read(FLOOR_AT);
    if (this.floor < 0) {
      throw new LedgerError(`Cannot use ${path}: its floor line is damaged and other daemons use it`);
    }
    // Whoever else writes there while nobody is starting stays for as long as it lives.
    if (!sole && !file.tryLock(LOCK_READ, ALIVE_BYTE)) {
      throw new SharingError(
        `Cannot use ${path}: a daemon has the directory alone (--sole); stop it, or take another`,
      );
    }
    // Else a daemon that comes back soon would find marks of its own death in its slot, and have to wait
    // until it can write there.
    this.slot = this.#takeSlot(
      SLOT_BYTES + lane * MARK_SLOTS,
      slot < 0 ? Math.abs(Math.floor(wallMs)) % MARK_SLOTS : slot,
    );
    const unlocked = file.unlock(STARTING_BYTE);
    if (unlocked < 0) throw new LedgerError(`Cannot unlock ${path}: ${errnoName(-unlocked)}`);
    this.#knownTop = this.floor;
  }

  /** Opens the ledger at `path`, making it if it is missing. Throws a LedgerError. */
  static open(calls: FileCalls, path: string, options: LedgerOptions): Ledger {
    const file = LedgerFile.open(calls, path);
    try {
      return new Ledger(file, options);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * Whether transactions can be made, as far as a look tells: the file still has its name, and nothing of an
   * earlier one is left over.
   */
  get usable(): boolean {
    return !this.#stuck && !this.#isGone && this.#file.links > 0;
  }

  /** Gives up the file, and with it the word that this daemon lives. */
  close(): void {
    this.#file.close();
  }

  /** Reads it, which fails where that is how lost locks are noticed. Throws a LedgerError. */
  prove(): void {
    this.#file.read(TOP_AT);
  }

  /** Tries again what must be done in the end: unlocking can fail only for want of kernel memory. */
  tidy(): void {
    if (this.#stuck) this.#unlock();
  }

  /**
   * Looks whether others still find the file, or may have made another one. Answers whether they may be there
   * although this daemon is to be the only one.
   */
  look(): boolean {
    this.#isGone ||= this.#file.isNamed === false;
    // Whatever token is given next asks for a transaction, which says what has happened.
    if (this.#isGone && this.#sole) this.#knownTop = -1;
    return this.#isGone && this.#sole;
  }

  /**
   * Runs `initialise` with a number that no token has reached, for a lock file that says nothing: only one
   * daemon at a time is in here, so `initialise` looks again whether the file still says nothing. At most
   * {@link TOKENS_RESERVED} tokens may be given from the number on.
   */
  reserve<T>(initialise: (base: number) => T): T {
    return this.#transaction((top) => {
      this.#raise(top + TOKENS_RESERVED);
      return initialise(top);
    });
  }

  /** Makes sure that `top` is not below a token that is about to be given. */
  cover(token: number): void {
    if (token <= this.#knownTop) return;
    this.#transaction((top) => this.#raise(Math.max(top, token + TOKENS_RESERVED)));
  }

  /** First daemon in the directory: nobody else is alive, so what the page cache lost can be made good. */
  #begin(wallMs: number): number {
    const limits = LIMITS_AT.map((at) => this.#file.read(at));
    const old = Math.max(this.#file.read(TOP_AT), ...limits);
    if (old < 0 && !this.#file.isEmpty) {
      throw new LedgerError(
        `Cannot use ${this.#file.path}: no number in it can be read; delete it if that is meant`,
      );
    }
    const byClock = Math.max(0, Math.floor((wallMs - CLOCK_START_MS) / 1000)) * TOKENS_PER_SECOND;
    const floor = Math.max(old, byClock, 0);
    if (floor > TOKEN_MAX) {
      throw new LedgerError(`Cannot use ${this.#file.path}: its tokens have run out at ${floor}`);
    }
    this.#writeLimit(floor + LIMIT_STEP);
    this.#file.write(TOP_AT, floor);
    this.#file.write(FLOOR_AT, floor);
    return floor;
  }

  #transaction<T>(change: (top: number) => T): T {
    try {
      if (!this.#file.lock(LOCK_WRITE, TRANSACTION_BYTE, TRANSACTION_MS_MAX)) throw new LedgerBusyError();
      if (this.#isGone || this.#file.links < 1) {
        throw new LedgerError(
          `Cannot use ${this.#file.path}: it was deleted or moved while the daemon ran; restart all daemons of the directory`,
        );
      }
      const top = this.#file.read(TOP_AT);
      if (top < this.floor) throw new LedgerError(`Cannot use ${this.#file.path}: its top line is damaged`);
      return change(top);
    } finally {
      this.#unlock();
    }
  }

  #raise(top: number): void {
    if (top > TOKEN_MAX + LIMIT_STEP) {
      throw new LedgerError(`Cannot use ${this.#file.path}: its tokens have run out at ${top}`);
    }
    if (top > this.#syncedLimit) {
      this.#writeLimit(Math.max(top + LIMIT_STEP, ...LIMITS_AT.map((at) => this.#file.read(at))));
    }
    this.#file.write(TOP_AT, top);
    this.#knownTop = top;
  }

  #writeLimit(limit: number): void {
    const [first, second] = LIMITS_AT;
    this.#file.write(this.#file.read(first) <= this.#file.read(second) ? first : second, limit);
    this.#file.sync();
    this.#syncedLimit = limit;
  }

  #takeSlot(firstByte: number, wanted: number): number {
    for (let tries = 0; tries < MARK_SLOTS; tries++) {
      const slot = (wanted + tries) % MARK_SLOTS;
      if (this.#file.tryLock(LOCK_WRITE, firstByte + slot)) return slot;
    }
    return -1;
  }

  #unlock(): void {
    this.#stuck = this.#file.unlock(TRANSACTION_BYTE) < 0;
  }

  #lockToStart(type: LockType, byte: number): void {
    if (this.#file.lock(type, byte, STARTING_MS_MAX)) return;
    throw new LedgerError(
      `Cannot lock ${this.#file.path}: another daemon has held byte ${byte} for too long`,
    );
  }
}
