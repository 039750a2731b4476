/**
 * A command that does not want to end, and all that it starts: each of them writes down again and again that
 * it lives.
 *
 * @module
 */

/** How often one says that it lives, in seconds. */
const BEAT = "0.02";
const WHO = ["parent", "child", "daemon"] as const;

/** Processes that beat into files of a directory. */
export class BeatingFamily {
  readonly #directory: string;
  readonly #isStubborn: boolean;

  /**
   * `isStubborn`: there are three of them, and TERM ends none. Else the parent is alone, and TERM ends it.
   */
  constructor(directory: string, { isStubborn }: { readonly isStubborn: boolean }) {
    this.#directory = directory;
    this.#isStubborn = isStubborn;
  }

  /**
   * The command: a parent, and if they are stubborn a child in the background, and one that left for a
   * session of its own.
   */
  get command(): readonly string[] {
    const [parent, child, daemon] = WHO.map((who) => `${this.#directory}/beats-${who}`);
    const beat = `while :; do date +%s%3N >>"$0"; sleep ${BEAT}; done`;
    const others = `trap '' TERM; sh -c '${beat}' "$1" & setsid sh -c '${beat}' "$2" & `;
    const script = `${this.#isStubborn ? others : ""}exec sh -c '${beat}' "$0"`;
    return ["sh", "-c", script, parent!, child!, daemon!];
  }

  get #members(): readonly (typeof WHO)[number][] {
    return this.#isStubborn ? WHO : ["parent"];
  }

  /** Whether all of them have said that they live. */
  get isBorn(): boolean {
    return this.#members.every((who) => this.#beats(who).length > 0);
  }

  /** When the last one of them said that it lives, in milliseconds since 1970. */
  get lastBeatMs(): number {
    return Math.max(...this.#members.map((who) => this.#beats(who).at(-1) ?? 0));
  }

  #beats(who: string): number[] {
    try {
      const lines = Deno.readTextFileSync(`${this.#directory}/beats-${who}`).split("\n");
      // The last line may be half written.
      return lines.slice(0, -1).map(Number);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }
}
