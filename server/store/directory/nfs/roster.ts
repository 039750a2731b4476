/**
 * The roster of a directory on NFS: one file in which each daemon has a place of {@link PLACE_BYTES} bytes
 * for a text about itself, and holds a lock that says that it lives. One file and not one a daemon, since
 * names are not coherent between hosts while what is read past the cache is.
 *
 * @module
 */
import { ERRNO, errnoName, lockRefused } from "../../../../ffi/errno.ts";
import { type FileCalls, LOCK_UNLOCK, LOCK_WRITE, type OpenMode } from "../../../../ffi/file_calls.ts";

/** Bytes of a place; a text must be shorter. */
export const PLACE_BYTES = 512;
/** Places in a roster: most daemons of a directory. */
export const PLACES = 64;
/** Where the locks begin: behind all places. */
const LOCKS_AT = 2 ** 40;

/** The roster cannot be used; the message says why. */
export class RosterError extends Error {
  override readonly name = "RosterError";
}

/** The roster, as one daemon sees it. */
export class Roster {
  readonly #calls: FileCalls & { isBroken(fd: number): boolean };
  readonly #path: string;
  #fd = -1;
  #place = -1;

  constructor(calls: FileCalls & { isBroken(fd: number): boolean }, path: string) {
    this.#calls = calls;
    this.#path = path;
  }

  /**
   * Writes the text of this daemon, taking a place if it has none, and answers with the texts of all others.
   * Throws a RosterError.
   */
  sign(text: string): string[] {
    this.#take();
    const bytes = new Uint8Array(PLACE_BYTES).fill(0x20);
    const { read } = new TextEncoder().encodeInto(text, bytes.subarray(0, PLACE_BYTES - 1));
    if (read < text.length) throw new RosterError(`Cannot sign ${this.#path}: the text is too long`);
    bytes[PLACE_BYTES - 1] = 0x0a;
    const written = this.#calls.write(this.#fd, bytes, this.#place * PLACE_BYTES);
    if (written !== PLACE_BYTES) throw this.#failed("write", written);
    return [...this.read().values()];
  }

  /** The texts of all others, by their places; none when there is no roster. Throws a RosterError. */
  read(): Map<number, string> {
    const texts = new Map<number, string>();
    if (!this.#open("existing")) return texts;
    const bytes = new Uint8Array(PLACES * PLACE_BYTES);
    const count = this.#calls.read(this.#fd, bytes, 0);
    if (count < 0) throw this.#failed("read", count);
    for (let place = 0; place * PLACE_BYTES < count; place++) {
      const text = new TextDecoder().decode(bytes.subarray(place * PLACE_BYTES, (place + 1) * PLACE_BYTES))
        .trim();
      if (place !== this.#place && text.startsWith("{")) texts.set(place, text);
    }
    return texts;
  }

  /** Whether the daemon in a place lives, by its lock. */
  lives(place: number): boolean {
    return this.#calls.conflicting(this.#fd, LOCK_WRITE, LOCKS_AT + place, 1) === LOCK_WRITE;
  }

  /** Gives up the place. */
  close(): void {
    if (this.#fd < 0) return;
    if (this.#place >= 0 && !this.#calls.isBroken(this.#fd)) {
      this.#calls.write(this.#fd, new Uint8Array(PLACE_BYTES).fill(0x20), this.#place * PLACE_BYTES);
    }
    this.#calls.tryLock(this.#fd, LOCK_UNLOCK, 0, 0);
    this.#calls.close(this.#fd);
    this.#fd = this.#place = -1;
  }

  /** Opens it, or finds that it is not there. */
  #open(mode: OpenMode): boolean {
    if (this.#fd >= 0 && this.#calls.isBroken(this.#fd)) this.close();
    if (this.#fd < 0) this.#fd = this.#calls.open(this.#path, mode);
    if (this.#fd === -ERRNO.ENOENT) return false;
    if (this.#fd < 0) throw this.#failed("open", this.#fd);
    return true;
  }

  #take(): void {
    this.#open("open-or-create");
    for (let place = 0; this.#place < 0 && place < PLACES; place++) {
      const answer = this.#calls.tryLock(this.#fd, LOCK_WRITE, LOCKS_AT + place, 1);
      if (answer >= 0) this.#place = place;
      else if (!lockRefused(-answer)) throw this.#failed("lock", answer);
    }
    if (this.#place < 0) throw new RosterError(`Cannot sign ${this.#path}: ${PLACES} daemons stand in it`);
  }

  #failed(verb: string, answer: number): RosterError {
    return new RosterError(
      `Cannot ${verb} ${this.#path}: ${answer < 0 ? errnoName(-answer) : "the disk is full"}`,
    );
  }
}
