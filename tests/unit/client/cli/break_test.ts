/**
 * What the words of `distrilock break` mean, and the forms of `-o`.
 *
 * @module
 */
import { deepEqual, equal, throws } from "node:assert/strict";
import { parseBreakPlan } from "../../../../client/cli/break.ts";
import { jsonLines, jsonText, readOutputForm } from "../../../../client/cli/output_form.ts";
import { UsageError } from "../../../../client/cli/usage.ts";

Deno.test("parseBreakPlan reads a name, a token and a reason", () => {
  deepEqual(parseBreakPlan(["a/b", "--token", "9007199254740991", "--reason", "host is gone"]), {
    name: "a/b",
    token: Number.MAX_SAFE_INTEGER,
    reason: "host is gone",
    server: undefined,
  });
  equal(parseBreakPlan(["--help"]), undefined);
});

Deno.test("parseBreakPlan refuses what makes no sense", () => {
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
  ) throws(() => parseBreakPlan(words), UsageError, words.join(" "));
});

Deno.test("readOutputForm knows table, json and jsonl", () => {
  equal(readOutputForm(), "table");
  equal(readOutputForm("jsonl"), "jsonl");
  throws(() => readOutputForm("yaml"), UsageError);
});

Deno.test("jsonText is one document, jsonLines has one a line", () => {
  deepEqual(JSON.parse(jsonText([{ name: "a" }])), [{ name: "a" }]);
  equal(jsonLines([{ name: "a" }, { name: "b" }]), '{"name":"a"}\n{"name":"b"}\n');
  equal(jsonLines([]), "");
});
