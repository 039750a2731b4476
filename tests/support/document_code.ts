/**
 * The code that documents show, so that tests can look at it.
 *
 * @module
 */

/** One piece of code of a document. */
export interface CodeBlock {
  /** Where it begins. */
  readonly line: number;
  readonly text: string;
}

/** All blocks of a document that are marked with exactly that word. */
export function codeBlocks(document: string, mark: string): CodeBlock[] {
  const lines = document.split("\n");
  return lines.flatMap((line, index) => {
    if (line !== "```" + mark) return [];
    const end = lines.indexOf("```", index + 1);
    return [{ line: index + 1, text: lines.slice(index + 1, end).join("\n") }];
  });
}
