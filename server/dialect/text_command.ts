/**
 * The lines of the text dialect as commands (`docs/dialects.md` section 1). Nothing here throws on what a
 * peer sent: a line that is no command becomes a fault to answer.
 *
 * @module
 */
import { shown } from "../../client/protocol/fields.ts";
import { LIFE_MS_MAX, LIFE_MS_MIN, TOKEN_BYTES_MAX, WORD_BYTES_MAX } from "../../client/protocol/limits.ts";
import { lockNameFault } from "../../client/protocol/names.ts";
import { isTokenText } from "../../client/protocol/text.ts";

/** What stands where an answer has a nonce, when the line had none that could be read. */
export const NO_NONCE = "-";

/** The commands with their fields. A nonce, which comes back in the answer, is the last field of each. */
const FIELDS_OF = {
  AUTH: ["token"],
  HELLO: ["version"],
  ON: ["lock", "timeout"],
  TRY: ["lock", "timeout"],
  OFF: ["lock"],
  REFRESH: ["lock", "fence", "timeout"],
  IS: ["lock"],
  STATS: [],
} as const satisfies Readonly<Record<string, readonly Field[]>>;

/** The first word of a command. */
export type Verb = keyof typeof FIELDS_OF;

type Field = "token" | "version" | "lock" | "timeout" | "fence";

/** A command. Fields that its verb does not have are empty, or 0. */
export interface TextCommand {
  readonly verb: Verb;
  readonly nonce: string;
  readonly token: string;
  readonly lock: string;
  readonly timeoutMs: number;
  readonly fence: number;
}

/** Why a line is no command. */
export interface TextFault {
  readonly fault: true;
  readonly nonce: string;
  /** For people. */
  readonly message: string;
}

/** What a field must be, as the end of a sentence about one that is not. */
const WANTED: Readonly<Record<Exclude<Field, "lock"> | "nonce", string>> = {
  nonce: `it is not 1 to ${WORD_BYTES_MAX} printable ASCII characters`,
  token: `it is not 1 to ${TOKEN_BYTES_MAX} printable ASCII characters`,
  version: `it is not 1 to ${WORD_BYTES_MAX} printable ASCII characters`,
  timeout: `it is not a number of ms from ${LIFE_MS_MIN} to ${LIFE_MS_MAX}`,
  fence: "it is not a fencing token",
};

const SYNOPSES = Object.keys(FIELDS_OF).map((verb) => synopsisOf(verb as Verb));

/**
 * Reads a line, without its end.
 *
 * ```ts
 * import { deepEqual, match, ok } from "node:assert/strict";
 *
 * const command = readTextLine("TRY invoice/42 30000 n1");
 * deepEqual(command, { verb: "TRY", nonce: "n1", token: "", lock: "invoice/42", timeoutMs: 30_000, fence: 0 });
 * const fault = readTextLine("help");
 * ok("fault" in fault);
 * match(fault.message, /TRY lock timeout nonce/);
 * ```
 */
export function readTextLine(line: string): TextCommand | TextFault {
  const [verb = "", ...values] = line.split(" ");
  if (!isVerb(verb)) return { fault: true, nonce: NO_NONCE, message: helpFor(line) };
  const fields = FIELDS_OF[verb];
  const nonce = values[fields.length];
  if (values.length !== fields.length + 1 || nonce === undefined) {
    const count = values.length === 1 ? "1 field" : `${values.length} fields`;
    return {
      fault: true,
      nonce: NO_NONCE,
      message: `Cannot do ${verb} with ${count}: want ${synopsisOf(verb)}`,
    };
  }
  if (!isWord(nonce)) return faulty("nonce", nonce, NO_NONCE, WANTED.nonce);
  let [token, lock, timeoutMs, fence] = ["", "", 0, 0];
  for (const [index, field] of fields.entries()) {
    const value = values[index] as string;
    const fault = faultOf(field, value);
    if (fault !== undefined) return faulty(field, value, nonce, fault);
    if (field === "token") token = value;
    else if (field === "lock") lock = value;
    else if (field === "timeout") timeoutMs = Number(value);
    else if (field === "fence") fence = Number(value);
  }
  return { verb, nonce, token, lock, timeoutMs, fence };
}

function faultOf(field: Field, value: string): string | undefined {
  switch (field) {
    case "token":
      return isTokenText(value) ? undefined : WANTED.token;
    case "version":
      return isWord(value) ? undefined : WANTED.version;
    case "lock":
      return lockNameFault(value);
    case "timeout":
      return isNumber(value, LIFE_MS_MIN, LIFE_MS_MAX) ? undefined : WANTED.timeout;
    case "fence":
      return isNumber(value, 0, Number.MAX_SAFE_INTEGER) ? undefined : WANTED.fence;
  }
}

function faulty(field: Field | "nonce", value: string, nonce: string, fault: string): TextFault {
  // A token is shown to nobody, not even to who sent it.
  const what = field === "token" ? field : `${field} ${quoted(value)}`;
  return { fault: true, nonce, message: `Cannot read ${what}: ${fault}` };
}

/** What a person who tries the port by hand needs to know, in the one line that an answer is. */
function helpFor(line: string): string {
  const example = `for example: TRY invoice/42 30000 n1`;
  // The first word alone: what follows may be a token after a misspelt AUTH.
  const [word = ""] = line.split(" ");
  return `Cannot do ${quoted(word)}: want one of ${
    SYNOPSES.join(" | ")
  }; timeout in ms, nonce any word; ${example}`;
}

/** What a peer sent goes back to it in one line that no terminal takes for a command. */
function quoted(text: string): string {
  return shown(text).replace(/[^ -~…]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function synopsisOf(verb: Verb): string {
  return [verb, ...FIELDS_OF[verb], "nonce"].join(" ");
}

function isVerb(word: string): word is Verb {
  return Object.hasOwn(FIELDS_OF, word);
}

function isWord(text: string): boolean {
  return text.length <= WORD_BYTES_MAX && /^[!-~]+$/.test(text);
}

function isNumber(text: string, min: number, max: number): boolean {
  return /^\d{1,16}$/.test(text) && Number(text) >= min && Number(text) <= max;
}
