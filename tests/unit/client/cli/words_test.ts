/**
 * Options, operands, the tail, and what people are told who mistype.
 *
 * @module
 */
import { deepEqual, equal, throws } from "node:assert/strict";
import type { CommandSpec } from "../../../../client/cli/command.ts";
import { nearest } from "../../../../client/cli/nearest.ts";
import { readWords, UsageError } from "../../../../client/cli/words.ts";

const SPEC: CommandSpec = {
  name: "try",
  operands: "",
  summary: "",
  about: "",
  options: [
    { name: "quick", short: "q", help: "" },
    { name: "reason", short: "r", value: "TEXT", help: "" },
    { name: "label", value: "TEXT", repeats: true, help: "" },
  ],
  examples: [],
};

Deno.test("readWords tells options, operands and the tail apart", () => {
  const words = readWords(["a", "-qr", "why", "--label=x", "b", "--label", "-y", "--", "--quick", "c"], SPEC);
  deepEqual(words.operands, ["a", "b"]);
  deepEqual(words.tail, ["--quick", "c"]);
  deepEqual([words.has("quick"), words.text("reason"), words.texts("label")], [true, "why", ["x", "-y"]]);
  equal(readWords(["a"], SPEC).tail, undefined);
});

Deno.test("readWords refuses an option that is none, and says which may be meant", () => {
  throws(() => readWords(["--reson", "x"], SPEC), {
    message: /--reson: try has no such option; did you mean --reason\?$/,
  });
  throws(() => readWords(["--rea=x"], SPEC), { message: /did you mean --reason\?$/ });
  throws(() => readWords(["--steal"], SPEC), { message: /--steal: try has no such option$/ });
  throws(() => readWords(["-z"], SPEC), { message: /-z: try has no such option$/ });
});

Deno.test("readWords refuses a value too few and too many", () => {
  for (
    const words of [["--reason"], ["-r"], ["--reason", "--quick"], ["--quick=yes"], ["-r", "a", "-r", "b"]]
  ) throws(() => readWords(words, SPEC), UsageError, words.join(" "));
  equal(readWords(["--reason=--quick"], SPEC).text("reason"), "--quick");
});

Deno.test("nearest guesses small mistakes only", () => {
  const words = ["lock", "ls", "who", "watch", "sessions"];
  for (
    const [word, meant] of [["lokc", "lock"], ["lcok", "lock"], ["session", "sessions"], [
      "sess",
      "sessions",
    ]]
  ) {
    equal(nearest(word!, words), meant, word);
  }
  for (const word of ["", "dance", "--", "x"]) equal(nearest(word, words), undefined, word);
});
