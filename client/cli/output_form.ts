/**
 * How a command prints what it found: the option `-o`.
 *
 * @module
 */
import { UsageError } from "./usage.ts";

/** `table` for people, `json` for one document, `jsonl` for one document a line. */
export type OutputForm = "table" | "json" | "jsonl";

/** The option, for `parseArgs`. */
export const OUTPUT_OPTION = { output: { type: "string", short: "o" } } as const;

/**
 * The form that a word names.
 *
 * @throws {UsageError} when it names none.
 */
export function readOutputForm(text = "table"): OutputForm {
  if (text === "table" || text === "json" || text === "jsonl") return text;
  throw new UsageError(`Cannot use --output ${text}: it is none of table json jsonl`);
}

/**
 * A value as a JSON document to read, with its line end.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(jsonText({ name: "a" }), '{\n  "name": "a"\n}\n');
 * ```
 */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}

/**
 * Values as JSON documents, each on a line.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(jsonLines([{ name: "a" }, { name: "b" }]), '{"name":"a"}\n{"name":"b"}\n');
 * ```
 */
export function jsonLines(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value) + "\n").join("");
}
