/**
 * What the documents say must be so: paths that the README names exist, and the version is one.
 *
 * @module
 */
import type { SourceFile } from "./source_file.ts";

const FIRST = "deno.json";
const VERSION_FILES = [FIRST, "client/deno.json", "client/protocol/version.ts"];

/** Paths of the README's section "Reading the source" that do not exist. */
export function checkReadmePaths(files: readonly SourceFile[]): string[] {
  const readme = files.find(({ path }) => path === "README.md");
  if (readme === undefined) return [];
  const section = sectionOf(readme.text, "Reading the source");
  if (section === undefined) {
    return ["README.md: a README without its section is banned, use the heading: Reading the source"];
  }
  const named = [
    ...section.matchAll(/`([\w.@-]+(?:\/[\w.@-]*)+|[\w-]+\.(?:ts|md|json))`|\]\((?!https?:|#)([^)#]+)/g),
  ];
  const paths = new Set(named.map(([, code, link]) => (code ?? link ?? "").replace(/^\.\//, "")));
  return [...paths].filter((path) => !exists(files, path)).map((path) =>
    `README.md: ${path} is banned, use a path that exists`
  );
}

/** Versions that differ from that of the root. */
export function checkVersions(files: readonly SourceFile[]): string[] {
  const wanted = versionIn(files, FIRST);
  return VERSION_FILES.flatMap((path) => {
    const version = versionIn(files, path);
    if (version !== undefined && version === wanted) return [];
    return [`${path}: version ${version} is banned, use ${wanted}, as ${FIRST} does`];
  });
}

function versionIn(files: readonly SourceFile[], path: string): string | undefined {
  const text = files.find((file) => file.path === path)?.text ?? "";
  const [, json, constant] = /^ {2}"version": "([^"]+)"|SOFTWARE_VERSION = "([^"]+)"/m.exec(text) ?? [];
  return json ?? constant;
}

/** The text between a heading and the next of the same or a higher rank. */
function sectionOf(text: string, heading: string): string | undefined {
  const [, rank, rest] = new RegExp(`^(#+) .*${heading}.*\\n([^]*)`, "m").exec(text) ?? [];
  if (rank === undefined || rest === undefined) return undefined;
  const end = rest.search(new RegExp(`^#{1,${rank.length}} `, "m"));
  return end === -1 ? rest : rest.slice(0, end);
}

function exists(files: readonly SourceFile[], path: string): boolean {
  return files.some((file) =>
    file.path === path || file.path.startsWith(path.endsWith("/") ? path : `${path}/`)
  );
}
