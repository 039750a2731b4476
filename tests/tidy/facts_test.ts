import { deepEqual, throws } from "node:assert/strict";
import { readFacts } from "./facts.ts";

function imports(text: string): string[] {
  return readFacts("x.ts", text).imports.map(({ what, line }) => `${line} ${what}`);
}

function words(text: string, ...wanted: string[]): string[] {
  return readFacts("x.ts", text).words.filter(({ what }) => wanted.includes(what)).map(({ what, line }) =>
    `${line} ${what}`
  );
}

Deno.test("readFacts finds imports of every kind", () => {
  deepEqual(
    imports(`import a from "./a.ts";
import type { B } from './b.ts';
import "./c.ts";
export * from "./d.ts";
export { e } from "./e.ts"; export const none = 1;
const f = await import("./f.ts");
type G = import("./g.ts").G;
const h = await import("./h" + f);`),
    ["1 ./a.ts", "2 ./b.ts", "3 ./c.ts", "4 ./d.ts", "5 ./e.ts", "6 ./f.ts", "7 ./g.ts", '8 "./h" + f'],
  );
});

Deno.test("readFacts is not deceived by comments, strings and patterns", () => {
  const text = `// import "./a.ts"; await x; Deno
/* enum A {} */ const s = "Deno.x await any"; const t = \`Date.now()\`; const r = /["'/*]Deno/; const u = '// "';`;
  deepEqual(imports(text), []);
  deepEqual(words(text, "await …", "Deno", "the type any", "enum", "Date.now"), []);
});

Deno.test("readFacts finds constructs, free identifiers and their members", () => {
  deepEqual(
    words(
      "const f = async () => { await g; };\nfor await (const x of y);\nawait using z = y;",
      "async function",
      "await …",
    ),
    [
      "1 async function",
      "1 await …",
      "2 await …",
      "3 await …",
    ],
  );
  deepEqual(words("class A { async m() {} }", "async function"), ["1 async function"]);
  deepEqual(
    words(
      "const a: any = 1;\nenum B {}\nnamespace C {}\nexport default a;",
      "the type any",
      "enum",
      "declared namespace",
      "export default",
    ),
    [
      "1 the type any",
      "2 enum",
      "3 declared namespace",
      "4 export default",
    ],
  );
  deepEqual(words("Date.now();\nconst t = new Date();\n`${Date.now()}`;", "Date.now", "new Date()"), [
    "1 Date.now",
    "2 new Date()",
    "3 Date.now",
  ]);
  deepEqual(words("const c: Deno.Conn = x;\nf({ Deno });\nglobalThis.Deno;", "Deno", "globalThis"), [
    "1 Deno",
    "2 Deno",
    "2 Deno",
    "3 globalThis",
  ]);
  deepEqual(words("Deno.test.only(f);\nDeno.test({ only: true });\ndescribe.only(f)", ".only"), [
    "1 .only",
    "2 .only",
    "3 .only",
  ]);
});

Deno.test("readFacts leaves members of other things alone", () => {
  const text =
    `a.crypto; b.performance; const c = { crypto: 1 }; interface D { crypto: X; await(): X } class E { crypto = 1; any() {} }
new Date(5); E.Deno; type T = E.crypto; function f(any: number, namespace: string, async: X) {}`;
  deepEqual(
    words(
      text,
      "crypto",
      "performance",
      "Deno",
      "await …",
      "the type any",
      "declared namespace",
      "async function",
      "new Date()",
    ),
    [],
  );
});

Deno.test("readFacts measures functions, methods and callbacks", () => {
  const text = `function one() {}
class A {
  two(): void {
  }
  get three() { return 1; }
}
const four = () => {

};
Deno.test("five", async () => {
  six(() => 6);
});`;
  deepEqual(readFacts("x.ts", text).functions.map(({ what, line }) => `${line} ${what.lines} ${what.name}`), [
    "1 1 function one() {}",
    "3 2 two(): void {",
    "5 1 get three() { return 1; }",
    "7 3 four = () => {",
    '10 3 Deno.test("five", async () => {',
    "11 1 six(() => 6",
  ]);
});

Deno.test("readFacts finds what may name a test, but no later arguments", () => {
  const text =
    `Deno.test("a", f); t.step(\`b \${x} c\`, f); const table = [["d", 1], { name: "e" }]; equal(1, 2, "message");`;
  deepEqual(readFacts("x.ts", text).names.map(({ what }) => what), ["a", "b … c", "d", "e"]);
});

Deno.test("readFacts refuses what is no TypeScript", () => {
  throws(() => readFacts("x.ts", "const = ;"), /Cannot read x.ts: it is no TypeScript/);
});
