import { deepEqual } from "node:assert/strict";
import { plant } from "./planted.ts";
import { checkRulesExist, checkRulesHaveTests } from "./rules.ts";

const PROTOCOL = { "docs/protocol.md": "* **[P-1]** First.\n* **[P-12]** As [P-1].\n" };
const UNTESTED =
  "docs/protocol.md: a rule without a test is banned, use [P-12] in the name of a test that proves it";

function untested(path: string, text: string): string[] {
  return checkRulesHaveTests(
    plant({ ...PROTOCOL, "tests/one_test.ts": 'Deno.test("[P-1] f does", f);', [path]: text }),
  );
}

Deno.test("checkRulesHaveTests finds a rule that no test names", () => {
  for (
    const text of [
      "",
      "// [P-12]",
      'Deno.test("f does", f); equal(1, 2, "[P-12]");',
      'Deno.test("P-12 f", f);',
      'Deno.test("[P-120]", f);',
    ]
  ) {
    deepEqual(untested("tests/two_test.ts", text), [UNTESTED]);
  }
  deepEqual(untested("server/two.ts", 'const name = "[P-12]";'), [UNTESTED]);
  deepEqual(untested("tests/tidy/two_test.ts", 'const name = "[P-12]";'), [UNTESTED]);
  deepEqual(untested("tests/notes.md", "[P-12]"), [UNTESTED]);
});

Deno.test("checkRulesHaveTests reads names of tests, of steps and of tables", () => {
  for (
    const text of [
      'Deno.test("[P-12] f does", f);',
      "await t.step(`f ${x} [P-12]`, f);",
      'const T = [["[P-12] f", 1]];',
      'const T = [{ name: "[P-12] f" }];',
    ]
  ) {
    deepEqual(untested("tests/two_test.ts", text), []);
  }
  deepEqual(untested("tests/conformance/scenario.json", '{"name": "[P-12] f"}'), []);
});

Deno.test("checkRulesExist finds rules that are named but not defined", () => {
  for (
    const [path, text] of [
      ["tests/a_test.ts", 'Deno.test("[P-13] f", f);'],
      ["server/a.ts", "// see [P-13]"],
      ["tests/vectors/a.json", '{"rules": ["P-13"]}'],
    ] as const
  ) {
    deepEqual(checkRulesExist(plant({ ...PROTOCOL, [path]: text })), [
      `${path}: P-13 is banned, use a rule that docs/protocol.md defines`,
    ]);
  }
  deepEqual(
    checkRulesExist(plant({ ...PROTOCOL, "tests/a_test.ts": 'Deno.test("[P-12] [P-1] [P-n] f", f);' })),
    [],
  );
});

Deno.test("checkRulesExist finds a rule that is defined twice", () => {
  deepEqual(checkRulesExist(plant({ "docs/protocol.md": "**[P-1]** A.\n**[P-1]** B." })), [
    "docs/protocol.md: a second definition of P-1 is banned, use a number of its own",
  ]);
});

const DIALECTS = {
  ...PROTOCOL,
  "docs/dialects.md": "* **[T-1]** Text.\n* **[L-2]** Legacy.\n* **[P-99]** Misplaced.\n",
};

Deno.test("checkRulesHaveTests and checkRulesExist take the rules of text lines and of the original's JSON from docs/dialects.md", () => {
  const tests = { "tests/one_test.ts": 'Deno.test("[P-1] [P-12] [T-1] f does", f);' };
  deepEqual(checkRulesHaveTests(plant({ ...DIALECTS, ...tests })), [
    "docs/dialects.md: a rule without a test is banned, use [L-2] in the name of a test that proves it",
  ]);
  deepEqual(checkRulesExist(plant({ ...DIALECTS, "server/a.ts": "// [T-1] [L-2] [T-2] [P-99] [X-1]" })), [
    "docs/dialects.md: P-99 is banned, use a rule that docs/protocol.md defines",
    "server/a.ts: T-2 is banned, use a rule that docs/dialects.md defines",
    "server/a.ts: P-99 is banned, use a rule that docs/protocol.md defines",
  ]);
  deepEqual(checkRulesExist(plant({ "docs/dialects.md": "**[T-1]** A.\n**[T-1]** B." })), [
    "docs/dialects.md: a second definition of T-1 is banned, use a number of its own",
  ]);
});
