import { equal } from "node:assert/strict";
import fc from "fast-check";
import { lockNameFault } from "../../../client/protocol/names.ts";
import { lockNameOf, webNameOf } from "../../../client/web_lock_names.ts";

/**
 * Texts that are likely to meet the rules: code units of all kinds, among them many dots, slashes, tildes and
 * hex digits.
 */
const text = fc.array(
  fc.oneof(
    fc.constantFrom(".", "/", "~", "u", "2", "e", "-", " ", "a"),
    fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  ),
  { maxLength: 30 },
).map((units) => units.join(""));

Deno.test("lockNameOf gives a lock name for any text, and webNameOf gives the text back", () => {
  fc.assert(fc.property(text, (name) => {
    equal(lockNameFault(lockNameOf(name)), undefined);
    equal(webNameOf(lockNameOf(name)), name);
  }));
});

Deno.test("lockNameOf leaves lock names without ~ as they are", () => {
  fc.assert(fc.property(text, (name) => {
    if (lockNameFault(name) === undefined && !name.includes("~")) equal(lockNameOf(name), name);
  }));
});

Deno.test("webNameOf gives nothing for a lock name that is not of a text", () => {
  for (const name of ["a~b", "~", "~~", "~20~", "~61", "~u0020", "~U2603", "a~2", "~2E./x", "a~2e"]) {
    equal(webNameOf(name), name === "~" ? "" : undefined, name);
  }
  fc.assert(fc.property(text, (name) => {
    const web = webNameOf(name);
    if (web !== undefined) equal(lockNameOf(web), name);
  }));
});

Deno.test("lockNameOf writes segments of dots and a slash in front so that they are none", () => {
  const named = {
    "/a": "~2fa",
    "//": "~2f/",
    ".": "~2e",
    "..": "~2e.",
    "...": "...",
    "a/.": "a/~2e",
    "./.": "~2e/~2e",
    "../..": "~2e./~2e.",
    ".a/b.": ".a/b.",
  };
  for (const [name, lockName] of Object.entries(named)) equal(lockNameOf(name), lockName);
});
