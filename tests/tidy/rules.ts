/**
 * The rules of the protocol and the tests that prove them: `docs/protocol.md` defines **[P-12]**, and the name of at least
 * one test has [P-12] in it.
 *
 * @module
 */
import type { SourceFile } from "./source_file.ts";

const PROTOCOL = "docs/protocol.md";

/** Rules that no test names. */
export function checkRulesHaveTests(files: readonly SourceFile[]): string[] {
  const named = new Set(
    files.flatMap(testNames).flatMap((name) => [...name.matchAll(/\[(P-\d+)\]/g)].map(([, id]) => id)),
  );
  return [...definedRules(files)].filter((id) => !named.has(id)).map((id) =>
    `${PROTOCOL}: a rule without a test is banned, use [${id}] in the name of a test that proves it`
  );
}

/** Rules that are defined twice, and mentions, in tests or elsewhere, of rules that are not defined. */
export function checkRulesExist(files: readonly SourceFile[]): string[] {
  const defined = definedRules(files);
  const text = files.find(({ path }) => path === PROTOCOL)?.text ?? "";
  const twice = [...defined].filter((id) => text.split(`**[${id}]**`).length > 2);
  return [
    ...twice.map((id) => `${PROTOCOL}: a second definition of ${id} is banned, use a number of its own`),
    ...files.flatMap((file) =>
      mentions(file).filter((id) => !defined.has(id)).map((id) =>
        `${file.path}: ${id} is banned, use a rule that ${PROTOCOL} defines`
      )
    ),
  ];
}

function definedRules(files: readonly SourceFile[]): ReadonlySet<string> {
  const text = files.find(({ path }) => path === PROTOCOL)?.text ?? "";
  return new Set([...text.matchAll(/\*\*\[(P-\d+)\]\*\*/g)].map(([, id = ""]) => id));
}

/** What may be a test's name: in tests, texts that are no later argument; in their tables, which are data, everything. */
function testNames(file: SourceFile): string[] {
  if (!file.path.startsWith("tests/") || isTidy(file.path)) return [];
  if (file.isTypeScript) return file.facts.names.map(({ what }) => what);
  return /\.(?:json|txt)$/.test(file.path) ? [file.text] : [];
}

function mentions({ path, text }: SourceFile): string[] {
  if (isTidy(path)) return [];
  return [...new Set([...text.matchAll(/[["](P-\d+)[\]"]/g)].map(([, id = ""]) => id))];
}

/** The planted violations of these checks prove nothing about the protocol. */
function isTidy(path: string): boolean {
  return path.startsWith("tests/tidy/");
}
