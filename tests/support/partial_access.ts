/**
 * An access that may what a test says, and can be ended.
 *
 * @module
 */
import { allows, allowsBelow, parseRule, type Rule } from "../../server/access/rules.ts";
import type { Access } from "../../server/session/access.ts";

/** Somebody with rules of a tokens file, which the test can change. */
export class PartialAccess implements Access {
  ended: string | undefined = undefined;
  readonly subject: string;
  #rules: readonly Rule[];

  constructor(subject: string, ...rules: readonly string[]) {
    this.subject = subject;
    this.#rules = parse(rules);
  }

  /** Has other rules from now on. */
  change(...rules: readonly string[]): void {
    this.#rules = parse(rules);
  }

  readonly allows: Access["allows"] = (right, name) => !this.ended && allows(this.#rules, right, name);
  readonly allowsBelow: Access["allowsBelow"] = (right, prefix) =>
    !this.ended && allowsBelow(this.#rules, right, prefix);
}

function parse(rules: readonly string[]): Rule[] {
  return rules.flatMap((text) => {
    const parsed = parseRule(text);
    if ("fault" in parsed) throw new Error(`${text}: ${parsed.fault}`);
    return parsed;
  });
}
