/**
 * How a command prints what it found: the option `-o`.
 *
 * @module
 */
import { printData } from "./output.ts";
import { UsageError, type Words } from "./words.ts";

/** `table` for people, `json` for one document, `jsonl` for one document a line. */
export type OutputForm = "table" | "json" | "jsonl";

/**
 * The form that the words ask for.
 *
 * @throws {UsageError} when it is none.
 */
export function readOutputForm(words: Words): OutputForm {
  const text = words.text("output") ?? "table";
  if (text === "table" || text === "json" || text === "jsonl") return text;
  throw new UsageError(`Cannot use --output ${text}: it is none of table json jsonl`);
}

/** Prints one thing in a form; `table` makes its text for people. */
export async function printOne(form: OutputForm, value: unknown, table: () => string): Promise<void> {
  await printData(form === "table" ? table() : form === "json" ? jsonText(value) : jsonLines([value]));
}

/** Prints several things in a form. */
export async function printAll(
  form: OutputForm,
  values: readonly unknown[],
  table: () => string,
): Promise<void> {
  await printData(form === "table" ? table() : form === "json" ? jsonText(values) : jsonLines(values));
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
