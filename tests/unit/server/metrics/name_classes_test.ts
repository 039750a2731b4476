// Classes of lock names, and how they are written.
import { deepEqual, equal } from "node:assert/strict";
import { NAME_CLASSES_MAX, NameClasses, parseNameClasses } from "../../../../server/metrics/name_classes.ts";

Deno.test("NameClasses takes the longest prefix that fits, in whatever order they are given", () => {
  const rules = parseNameClasses("a/=short,a/b/=long,x=short") ?? [];
  for (const given of [rules, [...rules].reverse()]) {
    const classes = new NameClasses(given);
    const classOf = (name: string) => classes.names[classes.of(name)];
    deepEqual(["a/c", "a/b/c", "xyz", "b"].map(classOf), ["short", "long", "short", "other"]);
  }
});

Deno.test("NameClasses may call a class other, as all that no rule fits", () => {
  const classes = new NameClasses([{ prefix: "a/b/", className: "other" }, { prefix: "a/", className: "a" }]);
  deepEqual(classes.names, ["other", "a"]);
  equal(classes.of("a/b/c"), 0);
});

Deno.test("parseNameClasses takes a = in a prefix, and refuses what it cannot mean", () => {
  deepEqual(parseNameClasses("k=v/=kv"), [{ prefix: "k=v/", className: "kv" }]);
  for (const text of ["", "a", "=x", "a=", "a=B", "a=x,", "a=x,a=y", "a b=x", "ä=x", `a=${"x".repeat(33)}`]) {
    equal(parseNameClasses(text), undefined, text);
  }
});

Deno.test("parseNameClasses takes so many classes and no more", () => {
  const rules = (count: number) => Array.from({ length: count }, (_, index) => `p${index}/=c${index}`).join();
  equal(parseNameClasses(rules(NAME_CLASSES_MAX))?.length, NAME_CLASSES_MAX);
  equal(parseNameClasses(rules(NAME_CLASSES_MAX + 1)), undefined);
});
