/**
 * What an examination found, point by point, and how it is told.
 *
 * @module
 */

/**
 * How good a point is:
 *
 * - `ok`: as it should be
 * - `skip`: it could not be looked at, and the text says why
 * - `warn`: locks are safe, but something else is not as it should be
 * - `fail`: locks may not exclude, or cannot be made at all
 */
export type Verdict = "ok" | "skip" | "warn" | "fail";

/** One point of an examination. */
export interface Finding {
  /** What was looked at, in a word or two. */
  readonly check: string;
  readonly verdict: Verdict;
  /** What was found. */
  readonly text: string;
  /** What to change; absent when nothing is to be changed. */
  readonly advice?: string;
}

/** The gravest verdict among findings. */
export function worstOf(findings: readonly Finding[]): Verdict {
  const order: readonly Verdict[] = ["fail", "warn", "skip"];
  return order.find((verdict) => findings.some((finding) => finding.verdict === verdict)) ?? "ok";
}

/**
 * One finding as a sentence.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(sentence({ check: "mount", verdict: "fail", text: "read-only", advice: "remount it" }), "mount: read-only; remount it");
 * ```
 */
export function sentence({ check, text, advice }: Finding): string {
  return `${check}: ${text}${advice === undefined ? "" : `; ${advice}`}`;
}

/** Findings for people, a line each, and what to change on a line of its own. */
export function findingLines(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings.map(({ verdict, check, text, advice }) => {
    const head = `${verdict.padEnd(4)}  ${check.padEnd(width)}  `;
    return `${head}${text}\n${advice === undefined ? "" : `${" ".repeat(head.length)}→ ${advice}\n`}`;
  }).join("");
}
