/**
 * One text file of the project, as the tidy checks see it: its path, its text, and, of TypeScript, what its
 * syntax tree says.
 *
 * @module
 */
import { type Facts, readFacts } from "./facts.ts";

/** A file of the project. */
export class SourceFile {
  /** From the root of the project, with `/`. */
  readonly path: string;
  readonly text: string;
  #facts: Facts | undefined;

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
  }

  /**
   * Whether it is TypeScript, or JavaScript that has its types in comments: the modules of the web page,
   * which browsers get as they stand.
   */
  get isTypeScript(): boolean {
    return this.path.endsWith(".ts") || /^server\/web\/[^/]+\.js$/.test(this.path);
  }

  /** What the syntax tree says; parsed at most once. */
  get facts(): Facts {
    return this.#facts ??= readFacts(this.path, this.text);
  }

  /** The place of a line, for a message. */
  at(line: number): string {
    return `${this.path}:${line}`;
  }
}

/** The lines of a text, without the empty one behind the last line end. */
export function linesOf(text: string): string[] {
  const lines = text.split("\n");
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}
