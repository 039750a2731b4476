import { deepEqual, equal, match, ok } from "node:assert/strict";
import fc from "fast-check";
import { allows, allowsBelow, parseRule, type Rule } from "../../../../server/access/rules.ts";
import { type Right, RIGHTS } from "../../../../server/session/access.ts";

function rules(...texts: string[]): Rule[] {
  return texts.flatMap((text) => {
    const parsed = parseRule(text);
    ok(!("fault" in parsed), JSON.stringify(parsed));
    return parsed;
  });
}

Deno.test("allows takes the longest pattern, whatever the order of the rules", () => {
  const told = ["read:*", "!read:a/*", "read:a/b/*", "!read:a/b/c"];
  for (const list of [rules(...told), rules(...told.toReversed())]) {
    for (
      const [name, allowed] of [
        ["z", true],
        ["a", true],
        ["a/", false],
        ["a/x", false],
        ["a/b/", true],
        ["a/b/c", false],
        ["a/b/cd", true],
      ] as const
    ) equal(allows(list, "read", name), allowed, name);
  }
});

Deno.test("allows lets a refusal win where two patterns are equal, and a whole name over a beginning", () => {
  equal(allows(rules("read:a*", "!read:a*"), "read", "ab"), false);
  equal(allows(rules("!read:a*", "read:a*"), "read", "ab"), false);
  equal(allows(rules("!read:ab*", "read:ab"), "read", "ab"), true);
  equal(allows(rules("read:ab*", "!read:ab"), "read", "ab"), false);
});

Deno.test("allows gives no right that no rule names", () => {
  for (const right of RIGHTS) equal(allows([], right, "a"), false);
  const list = rules("read,acquire:a*");
  deepEqual(RIGHTS.filter((right) => allows(list, right, "a")), ["read", "acquire"]);
  equal(allows(list, "read", "b"), false);
  equal(allows(list, "read", "A"), false);
});

Deno.test("parseRule refuses what could be meant otherwise", () => {
  for (
    const [text, fault] of [
      ["", /not like/],
      ["read", /not like/],
      ["read:", /not like/],
      [":a*", /"" is none of the rights/],
      ["read,:a*", /"" is none of the rights/],
      ["Read:a*", /"Read" is none/],
      ["read, acquire:a*", /" acquire" is none/],
      ["write:a*", /"write" is none/],
      ["admin:a*", /whole daemon/],
      ["read,admin:a", /whole daemon/],
      ["read:a**", /no lock name/],
      ["read:/a*", /no lock name/],
      ["read:../*", /no lock name/],
      ["read:a b", /no lock name/],
      ["read:ü*", /no lock name/],
    ] as const
  ) {
    const parsed = parseRule(text);
    ok("fault" in parsed, text);
    match(parsed.fault, fault);
  }
});

const PATTERN = fc.stringMatching(/^[ab]{0,3}$/);
const RULE: fc.Arbitrary<Rule> = fc.record({
  right: fc.constantFrom<Right>("read", "acquire"),
  allows: fc.boolean(),
  pattern: PATTERN,
  whole: fc.boolean(),
});

Deno.test("allows is what the rule says that fits best, by the plainest way to find it", () => {
  fc.assert(fc.property(fc.array(RULE, { maxLength: 6 }), PATTERN, (list, name) => {
    const fitting = list.filter(({ right, pattern, whole }) =>
      right === "read" && (whole ? pattern === name : name.startsWith(pattern))
    );
    const ranks = fitting.map(({ pattern, whole }) => pattern.length + (whole ? 0.5 : 0));
    const best = fitting.filter((_, index) => ranks[index] === Math.max(...ranks));
    equal(allows(list, "read", name), best.length > 0 && best.every((rule) => rule.allows));
  }));
});

Deno.test("allowsBelow is true wherever some name that begins so is allowed", () => {
  fc.assert(
    fc.property(
      fc.array(RULE, { maxLength: 6 }),
      PATTERN,
      fc.stringMatching(/^[ab]{0,4}$/),
      (list, prefix, rest) => {
        if (allows(list, "read", prefix + rest)) equal(allowsBelow(list, "read", prefix), true);
      },
    ),
  );
  equal(allowsBelow(rules("read:a/b*"), "read", "a/"), true);
  equal(allowsBelow(rules("read:a/*"), "read", "a/b"), true);
  equal(allowsBelow(rules("read:a/*"), "read", "b"), false);
  equal(allowsBelow(rules("read:a/*", "!read:a/b/*"), "read", "a/b/"), false);
});
