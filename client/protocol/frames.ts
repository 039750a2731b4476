/**
 * Cuts a stream of bytes into the lines of the native protocol on TCP (`docs/protocol.md` [P-1], [P-3],
 * [P-4], [P-6], [P-7]).
 *
 * The parser is pushed: it never waits and keeps nothing of the caller's buffer, so that one buffer can serve
 * all reads.
 *
 * ```text
 * OPEN → OPEN    [push]  a line may be unfinished: its bytes are in the tail, and fewer than frameBytesMax
 * OPEN → FAULTY  [push]  a line was too long or not UTF-8; the tail is empty, and nothing is read any more
 * ```
 *
 * @module
 */
import { FRAME_BYTES_MAX_DEFAULT } from "./limits.ts";

const LF = 0x0a;
const CR = 0x0d;
const NO_BYTES = new Uint8Array(0);
const NO_LINES: readonly string[] = [];
const TAIL_BYTES_MIN = 256;
/**
 * An emptied tail above this is given back: ten thousand idle connections should not keep the room of their
 * longest line.
 */
const TAIL_BYTES_KEPT = 1_024;

// Not fatal: the fatal one takes more than twice as long. A replacement character in its result calls for the
// other one. A byte order mark is kept, or it would vanish from those lines only that happen to begin a
// packet.
const LENIENT = new TextDecoder("utf-8", { ignoreBOM: true });
const STRICT = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** Why a stream cannot be read on: to be answered with `"id": null`, before the connection is closed. */
export interface FrameFault {
  readonly fault: true;
  readonly id: null;
  /** `LIMIT`: a line too long [P-3]. `BAD_REQUEST`: a line that is not UTF-8 [P-4]. */
  readonly code: "LIMIT" | "BAD_REQUEST";
  /** For people. */
  readonly message: string;
}

/**
 * The lines of one stream. After a fault it gives no more lines.
 *
 * ```ts
 * import { deepEqual, equal } from "node:assert/strict";
 *
 * const frames = new LineFrames();
 * const bytes = new TextEncoder().encode('{"id":1}\r\n\n{"id"');
 * deepEqual(frames.push(bytes), ['{"id":1}']);
 * deepEqual(frames.push(new TextEncoder().encode(":2}\n")), ['{"id":2}']);
 * equal(frames.fault, undefined);
 * ```
 */
export class LineFrames {
  readonly #frameBytesMax: number;
  readonly #lengthMin: 0 | 1;
  #fault: FrameFault | undefined;
  #tail: Uint8Array<ArrayBuffer> = NO_BYTES;
  #tailBytes = 0;

  /**
   * @param frameBytesMax Longest line that is accepted, in bytes with its end.
   * @param which Whether empty lines are given as well, for a dialect where they mean something.
   */
  constructor(
    frameBytesMax: number = FRAME_BYTES_MAX_DEFAULT,
    which: "without empty lines" | "with empty lines" = "without empty lines",
  ) {
    this.#frameBytesMax = frameBytesMax;
    this.#lengthMin = which === "with empty lines" ? 0 : 1;
  }

  /**
   * Why nothing is read any more, or undefined. Look at it after the lines of each push: those came before
   * the fault.
   */
  get fault(): FrameFault | undefined {
    return this.#fault;
  }

  /** How many bytes of an unfinished line are kept. At the end of the stream they are dropped [P-6]. */
  get tailBytes(): number {
    return this.#tailBytes;
  }

  /** Takes what was read, and gives the lines that it completes, without their ends. */
  push(bytes: Uint8Array): readonly string[] {
    if (this.#fault !== undefined) return NO_LINES;
    const last = bytes.lastIndexOf(LF);
    if (last < 0) {
      this.#keep(bytes);
      return NO_LINES;
    }
    const lines: string[] = [];
    let start = 0;
    if (this.#tailBytes > 0) {
      start = bytes.indexOf(LF) + 1;
      if (!this.#keep(bytes.subarray(0, start - 1))) return lines;
      this.#readEach(this.#tail.subarray(0, this.#tailBytes), lines);
      this.#dropTail();
    }
    // The last byte of the block, an LF, is left out: so a block without another LF is one line.
    if (start <= last && this.#fault === undefined) this.#read(bytes.subarray(start, last), lines);
    if (this.#fault === undefined) this.#keep(bytes.subarray(last + 1));
    return lines;
  }

  /**
   * Reads a block of whole lines at once if nothing can be wrong with it: LF never is inside of a UTF-8
   * character.
   */
  #read(block: Uint8Array, lines: string[]): void {
    if (block.length >= this.#frameBytesMax) return this.#readEach(block, lines);
    const text = LENIENT.decode(block);
    if (text.includes("\uFFFD")) return this.#readEach(block, lines);
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      this.#addLine(text, { start, end }, lines);
      start = end + 1;
    }
    this.#addLine(text, { start, end: text.length }, lines);
  }

  /** Reads a block of whole lines one by one, up to the first that is wrong. */
  #readEach(block: Uint8Array, lines: string[]): void {
    for (let start = 0; start <= block.length && this.#fault === undefined;) {
      const found = block.indexOf(LF, start);
      const end = found < 0 ? block.length : found;
      if (end - start >= this.#frameBytesMax) return this.#failTooLong();
      let text: string;
      try {
        text = STRICT.decode(block.subarray(start, end));
      } catch (error) {
        if (error instanceof TypeError) {
          return this.#fail("BAD_REQUEST", "Cannot read the frame: it is not UTF-8");
        }
        throw error;
      }
      this.#addLine(text, { start: 0, end: text.length }, lines);
      start = end + 1;
    }
  }

  /** Adds bytes without an LF to the tail; false when the line became too long. */
  #keep(bytes: Uint8Array): boolean {
    const length = this.#tailBytes + bytes.length;
    if (length >= this.#frameBytesMax) {
      this.#failTooLong();
      return false;
    }
    if (length > this.#tail.length) {
      const room = Math.min(Math.max(length, this.#tail.length * 2, TAIL_BYTES_MIN), this.#frameBytesMax);
      const grown = new Uint8Array(room);
      grown.set(this.#tail.subarray(0, this.#tailBytes));
      this.#tail = grown;
    }
    this.#tail.set(bytes, this.#tailBytes);
    this.#tailBytes = length;
    return true;
  }

  #dropTail(): void {
    this.#tailBytes = 0;
    if (this.#tail.length > TAIL_BYTES_KEPT) this.#tail = NO_BYTES;
  }

  #failTooLong(): void {
    this.#fail(
      "LIMIT",
      `Cannot read the frame: it is longer than frameBytesMax, ${this.#frameBytesMax} bytes`,
    );
  }

  #fail(code: FrameFault["code"], message: string): void {
    this.#fault = { fault: true, id: null, code, message };
    this.#tail = NO_BYTES;
    this.#tailBytes = 0;
  }

  #addLine(text: string, { start, end }: { start: number; end: number }, lines: string[]): void {
    const cut = end > start && text.charCodeAt(end - 1) === CR ? end - 1 : end;
    if (cut - start >= this.#lengthMin) lines.push(text.slice(start, cut));
  }
}
