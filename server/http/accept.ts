/**
 * Whether a client takes what a route has to give.
 *
 * Source: RFC 9110 section 12.5.1 (Accept).
 *
 * @module
 */

/**
 * True when the header allows the type; without a header everything is allowed.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(accepts("text/html, application/*;q=0.5", "application/json"), true);
 * equal(accepts("text/html, application/json;q=0", "application/json"), false);
 * ```
 */
export function accepts(header: string | null, type: string): boolean {
  if (header === null || header.trim() === "") return true;
  const [family = ""] = type.split("/", 1);
  const ranges = header.split(",").map(parseRange);
  // The most special range that names the type decides.
  for (const wanted of [type, `${family}/*`, "*/*"]) {
    const range = ranges.find(({ name }) => name === wanted);
    if (range) return range.quality > 0;
  }
  return false;
}

function parseRange(text: string): { readonly name: string; readonly quality: number } {
  const [name = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith("q="));
  return { name, quality: quality === undefined ? 1 : Number(quality.slice(2)) || 0 };
}
