/**
 * Words that are banned, with what to use instead: in pure files all that reads the world or waits for it,
 * everywhere the constructs that the house does without, and what was only meant for a day of work.
 *
 * @module
 */
import { linesOf, type SourceFile } from "./source_file.ts";

type Words = Readonly<Record<string, string>>;

/** Files that only decide: events and `now` in, effects out. */
const PURE =
  /^(?:client\/protocol\/|client\/(?:errors|backoff)\.ts$|server\/lock\/|server\/dialect\/|server\/http\/(?:accept|replays)\.ts$|server\/metrics\/(?:distribution|health|lock_tally|metric|metric_table|name_classes|store_tally)\.ts$|server\/web\/(?:board|event_text|server_clock|tally|wait_graph|words)\.js$)/;

/** Files that may talk to people directly. */
const TALKS = /^(?:client\/cli\/|tools\/|server\/main\.ts$|examples\/|tests\/)/;

const EDGE = "an effect that the caller carries out";
const NOW = "the `now` argument";

const IMPURE_WORDS: Words = {
  "async function": "a function that returns effects at once",
  "await …": "a function that returns effects at once",
  "Deno": EDGE,
  "Date.now": NOW,
  "new Date()": NOW,
  "Temporal": NOW,
  "performance": NOW,
  "Math.random": "a random number given as an argument",
  "crypto": "random bytes given as an argument",
  "setTimeout": "a deadline given back to the caller",
  "setInterval": "a deadline given back to the caller",
  "setImmediate": EDGE,
  "queueMicrotask": EDGE,
  "globalThis": "arguments",
};

const CONSTRUCTS: Words = {
  "the type any": "unknown, or the type itself",
  "enum": "a union of texts, or a const object",
  "declared namespace": "a file",
  "export default": "a named export",
  ".only": "deno test --filter",
};

// Written in halves, so that this file does not find itself.
const UNFINISHED = new RegExp(`\\b(?:${["FIX" + "ME", "TO" + "DO", "XX" + "X"].join("|")})\\b`);

/** Words and imports in pure files that only the edge may use. */
export function checkPurity(files: readonly SourceFile[]): string[] {
  const pure = files.filter(({ path, isTypeScript }) => isTypeScript && PURE.test(path));
  const imports = pure.flatMap((file) =>
    file.facts.imports.filter(({ what }) => what.startsWith("node:")).map(({ what, line }) =>
      banned(file, line, `${what} in a pure file`, EDGE)
    )
  );
  return [...findWords(pure, IMPURE_WORDS, " in a pure file"), ...imports];
}

/**
 * Wall clocks in the client, where somebody who sets one would take or lengthen a lock. Its command line
 * shows times to people.
 */
export function checkClocks(files: readonly SourceFile[]): string[] {
  const library = files.filter(({ path, isTypeScript }) =>
    isTypeScript && path.startsWith("client/") && !path.startsWith("client/cli/")
  );
  const monotonic = "the clock of client/clock.ts";
  return findWords(library, { "Date.now": monotonic, "new Date()": monotonic }, " in the client");
}

/** Constructs that the house does without. */
export function checkConstructs(files: readonly SourceFile[]): string[] {
  return findWords(files.filter(({ isTypeScript }) => isTypeScript), CONSTRUCTS, "");
}

/** Direct talk to people where the log or the caller should do it. */
export function checkConsole(files: readonly SourceFile[]): string[] {
  const silent = files.filter(({ path, isTypeScript }) => isTypeScript && !TALKS.test(path));
  return findWords(silent, { console: "the log, or a value for the caller" }, "");
}

/** Marks of unfinished work, in whatever text. */
export function checkUnfinished(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) =>
    linesOf(file.text).flatMap((line, index) => {
      const [mark] = UNFINISHED.exec(line) ?? [];
      return mark === undefined ? [] : [banned(file, index + 1, mark, "an issue, or do it now")];
    })
  );
}

function findWords(files: readonly SourceFile[], words: Words, where: string): string[] {
  const found = files.flatMap((file) =>
    file.facts.words.flatMap(({ what, line }) => {
      const instead = Object.hasOwn(words, what) ? words[what] : undefined;
      return instead === undefined ? [] : [banned(file, line, what + where, instead)];
    })
  );
  return [...new Set(found)];
}

function banned(file: SourceFile, line: number, what: string, instead: string): string {
  return `${file.at(line)}: ${what} is banned, use ${instead}`;
}
