/**
 * The value block of a lock file: up to 1 KiB of text that a holder of PW or EX leaves for later holders (an
 * idea of OpenVMS' `$ENQ`, LKSB value block). It begins at {@link VALUE_AT}, behind the lines and the holder
 * note, with a line whose letter says how far it can be trusted:
 *
 * - `V`: its writer released the lock
 * - `U`: its writer has not released the lock yet; found by somebody whose lock keeps writers out, the writer
 *   has died
 * - `I`: its last writer died without releasing
 *
 * The number of the line holds the length and a hash of the text, so that a reader beside a writer does not
 * take half of each.
 *
 * @module
 */
import type { ValueBlock } from "../../../client/protocol/messages.ts";
import type { Mode } from "../../../client/protocol/modes.ts";
import { VALUE_BYTES_MAX } from "../../../client/protocol/limits.ts";
import { errnoName } from "../../../ffi/errno.ts";
import type { FileCalls } from "../../../ffi/file_calls.ts";
import { covers } from "../../lock/mode.ts";
import type { LockFile } from "./lock_file.ts";
import { fnv1a, LINE_BYTES, readNumber, writeLine } from "./record.ts";
import { TokenError } from "./tokens.ts";

/** Where the block begins, in bytes. */
export const VALUE_AT = 2560;

const HASHES = 2 ** 32;
const STATES = ["V", "U", "I"] as const;
type State = typeof STATES[number];

/** Reads and writes value blocks. */
export class ValueBlocks {
  readonly #calls: FileCalls;
  readonly #block = new Uint8Array(LINE_BYTES + VALUE_BYTES_MAX);

  constructor(calls: FileCalls) {
    this.#calls = calls;
  }

  /**
   * The value of a file that is said to have one, for a grant in `mode` that was just given: undefined when
   * none can be read. A value whose writer died is marked so by the first who can tell.
   */
  read(file: LockFile, mode: Mode): ValueBlock | undefined {
    this.#block.fill(0);
    if (this.#calls.read(file.fd, this.#block, VALUE_AT) < LINE_BYTES) return undefined;
    const state = STATES.find((letter) => readNumber(this.#block, 0, letter) >= 0);
    if (!state) return undefined;
    const number = readNumber(this.#block, 0, state);
    const bytes = this.#block.subarray(LINE_BYTES, LINE_BYTES + Math.floor(number / HASHES));
    if (fnv1a(bytes, 0, bytes.length) !== number % HASHES) return undefined;
    const text = new TextDecoder().decode(bytes);
    const writerDied = state === "U" && covers(mode, "CW");
    if (writerDied) this.#writeLine(file, "I", number);
    return { text, valid: state !== "I" && !writerDied };
  }

  /** Writes a value for a holder who has not released yet. Throws a TokenError. */
  write(file: LockFile, text: string): void {
    const bytes = new TextEncoder().encode(text);
    const block = new Uint8Array(LINE_BYTES + bytes.length);
    const number = bytes.length * HASHES + fnv1a(bytes, 0, bytes.length);
    writeLine(block, 0, { letter: "U", number, mode: "NL", origin: "d" });
    block.set(bytes, LINE_BYTES);
    const written = this.#calls.write(file.fd, block, VALUE_AT);
    if (written === block.length) return;
    throw new TokenError(
      `Cannot write ${file.path}: ${written < 0 ? errnoName(-written) : "the disk is full"}`,
    );
  }

  /** The writer is done with it: in order, or not. */
  close(file: LockFile, how: "released" | "died"): void {
    this.#block.fill(0);
    this.#calls.read(file.fd, this.#block, VALUE_AT);
    const number = readNumber(this.#block, 0, "U");
    if (number >= 0) this.#writeLine(file, how === "released" ? "V" : "I", number);
  }

  #writeLine(file: LockFile, letter: State, number: number): void {
    const line = new Uint8Array(LINE_BYTES);
    writeLine(line, 0, { letter, number, mode: "NL", origin: "d" });
    // A mark that cannot be written leaves `U`, which the next reader takes for a death: never for more than
    // it is.
    this.#calls.write(file.fd, line, VALUE_AT);
  }
}
