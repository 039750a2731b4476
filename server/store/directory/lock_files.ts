/**
 * The lock files that this daemon has open: a bounded cache of descriptors. A file stays open after its last
 * lock, since names come back; it is removed when it was idle for long, or when its descriptor is needed.
 *
 * Removing a lock file is where lock managers lose their exclusion: a process that opened the file before it
 * was removed can lock a file that nobody else will ever see, while the next one makes a new file and locks
 * that. Three rules prevent it: a file is removed only under an EX claim; whoever gets a claim afterwards
 * looks whether the file still has a name, and starts over if not; and a file that other programs may know
 * (they made it), or that has a value block or a grace mark, is never removed.
 *
 * @module
 */
import { ERRNO, errnoClass, errnoName } from "../../../ffi/errno.ts";
import { emptyStatus, type FileCalls, sameFile } from "../../../ffi/file_calls.ts";
import { assert } from "../../base/assert.ts";
import type { Refusal } from "../../lock/claims.ts";
import { lockFileName } from "./file_name.ts";
import { FileMarks, hasMarks, HEAD_BYTES, slotAt } from "./grace_mark.ts";
import { LockFile } from "./lock_file.ts";
import { hasValue, LINE_BYTES, readNumber, readOrigin } from "./record.ts";

/** How a cache of lock files is made. */
export interface LockFilesOptions {
  readonly calls: FileCalls;
  readonly directory: string;
  /** Most lock files open at once: what the process may open less what it needs for other things. */
  readonly lockFilesMax: number;
  /** Most of them that may be idle. */
  readonly idleFilesMax: number;
  /**
   * Files are closed when they are idle, but stay where they are; and are opened as if others had made them.
   */
  readonly keepFiles: boolean;
}

/** How many files one eviction closes at most, so that a full cache is not searched for each newcomer. */
const EVICTED_AT_ONCE = 32;
/** A file that was removed between being found and being opened is looked for again so often. */
const OPEN_TRIES = 100;
const NO_LINE = new Uint8Array(LINE_BYTES);

/** The open lock files, by lock name. */
export class LockFiles {
  readonly #options: LockFilesOptions;
  readonly #files = new Map<string, LockFile>();
  readonly #head = new Uint8Array(HEAD_BYTES);

  constructor(options: LockFilesOptions) {
    this.#options = options;
  }

  /** How many are open. */
  get size(): number {
    return this.#files.size;
  }

  /** The open file of a name, if there is one. */
  get(name: string): LockFile | undefined {
    return this.#files.get(name);
  }

  /** The file of a name, opened or made if need be; or why it cannot be had. */
  open(name: string, now: number): LockFile | Refusal {
    const known = this.#files.get(name);
    if (known) return known.fd >= 0 ? known : this.reopen(known) ?? known;
    const { calls, lockFilesMax } = this.#options;
    if (this.#files.size >= lockFilesMax && this.#evict(EVICTED_AT_ONCE) === 0) return this.#full(name);
    const file = new LockFile(calls, name, this.#path(name), -1, false, now);
    const refusal = this.reopen(file);
    if (refusal) return refusal;
    this.#files.set(name, file);
    return file;
  }

  /** Looks at the file of a name, without making or keeping it; null when there is none. */
  look<T>(name: string, look: (fd: number) => T): T | null {
    const known = this.#files.get(name);
    if (known) return look(known.fd);
    const { calls } = this.#options;
    const fd = calls.open(this.#path(name), "existing");
    if (fd < 0) return null;
    const seen = look(fd);
    calls.close(fd);
    return seen;
  }

  /**
   * Gives up the claims on files that somebody deleted, and answers with their names. A claim on such a file
   * keeps nobody out, so nothing more may be granted under it.
   */
  giveUpDeleted(): string[] {
    return this.#giveUp((file) => this.#options.calls.links(file.fd) === 0);
  }

  /** Gives up all claims, and answers with their names. */
  giveUpAll(): string[] {
    return this.#giveUp(() => true);
  }

  /** Gives up the claim on a name, and forgets its file, as if it had never been opened. */
  discard(name: string): void {
    const file = this.#files.get(name);
    if (!file) return;
    file.move("NL");
    this.#files.delete(name);
    if (file.fd >= 0) this.#options.calls.close(file.fd);
    file.fd = -1;
  }

  /** Opens the file at the path of `file` anew: it is not open, or what is open has no name any more. */
  reopen(file: LockFile): Refusal | undefined {
    assert(file.claim === "NL", "only a file without a claim is opened again");
    const { calls, keepFiles } = this.#options;
    if (file.fd >= 0) calls.close(file.fd);
    file.fd = -1;
    for (let tries = 0; tries < OPEN_TRIES; tries++) {
      let fd = calls.open(file.path, keepFiles ? "open-or-create" : "existing");
      file.created = fd === -ERRNO.ENOENT;
      if (file.created) fd = calls.open(file.path, "create-new");
      if (fd >= 0) return this.#adopt(file, fd);
      if (errnoClass(-fd) === "descriptors") {
        if (this.#evict(EVICTED_AT_ONCE) > 0) continue;
        const message = `Cannot open ${file.path}: no file descriptor is left (${errnoName(-fd)})`;
        return { code: "LIMIT", message };
      } else if (fd !== -ERRNO.EEXIST) return unavailable(`Cannot open ${file.path}: ${errnoName(-fd)}`);
    }
    return unavailable(`Cannot open ${file.path}: it is made and removed all the time`);
  }

  /** Closes what has been idle since before `sinceMs`, and the longest idle beyond the limit. */
  tidy(sinceMs: number): void {
    const { idleFilesMax } = this.#options;
    const idle = [...this.#files.values()].filter((file) => file.idle).sort((a, b) => a.idleMs - b.idleMs);
    idle.forEach((file, index) => {
      if (file.idleMs >= sinceMs && idle.length - index <= idleFilesMax) return;
      this.#wipeOver(file, sinceMs);
      this.#close(file);
    });
  }

  /** Closes everything; the locks go with the descriptors. */
  close(): void {
    for (const file of [...this.#files.values()]) {
      if (file.claim !== "NL") file.move("NL");
      this.#close(file);
    }
  }

  #giveUp(isWorthless: (file: LockFile) => boolean): string[] {
    const names: string[] = [];
    for (const file of this.#files.values()) {
      if (file.claim === "NL" || !isWorthless(file)) continue;
      file.move("NL");
      file.yieldsTo = "NL";
      file.marks = new FileMarks();
      names.push(file.name);
    }
    return names;
  }

  #path(name: string): string {
    return `${this.#options.directory}/${lockFileName(name)}`;
  }

  #adopt(file: LockFile, fd: number): Refusal | undefined {
    const status = emptyStatus();
    const result = this.#options.calls.status(fd, status);
    if (result >= 0 && status.regular) {
      file.fd = fd;
      return undefined;
    }
    this.#options.calls.close(fd);
    const fault = result < 0 ? errnoName(-result) : "it is no regular file";
    return unavailable(`Cannot use ${file.path}: ${fault}`);
  }

  /** Closes the first idle files that it meets, at most `most`. Answers how many. */
  #evict(most: number): number {
    let closed = 0;
    for (const file of this.#files.values()) {
      if (closed === most) break;
      // A file without a descriptor has none to give, and may be the one that is being opened.
      if (!file.idle || file.fd < 0) continue;
      this.#close(file);
      closed++;
    }
    return closed;
  }

  #close(file: LockFile): void {
    this.#files.delete(file.name);
    if (file.fd < 0) return;
    if (!this.#options.keepFiles) this.#remove(file);
    this.#options.calls.close(file.fd);
    // It may still be known to whoever notes holders, and the number is another file's by then.
    file.fd = -1;
  }

  /**
   * Wipes the grace marks of the dead whose time was over then. That it is over would be forgotten with the
   * file, and whoever only tries, once in a while, would meet them as if for the first time, again and again.
   */
  #wipeOver(file: LockFile, now: number): void {
    const { calls } = this.#options;
    if (!file.marks.knowsDead || file.fd < 0 || file.move("EX") < 0) return;
    const head = this.#head.fill(0);
    if (calls.read(file.fd, head, 0) < 0) return;
    for (const slot of file.marks.over(head, now)) calls.write(file.fd, NO_LINE, slotAt(slot));
  }

  /** Removes a file if it is ours to remove and nobody uses it. */
  #remove(file: LockFile): void {
    const { calls } = this.#options;
    if (file.move("EX") < 0) return;
    const [opened, named] = [emptyStatus(), emptyStatus()];
    if (!this.#ours(file) || calls.status(file.fd, opened) < 0 || opened.links !== 1) return;
    const other = calls.open(file.path, "existing");
    if (other < 0) return;
    const same = calls.status(other, named) >= 0 && sameFile(opened, named);
    calls.close(other);
    if (same) calls.unlink(file.path);
  }

  #ours(file: LockFile): boolean {
    const head = this.#head.fill(0);
    if (this.#options.calls.read(file.fd, head, 0) < 0 || hasMarks(head)) return false;
    if (readNumber(head, 0, "T") >= 0) {
      const origin = readOrigin(head, 0);
      // Another daemon that wrote the first record could not know that this one made the file.
      return !hasValue(origin) && (file.created || origin === "d");
    }
    return file.created && head.every((byte) => byte === 0);
  }

  #full(name: string): Refusal {
    const message =
      `Cannot open a lock file for ${name}: ${this.#files.size} are open, which is lockFilesMax`;
    return { code: "LIMIT", message };
  }
}

function unavailable(message: string): Refusal {
  return { code: "STORE_UNAVAILABLE", message };
}
