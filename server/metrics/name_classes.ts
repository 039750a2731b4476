/**
 * Lock names in a few classes, since a name must never be a label of a metric: names are many, and may tell
 * secrets. Pure.
 *
 * @module
 */

/** Most classes that can be configured: each is some dozen series of every metric that has it as a label. */
export const NAME_CLASSES_MAX = 50;

/** The class of a name that no rule fits. */
export const OTHER_CLASS = "other";

/** Names that begin with `prefix` are of this class. */
export interface NameClassRule {
  readonly prefix: string;
  readonly className: string;
}

/**
 * The classes of names, by their prefixes; of several that fit the longest counts.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * const classes = new NameClasses([{ prefix: "job/", className: "jobs" }, { prefix: "job/x/", className: "x" }]);
 * equal(classes.names[classes.of("job/7")], "jobs");
 * equal(classes.names[classes.of("job/x/7")], "x");
 * equal(classes.names[classes.of("invoice/42")], "other");
 * ```
 */
export class NameClasses {
  /** All classes; {@link OTHER_CLASS} is the first. */
  readonly names: readonly string[];
  readonly #rules: readonly { readonly prefix: string; readonly index: number }[];

  constructor(rules: readonly NameClassRule[]) {
    this.names = [...new Set([OTHER_CLASS, ...rules.map(({ className }) => className)])];
    const longestFirst = [...rules].sort((a, b) => b.prefix.length - a.prefix.length);
    this.#rules = longestFirst.map(({ prefix, className }) => ({
      prefix,
      index: this.names.indexOf(className),
    }));
  }

  /** The index, in {@link names}, of the class of a lock name. */
  of(name: string): number {
    for (const { prefix, index } of this.#rules) if (name.startsWith(prefix)) return index;
    return 0;
  }
}

/**
 * Reads rules that are written as `PREFIX=CLASS,…`. A lock name may have a `=` in it, so the last one counts.
 * Undefined when the text is not of that form, has a prefix twice, or more than {@link NAME_CLASSES_MAX}
 * classes.
 *
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 *
 * deepEqual(parseNameClasses("job/=jobs"), [{ prefix: "job/", className: "jobs" }]);
 * ```
 */
export function parseNameClasses(text: string): readonly NameClassRule[] | undefined {
  const rules = text.split(",").map((rule) =>
    /^([A-Za-z0-9._:/@~+=-]{1,200})=([a-z0-9_-]{1,32})$/.exec(rule)
  );
  const found = rules.flatMap((match) =>
    match ? [{ prefix: match[1] ?? "", className: match[2] ?? "" }] : []
  );
  const isSound = found.length === rules.length &&
    new Set(found.map(({ prefix }) => prefix)).size === found.length &&
    new Set(found.map(({ className }) => className)).size <= NAME_CLASSES_MAX;
  return isSound ? found : undefined;
}
