/**
 * What a free text of the native protocol may look like (`docs/protocol.md` [P-14], [P-28]): at most 256
 * bytes of UTF-8 without control characters, so that it can be shown on any terminal and in any log line.
 *
 * @module
 */
import { TEXT_BYTES_MAX, TOKEN_BYTES_MAX } from "./limits.ts";

const CONTROL_CHARACTER = /\p{Cc}/u;

/**
 * What is wrong with a free text, as the second half of a sentence, or undefined when it is a good one.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(textFault("nightly rebill"), undefined);
 * equal(textFault("two\nlines"), "it has a control character");
 * ```
 */
export function textFault(text: string, bytesMax: number = TEXT_BYTES_MAX): string | undefined {
  // A UTF-16 unit is at most three bytes of UTF-8, so most texts need no count.
  if (text.length * 3 > bytesMax && utf8Length(text) > bytesMax) {
    return `it is longer than ${bytesMax} bytes`;
  }
  if (CONTROL_CHARACTER.test(text)) return "it has a control character";
  // JSON can escape half of a surrogate pair, which no UTF-8 text has.
  if (!text.isWellFormed()) return "it has half of a surrogate pair";
  return undefined;
}

/**
 * Whether a text may be a token that proves who one is: printable ASCII without a space, so that it fits into
 * a header and a line.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(isTokenText("dlt_x5bI"), true);
 * equal(isTokenText("two words"), false);
 * ```
 */
export function isTokenText(text: string): boolean {
  return text.length <= TOKEN_BYTES_MAX && /^[!-~]+$/.test(text);
}

/**
 * Bytes that a text takes in UTF-8; half of a surrogate pair counts as the three bytes of its replacement.
 */
function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0)!;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}
