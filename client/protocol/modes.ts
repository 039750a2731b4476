/**
 * The names of the lock modes, as they travel on the wire. What the modes mean for each other (the matrix) is
 * decided in the server alone, in `server/lock/mode.ts`.
 *
 * Source: HP OpenVMS Programming Concepts Manual, "Lock Modes".
 *
 * @module
 */

/**
 * The six modes, weakest first: null, concurrent read, concurrent write, protected read, protected write,
 * exclusive.
 */
export const MODES = ["NL", "CR", "CW", "PR", "PW", "EX"] as const;

/** One of the six lock {@link MODES}. */
export type Mode = typeof MODES[number];

/** Words that may stand for a mode wherever a mode is asked for. */
export const MODE_ALIASES = { shared: "PR", update: "PW", exclusive: "EX" } as const satisfies Record<
  string,
  Mode
>;

/** A mode or one of its {@link MODE_ALIASES}. */
export type ModeName = Mode | keyof typeof MODE_ALIASES;

/** The mode that an acquire asks for when it names none. */
export const DEFAULT_MODE: Mode = "EX";

const MODE_BY_NAME: ReadonlyMap<string, Mode> = new Map<string, Mode>([
  ...MODES.map((mode) => [mode, mode] as const),
  ...Object.entries(MODE_ALIASES),
]);

/**
 * The mode that a word names, or undefined when it names none. Modes are upper case, aliases lower case.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(parseMode("shared"), "PR");
 * equal(parseMode("ex"), undefined);
 * ```
 */
export function parseMode(word: string): Mode | undefined {
  return MODE_BY_NAME.get(word);
}
