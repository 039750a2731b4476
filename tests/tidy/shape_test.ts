import { deepEqual, match } from "node:assert/strict";
import { plant } from "./planted.ts";
import {
  checkCommentWidths,
  checkFileLengths,
  checkFileNames,
  checkFunctionLengths,
  checkModuleComments,
} from "./shape.ts";

Deno.test("checkFileLengths accepts 300 lines, with or without a last line end, and refuses 301", () => {
  const found = (text: string) => checkFileLengths(plant({ "tests/a_test.ts": text }));
  deepEqual(found("x;\n".repeat(300)), []);
  deepEqual(found("x;\n".repeat(299) + "x;"), []);
  deepEqual(found("x;\n".repeat(301)), [
    "tests/a_test.ts: a file of 301 lines is banned, use files of at most 300",
  ]);
  deepEqual(checkFileLengths(plant({ "docs/long.md": "x\n".repeat(999) })), []);
  // The modules of the web page are no TypeScript, and no worse.
  deepEqual(checkFileLengths(plant({ "server/web/a.js": "x;\n".repeat(301) })), [
    "server/web/a.js: a file of 301 lines is banned, use files of at most 300",
  ]);
});

Deno.test("checkCommentWidths accepts 110 columns and refuses 111, but for what cannot be broken", () => {
  const found = (text: string) => checkCommentWidths(plant({ "server/a.ts": `x;\n${text}\nx;\n` }));
  const words = (width: number) => "ö".repeat(width);
  for (
    const [before, after] of [["// ", ""], ["/** ", " */"], ["/**\n * ", "\n */"], ["  // ", ""]] as const
  ) {
    const room = 110 - before.split("\n").at(-1)!.length - after.split("\n")[0]!.length;
    deepEqual(found(before + words(room) + after), []);
    const [message = "", ...others] = found(before + words(room + 1) + after);
    match(message, /^server\/a.ts:\d: a comment of 111 columns is banned, use at most 110$/);
    deepEqual(others, []);
  }
  const wide = words(200);
  deepEqual(found(`const text = "// ${wide}";`), []);
  deepEqual(found(`/**\n * | ${wide} |\n *\n * \`\`\`text\n * ${wide}\n * \`\`\`\n */`), []);
  deepEqual(found(`/**\n * \`\`\`text\n * x\n * \`\`\`\n * ${wide}\n */`).length, 1);
  deepEqual(found(`/**\n * \`\`\`text\n */\n// ${wide}`).length, 1);
});

Deno.test("checkFunctionLengths accepts 60 lines and refuses 61, of every kind of function", () => {
  const body = (lines: number) => `{\n${"x;\n".repeat(lines - 2)}}`;
  const found = (text: string) => checkFunctionLengths(plant({ "server/a.ts": text }));
  const heads = ["function f() ", "const f = async () => ", "class A { get f() ", "run(1, function () "];
  const tails = ["", ";", " }", ");"];
  for (const [index, head] of heads.entries()) {
    deepEqual(found(`\n${head}${body(60)}${tails[index]}`), []);
    const [message = "", ...others] = found(`\n${head}${body(61)}${tails[index]}`);
    match(message, /^server\/a.ts:2: a function of 61 lines is banned, use functions of at most 60: .+\{$/);
    deepEqual(others, []);
  }
});

Deno.test("checkFileNames refuses names that say nothing and names that are not in snake case", () => {
  const found = (path: string) => checkFileNames(plant({ [path]: "" }));
  for (
    const part of ["utils", "util", "helpers", "types", "index", "manager", "lock_manager", "test_helpers"]
  ) {
    deepEqual(found(`server/${part}.ts`), [
      `server/${part}.ts: the name ${part}.ts is banned, use a noun that says what is in it`,
    ]);
  }
  deepEqual(found("server/utils/lock.ts"), [
    "server/utils/lock.ts: the name utils is banned, use a noun that says what is in it",
  ]);
  for (const path of ["server/lockTable.ts", "server/Lock.ts", "server/lock-table.ts", "server/lock_.ts"]) {
    deepEqual(found(path), [`${path}: that name is banned, use snake_case.ts`]);
  }
  for (
    const path of [
      "mod.ts",
      "server/lock/wait_graph.ts",
      "tests/a_test.ts",
      "a/x.d.ts",
      "server/retype.ts",
      "server/indexed.ts",
    ]
  ) {
    deepEqual(found(path), []);
  }
});

Deno.test("checkModuleComments wants a first doc comment that ends in @module, but in tests", () => {
  const found = (path: string, text: string) => checkModuleComments(plant({ [path]: text }));
  const good = "/**\n * What it is for.\n *\n * @module\n */\nexport {};\n";
  deepEqual(found("server/a.ts", good), []);
  deepEqual(found("server/a.ts", `#!/usr/bin/env -S deno run\n${good}`), []);
  deepEqual(found("tests/a_test.ts", "export {};"), []);
  const bad = [
    "export {};",
    `import "x";\n${good}`,
    good.replace("@module", ""),
    good.replace("/**", "/*"),
    "/** One. */\n" + good,
  ];
  for (const text of bad) {
    deepEqual(found("tests/support/a.ts", text), [
      "tests/support/a.ts:1: a file without a first comment is banned, use /** … @module */ that says what it is for",
    ]);
  }
});
