/**
 * What a token may do to which names, as rules of a tokens file:
 *
 * | rule | what it says |
 * |---|---|
 * | `read,acquire:invoice/*` | may read and acquire all names that begin with `invoice/` |
 * | `acquire:deploy` | may acquire the name `deploy` and no other |
 * | `!acquire:invoice/closed/*` | may not acquire names that begin so |
 * | `read,acquire,break,admin:*` | may do everything; `admin` goes with `*` alone |
 *
 * Each right is looked at by itself: of the rules that name it and fit the lock name, the longest pattern
 * wins, a whole name over a beginning of the same length, and `!` over its opposite. No rule: not allowed.
 * Pure.
 *
 * @module
 */
import { lockNameFault } from "../../client/protocol/names.ts";
import { type Right, RIGHTS, WHOLE_DAEMON } from "../session/access.ts";

/** One rule for one right. */
export interface Rule {
  readonly right: Right;
  readonly allows: boolean;
  /** What a name begins with, or is. */
  readonly pattern: string;
  /** Whether the pattern is a whole name. */
  readonly whole: boolean;
}

/** Why a text is no rule, as the second half of a sentence. */
export interface RuleFault {
  readonly fault: string;
}

/**
 * Reads a rule: one for each right that it names.
 *
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 *
 * deepEqual(parseRule("!break:invoice/*"), [{ right: "break", allows: false, pattern: "invoice/", whole: false }]);
 * ```
 */
export function parseRule(text: string): readonly Rule[] | RuleFault {
  const [, not = "", rights = "", shape = ""] = /^(!?)([^:]*):(.*)$/.exec(text) ?? [];
  if (shape === "") return { fault: "it is not like read,acquire:invoice/*" };
  const whole = !shape.endsWith("*");
  const pattern = whole ? shape : shape.slice(0, -1);
  // A beginning that no name has would be a rule without effect: a refusal that somebody counts on.
  const fault = lockNameFault(whole ? pattern : `${pattern}x`);
  if (fault !== undefined) {
    return { fault: `its pattern is no lock name, and no beginning of one with a *: ${fault}` };
  }
  const rules: Rule[] = [];
  for (const word of rights.split(",")) {
    const right = RIGHTS.find((known) => known === word);
    if (!right) return { fault: `${JSON.stringify(word)} is none of the rights ${RIGHTS.join(", ")}` };
    if (right === "admin" && shape !== "*") {
      return { fault: "admin is about the whole daemon, so its pattern is *" };
    }
    rules.push({ right, allows: not === "", pattern, whole });
  }
  return rules;
}

/**
 * Whether the rules allow it.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * const rules = ["acquire:invoice/*", "!acquire:invoice/closed/*"].flatMap((text) => parseRule(text) as Rule[]);
 * equal(allows(rules, "acquire", "invoice/42"), true);
 * equal(allows(rules, "acquire", "invoice/closed/41"), false);
 * equal(allows(rules, "read", "invoice/42"), false);
 * ```
 */
export function allows(rules: readonly Rule[], right: Right, name: string): boolean {
  return verdict(
    rules,
    right,
    ({ pattern, whole }) => whole ? pattern === name : name.startsWith(pattern),
  );
}

/** Whether the rules may allow it for some name that begins so. */
export function allowsBelow(rules: readonly Rule[], right: Right, prefix: string): boolean {
  const below = rules.some((rule) => rule.right === right && rule.allows && rule.pattern.startsWith(prefix));
  return below || verdict(rules, right, ({ pattern, whole }) => !whole && prefix.startsWith(pattern));
}

function verdict(rules: readonly Rule[], right: Right, fits: (rule: Rule) => boolean): boolean {
  let [best, allowed] = [-1, false];
  for (const rule of rules) {
    if (rule.right !== right || !fits(rule)) continue;
    const rank = 2 * rule.pattern.length + Number(rule.whole);
    if (rank < best) continue;
    allowed = rule.allows && (rank > best || allowed);
    best = rank;
  }
  return allowed;
}

/** Whether the rules give the right to administrate. */
export function administrates(rules: readonly Rule[]): boolean {
  return allows(rules, "admin", WHOLE_DAEMON);
}
