/**
 * Columns of text for people.
 *
 * @module
 */

/**
 * Lays columns side by side, each as wide as its widest cell. All have the same number of cells; the empty
 * text when there are none.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(layOut([["NAME", "a"], ["STATE", "held"]]), "NAME  STATE\na     held\n");
 * ```
 */
export function layOut(columns: readonly (readonly string[])[]): string {
  const padded = columns.map((column) => {
    const width = Math.max(...column.map((cell) => cell.length));
    return column.map((cell) => cell.padEnd(width));
  });
  const lines = (padded[0] ?? []).map((_, line) => padded.map((column) => column[line]).join("  ").trimEnd());
  return lines.map((line) => `${line}\n`).join("");
}
