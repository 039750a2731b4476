import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { NO_NONCE, readTextLine } from "../../../../server/dialect/text_command.ts";

/** A good line and what it says. */
const COMMANDS: readonly [line: string, fields: Record<string, unknown>][] = [
  ["HELLO 1 n", { verb: "HELLO" }],
  ["ON a 100 n", { verb: "ON", lock: "a", timeoutMs: 100 }],
  ["TRY a/b:c@d~e+f=g 31622400000 n", { verb: "TRY", lock: "a/b:c@d~e+f=g", timeoutMs: 31_622_400_000 }],
  ["OFF a n", { verb: "OFF", lock: "a" }],
  ["REFRESH a 9007199254740991 00100 n", { verb: "REFRESH", lock: "a", fence: 2 ** 53 - 1, timeoutMs: 100 }],
  ["IS a n", { verb: "IS", lock: "a" }],
  ["STATS n", { verb: "STATS" }],
];

Deno.test("[T-2] readTextLine reads every command", async (t) => {
  for (const [line, fields] of COMMANDS) {
    await t.step(line, () => {
      deepEqual(readTextLine(line), { nonce: "n", token: "", lock: "", timeoutMs: 0, fence: 0, ...fields });
    });
  }
});

Deno.test("[T-3] readTextLine refuses every command with a field too many or too few", () => {
  for (const [line] of COMMANDS) {
    const fields = line.split(" ");
    for (
      const wrong of [
        `${line} x`,
        `${line} `,
        ` ${line}`,
        line.replace(" ", "  "),
        fields.slice(0, -1).join(" "),
      ]
    ) {
      const fault = readTextLine(wrong);
      ok("fault" in fault, wrong);
      equal(fault.nonce, NO_NONCE, wrong);
    }
  }
});

Deno.test("[T-3] readTextLine answers whatever it is given in one line of printable words", () => {
  const word = fc.oneof(
    fc.constantFrom("ON", "TRY", "REFRESH", "STATS", "a", "100", "1", "", "\x7f", "\x9b2J", "\u2028"),
    fc.string({ unit: "binary" }),
  );
  fc.assert(fc.property(fc.array(word, { maxLength: 6 }), (words) => {
    const read = readTextLine(words.join(" "));
    ok(/^[!-~]{1,64}$/.test(read.nonce));
    if ("fault" in read) ok(/^Cannot [ -~…]+$/.test(read.message), read.message);
  }));
});
