/**
 * The rules of the interfaces and the tests that prove them: `docs/protocol.md` defines **[P-12]**, and the
 * name of at least one test has [P-12] in it.
 *
 * @module
 */
import type { SourceFile } from "./source_file.ts";

const DIALECTS = "docs/dialects.md";

/** Which document defines the rules that begin with a letter. */
const DOCUMENTS: Readonly<Record<string, string>> = {
  P: "docs/protocol.md",
  T: DIALECTS,
  L: DIALECTS,
  D: DIALECTS,
  H: "docs/rest.md",
  I: "docs/guarantees.md",
};

/** Rules that no test names. */
export function checkRulesHaveTests(files: readonly SourceFile[]): string[] {
  const named = new Set(
    files.flatMap(testNames).flatMap((name) => [...name.matchAll(/\[([A-Z]-\d+)\]/g)].map(([, id]) => id)),
  );
  return [...definedRules(files)].filter((id) => !named.has(id)).map((id) =>
    `${documentOf(id)}: a rule without a test is banned, use [${id}] in the name of a test that proves it`
  );
}

/** Rules that are defined twice, and mentions, in tests or elsewhere, of rules that are not defined. */
export function checkRulesExist(files: readonly SourceFile[]): string[] {
  const defined = definedRules(files);
  const twice = [...defined].filter((id) => textOf(files, documentOf(id)).split(`**[${id}]**`).length > 2);
  return [
    ...twice.map((id) =>
      `${documentOf(id)}: a second definition of ${id} is banned, use a number of its own`
    ),
    ...files.flatMap((file) =>
      mentions(file).filter((id) => !defined.has(id)).map((id) =>
        `${file.path}: ${id} is banned, use a rule that ${documentOf(id)} defines`
      )
    ),
  ];
}

/** Each document defines the rules of its own letters only. */
function definedRules(files: readonly SourceFile[]): ReadonlySet<string> {
  const found = [...new Set(Object.values(DOCUMENTS))].flatMap((path) =>
    [...textOf(files, path).matchAll(/\*\*\[([A-Z]-\d+)\]\*\*/g)].map(([, id = ""]) => id)
      .filter((id) => documentOf(id) === path)
  );
  return new Set(found);
}

function documentOf(id: string): string {
  return DOCUMENTS[id.slice(0, 1)] ?? "no document";
}

function textOf(files: readonly SourceFile[], wanted: string): string {
  return files.find(({ path }) => path === wanted)?.text ?? "";
}

/**
 * What may be a test's name: in tests, texts that are no later argument; in their tables, which are data,
 * everything.
 */
function testNames(file: SourceFile): string[] {
  if (!file.path.startsWith("tests/") || isTidy(file.path)) return [];
  if (file.isTypeScript) return file.facts.names.map(({ what }) => what);
  return /\.(?:json|txt)$/.test(file.path) ? [file.text] : [];
}

function mentions({ path, text }: SourceFile): string[] {
  if (isTidy(path)) return [];
  const letters = Object.keys(DOCUMENTS).join("");
  const mentioned = text.matchAll(new RegExp(`[["]([${letters}]-\\d+)[\\]"]`, "g"));
  return [...new Set([...mentioned].map(([, id = ""]) => id))];
}

/** The planted violations of these checks prove nothing about the interfaces. */
function isTidy(path: string): boolean {
  return path.startsWith("tests/tidy/");
}
