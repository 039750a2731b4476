/**
 * What the words of `distrilock break` mean, and the forms of `-o`.
 *
 * @module
 */
import { deepEqual, equal, throws } from "node:assert/strict";
import { BREAK, type BreakPlan, readBreakPlan } from "../../../../client/cli/break.ts";
import { jsonLines, jsonText, readOutputForm } from "../../../../client/cli/output_form.ts";
import { readWords, UsageError } from "../../../../client/cli/words.ts";

function plan(words: readonly string[]): BreakPlan {
  return readBreakPlan(readWords(words, BREAK));
}

Deno.test("readBreakPlan reads a name, a token and a reason", () => {
  deepEqual(plan(["a/b", "--token", "9007199254740991", "--reason", "host is gone"]), {
    name: "a/b",
    token: Number.MAX_SAFE_INTEGER,
    reason: "host is gone",
  });
});

Deno.test("readBreakPlan refuses what makes no sense", () => {
  const reason = ["--reason", "r"];
  for (
    const words of [
      [],
      ["--token", "1", ...reason],
      ["a", ...reason],
      ["a", "--token", "1"],
      ["a", "--token", "1", "--reason", ""],
      ["a", "--token", "1", "--reason", "\n"],
      ["a", "--token", "0", ...reason],
      ["a", "--token", "-1", ...reason],
      ["a", "--token", "1e3", ...reason],
      ["a", "--token", "9007199254740992", ...reason],
      ["a", "b", "--token", "1", ...reason],
      ["../a", "--token", "1", ...reason],
    ]
  ) throws(() => plan(words), UsageError, words.join(" "));
});

Deno.test("readOutputForm knows table, json and jsonl", () => {
  equal(readOutputForm(readWords([], BREAK)), "table");
  equal(readOutputForm(readWords(["-o", "jsonl"], BREAK)), "jsonl");
  throws(() => readOutputForm(readWords(["-o", "yaml"], BREAK)), UsageError);
});

Deno.test("jsonText is one document, jsonLines has one a line", () => {
  deepEqual(JSON.parse(jsonText([{ name: "a" }])), [{ name: "a" }]);
  equal(jsonLines([{ name: "a" }, { name: "b" }]), '{"name":"a"}\n{"name":"b"}\n');
  equal(jsonLines([]), "");
});
