/**
 * Texts that nobody can guess and that never come twice.
 *
 * Source: RFC 4648 section 5 (base64url).
 *
 * @module
 */

/**
 * Random bytes as text of `A–Z a–z 0–9 - _`.
 *
 * ```ts
 * import { match } from "node:assert/strict";
 *
 * match(randomText(12), /^[A-Za-z0-9_-]{16}$/);
 * ```
 */
export function randomText(bytes: number): string {
  return crypto.getRandomValues(new Uint8Array(bytes)).toBase64({ alphabet: "base64url", omitPadding: true });
}
