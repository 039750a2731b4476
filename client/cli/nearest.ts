/**
 * What a mistyped word was meant to be.
 *
 * Source: V. I. Levenshtein, "Binary codes capable of correcting deletions, insertions and reversals", 1966.
 *
 * @module
 */

/** A word with more mistakes than one in so many letters is another word. */
const LETTERS_PER_MISTAKE = 2;

/**
 * The word that is most like `word`, or undefined when none is much like it.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(nearest("--reson", ["--reason", "--server"]), "--reason");
 * equal(nearest("--steal", ["--reason", "--server"]), undefined);
 * ```
 */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const mistakesMax = Math.max(1, Math.floor(word.replace(/^-+/, "").length / LETTERS_PER_MISTAKE));
  const ranked = words.map((known) => ({ known, mistakes: mistakesBetween(word, known) }))
    .filter(({ mistakes }) => mistakes <= mistakesMax)
    .sort((one, other) => one.mistakes - other.mistakes);
  const isBegun = words.filter((known) => word.replace(/^-+/, "").length > 1 && known.startsWith(word));
  return ranked[0]?.known ?? (isBegun.length === 1 ? isBegun[0] : undefined);
}

/** How many letters have to be put in, taken out or changed. */
function mistakesBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (const [line, letter] of [...one].entries()) {
    const next = [line + 1];
    for (const [column, wanted] of [...other].entries()) {
      const changed = row[column]! + (letter === wanted ? 0 : 1);
      next.push(Math.min(changed, row[column + 1]! + 1, next[column]! + 1));
    }
    row = next;
  }
  return row.at(-1)!;
}
