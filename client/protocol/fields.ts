/**
 * Reads the fields of a request one by one. A field that is wrong throws a {@link FieldFault}, which only
 * `requests.ts` catches: so a good request, which is nearly every one, costs no checks of results on its way.
 *
 * @module
 */
import { LABELS_MAX, VALUE_BYTES_MAX, WAIT_MS_MAX, WORD_BYTES_MAX } from "./limits.ts";
import type { Labels } from "./messages.ts";
import { type Mode, MODES, parseMode } from "./modes.ts";
import { lockNameFault, lockPrefixFault } from "./names.ts";
import { textFault } from "./text.ts";

/** The fields of a JSON object that was not judged yet. */
export type Fields = { readonly [name: string]: unknown };

/** What is wrong with a field, as a whole sentence. */
export class FieldFault extends Error {
  override readonly name = "FieldFault";

  constructor(field: string, state: string) {
    super(`Cannot read field ${field}: ${state}`);
  }
}

/** True for what JSON calls an object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True for an integer from `min` to `max`. */
export function isWithin(value: unknown, min: number, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
}

/** Refuses fields that the operation does not have. */
export function onlyFields(fields: Fields, known: ReadonlySet<string>, path = ""): void {
  for (const name in fields) {
    if (!known.has(name)) throw new FieldFault(`${path}${shownBare(name)}`, "no such field");
  }
}

/** Least and greatest value of an integer. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** An integer that must be there. */
export function readInteger(field: string, value: unknown, { min, max }: Range): number {
  if (isWithin(value, min, max)) return value;
  throw new FieldFault(field, `${shown(value)} is not an integer from ${min} to ${max}`);
}

const WAITS: Range = { min: 0, max: WAIT_MS_MAX };

/** A time to wait in milliseconds, 0 for none; undefined for ever. */
export function readWait(value: unknown): number | undefined {
  return value === undefined ? undefined : readInteger("wait", value, WAITS);
}

/** A lock name. */
export function readName(field: string, value: unknown): string {
  const fault = typeof value === "string" ? lockNameFault(value) : "it is not a text";
  if (fault === undefined) return value as string;
  throw new FieldFault(field, `${shown(value)} is no lock name, ${fault}`);
}

/** The beginning of lock names; undefined when it is absent. */
export function readPrefix(field: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const fault = typeof value === "string" ? lockPrefixFault(value) : "it is not a text";
  if (fault === undefined) return value as string;
  throw new FieldFault(field, `${shown(value)} begins no lock name, ${fault}`);
}

/** A mode or an alias; `absent` when there is none, if it may be so. */
export function readMode(value: unknown, absent?: Mode): Mode {
  const mode = value === undefined ? absent : typeof value === "string" ? parseMode(value) : undefined;
  if (mode !== undefined) return mode;
  throw new FieldFault("mode", `${shown(value)} is none of ${MODES.join(" ")} shared update exclusive`);
}

/** A free text; undefined when it is absent. */
export function readText(field: string, value: unknown, bytesMax?: number): string | undefined {
  if (value === undefined) return undefined;
  const fault = typeof value === "string" ? textFault(value, bytesMax) : "it is not a text";
  if (fault === undefined) return value as string;
  throw new FieldFault(field, `${shown(value)} is refused, ${fault}`);
}

/** The text of a value block: any characters, since only programs read it. */
export function readValue(value: unknown): string {
  if (typeof value !== "string" || !value.isWellFormed()) {
    throw new FieldFault("value", `${shown(value)} is not a text`);
  }
  const { length } = new TextEncoder().encode(value);
  if (length <= VALUE_BYTES_MAX) return value;
  throw new FieldFault("value", `it is ${length} bytes long, and ${VALUE_BYTES_MAX} are the most`);
}

/** Yes or no; undefined when it is absent. */
export function readBoolean(field: string, value: unknown): boolean | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  throw new FieldFault(field, `${shown(value)} is neither true nor false`);
}

/** Labels; undefined when they are absent. */
export function readLabels(value: unknown): Labels | undefined {
  if (value === undefined) return undefined;
  if (!isFields(value)) throw new FieldFault("labels", `${shown(value)} is not an object`);
  const entries = Object.entries(value);
  if (entries.length > LABELS_MAX) {
    throw new FieldFault("labels", `${entries.length} are more than ${LABELS_MAX}`);
  }
  for (const [name, label] of entries) {
    readText("labels", name, WORD_BYTES_MAX);
    if (label === undefined) throw new FieldFault(`labels.${shownBare(name)}`, "nothing is not a text");
    readText(`labels.${shownBare(name)}`, label, WORD_BYTES_MAX);
  }
  return value as Labels;
}

const SHOWN_CHARACTERS_MAX = 48;

/**
 * A value as a message shows it. What the peer sent may be long or deep: only the beginning of a plain value
 * is shown.
 */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value !== "string") return String(value);
  return JSON.stringify(shortened(value));
}

function shownBare(name: string): string {
  return JSON.stringify(shortened(name)).slice(1, -1);
}

function shortened(text: string): string {
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}
