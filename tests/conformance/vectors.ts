/**
 * Reads the language-neutral vectors of `tests/conformance/vectors/`.
 *
 * @module
 */
import { readFileSync } from "node:fs";

/** A piece of a text or of a stream of bytes. */
export type Part = string | { readonly repeat: string; readonly times: number } | { readonly hex: string };

/** A text, or the parts that it is joined from. */
export type Parts = string | readonly Part[];

/** The vectors of one file. */
export function readVectors<V>(file: string): readonly V[] {
  const text = readFileSync(new URL(`./vectors/${file}`, import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly vectors: readonly V[] }).vectors;
}

/** The text that the parts make. */
export function joinText(parts: Parts): string {
  return new TextDecoder("utf-8", { ignoreBOM: true, fatal: true }).decode(joinBytes(parts));
}

/** The bytes that the parts make. */
export function joinBytes(parts: Parts): Uint8Array<ArrayBuffer> {
  const list = typeof parts === "string" ? [parts] : parts;
  return new Uint8Array(list.flatMap((part) => {
    if (typeof part === "string") return [...new TextEncoder().encode(part)];
    if ("hex" in part) return part.hex.match(/../g)!.map((pair) => Number.parseInt(pair, 16));
    return [...new TextEncoder().encode(part.repeat.repeat(part.times))];
  }));
}

/** True for a list that stands for a text: one of its parts is repeated. Other lists are lists. */
function isParts(value: readonly unknown[]): boolean {
  return value.some((part) => typeof part === "object" && part !== null && Object.hasOwn(part, "repeat"));
}

/** A value whose lists of parts, however deep, are joined to texts. */
export function joinWithin(value: unknown): unknown {
  if (Array.isArray(value)) {
    return isParts(value) ? joinText(value as readonly Part[]) : value.map(joinWithin);
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, joinWithin(inner)]));
}
