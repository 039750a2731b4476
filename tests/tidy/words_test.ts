import { deepEqual, match } from "node:assert/strict";
import { plant } from "./planted.ts";
import { checkClocks, checkConsole, checkConstructs, checkPurity, checkUnfinished } from "./words.ts";

/** One violation each; the second line, so that the line is seen to be right. */
const IMPURE: readonly [code: string, word: string][] = [
  ["async function f() {}", "async function"],
  ["const f = async () => {};", "async function"],
  ["class A { async m() {} }", "async function"],
  ["for await (const x of y);", "await …"],
  ["await f();", "await …"],
  ["const conn: Deno.Conn = c;", "Deno"],
  ["Deno.exit();", "Deno"],
  ["const now = Date.now();", "Date.now"],
  ["const now = new Date();", "new Date()"],
  ["performance.now();", "performance"],
  ["Math.random();", "Math.random"],
  ["crypto.randomUUID();", "crypto"],
  ["setTimeout(f, 1);", "setTimeout"],
  ["const timer = setInterval;", "setInterval"],
  ["setImmediate(f);", "setImmediate"],
  ["queueMicrotask(f);", "queueMicrotask"],
  ["globalThis.Deno;", "globalThis"],
  ["Temporal.Now.instant();", "Temporal"],
  ['import { readFileSync } from "node:fs";', "node:fs"],
];

Deno.test("checkPurity finds what a pure file may not do", async (t) => {
  for (const [code, word] of IMPURE) {
    await t.step(code, () => {
      const found = checkPurity(plant({ "server/lock/table.ts": `\n${code}` }));
      deepEqual(found.length, 1);
      match(
        found[0] ?? "",
        new RegExp(`^server/lock/table.ts:2: ${RegExp.escape(word)} in a pure file is banned, use .`),
      );
    });
  }
});

Deno.test("checkPurity looks at pure files only, and at their code only", () => {
  const text = IMPURE.map(([code]) => code).join("\n");
  const where = (path: string) => checkPurity(plant({ [path]: text })).length > 0;
  const paths = [
    "client/protocol/a.ts",
    "server/lock/a.ts",
    "server/dialect/a.ts",
    "client/errors.ts",
    "client/backoff.ts",
  ];
  deepEqual(paths.filter(where), paths);
  const edges = [
    "client/transport/tcp.ts",
    "server/daemon.ts",
    "server/store/store.ts",
    "ffi/libc.ts",
    "tests/unit/a_test.ts",
  ];
  deepEqual(edges.filter(where), []);
  const quiet =
    '// await Deno.x\nconst text = "Date.now()"; const a = b.crypto; const { performance: p } = c; new Date(5);';
  deepEqual(checkPurity(plant({ "server/lock/table.ts": quiet })), []);
});

Deno.test("checkConstructs finds what the house does without, in tests too", () => {
  const text =
    "const a: any = 1;\nenum B {}\nnamespace C {}\nexport default a;\nDeno.test.only(f);\n(x as any[]);";
  deepEqual(checkConstructs(plant({ "tests/unit/a_test.ts": text })), [
    "tests/unit/a_test.ts:1: the type any is banned, use unknown, or the type itself",
    "tests/unit/a_test.ts:2: enum is banned, use a union of texts, or a const object",
    "tests/unit/a_test.ts:3: declared namespace is banned, use a file",
    "tests/unit/a_test.ts:4: export default is banned, use a named export",
    "tests/unit/a_test.ts:5: .only is banned, use deno test --filter",
    "tests/unit/a_test.ts:6: the type any is banned, use unknown, or the type itself",
  ]);
  deepEqual(
    checkConstructs(
      plant({
        "server/a.ts":
          'const text = "any enum"; // namespace\nconst b = Promise.any([]); const any = 1, namespace = any; if (any === namespace) f(any);',
      }),
    ),
    [],
  );
});

Deno.test("checkConsole lets only the edges talk to people", () => {
  const found = (path: string) => checkConsole(plant({ [path]: '\nconsole.log("x");' }));
  for (const path of ["client/lock.ts", "server/daemon.ts", "server/base/log.ts"]) {
    deepEqual(found(path), [`${path}:2: console is banned, use the log, or a value for the caller`]);
  }
  for (const path of ["client/cli/ls.ts", "server/main.ts", "tests/bench/main.ts"]) {
    deepEqual(found(path), []);
  }
});

Deno.test("checkUnfinished finds the marks in whatever text", () => {
  const marks = ["FIX" + "ME", "TO" + "DO", "XX" + "X"];
  for (const mark of marks) {
    for (const path of ["server/a.ts", "README.md", ".ci/run"]) {
      deepEqual(checkUnfinished(plant({ [path]: `\n# ${mark}: later` })), [
        `${path}:2: ${mark} is banned, use an issue, or do it now`,
      ]);
    }
  }
  deepEqual(checkUnfinished(plant({ ".ci/run": `mktemp ${"X".repeat(6)}; todo` })), []);
});

Deno.test("checkClocks finds wall clocks in the client, and leaves its command line alone", () => {
  const text = "const one = Date.now();\nconst other = new Date();";
  const found = checkClocks(
    plant({ "client/keeper.ts": text, "client/cli/ls.ts": text, "server/daemon.ts": text }),
  );
  deepEqual(found.length, 2);
  match(found[1] ?? "", /^client\/keeper.ts:2: new Date\(\) in the client is banned/);
});
