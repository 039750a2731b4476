/**
 * The text files of the project: those that git knows or would add, or, where there is no git, all below the
 * root but for what `.gitignore` names.
 *
 * @module
 */
import { SourceFile } from "./source_file.ts";

/** The root of the project. */
export const ROOT = new URL("../../", import.meta.url);

const TEXT =
  /(?:\.(?:ts|js|mjs|md|json|jsonc|sh|py|c|h|txt|yml|yaml|html|css|service)|(?:^|\/)(?:run|LICENSE|Dockerfile))$/;

/** Made by a program, which has a style of its own. */
const GENERATED = /\/gen\/\w+\.ts$/;

/** All text files of the project that people write, sorted by path. */
export function readTree(root: URL = ROOT): SourceFile[] {
  const paths = (gitPaths(root) ?? walkedPaths(root)).filter((path) =>
    TEXT.test(path) && !GENERATED.test(path)
  )
    .toSorted();
  return paths.flatMap((path) => {
    const text = readText(new URL(encodeURI(path), root));
    return text === undefined ? [] : [new SourceFile(path, text)];
  });
}

/** The paths that git tells, or undefined when it tells none: it is not installed, or this is no checkout. */
export function gitPaths(root: URL): string[] | undefined {
  // A checkout that another user owns, as in a container, is as good to read.
  const args = ["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  try {
    const { success, stdout } = new Deno.Command("git", { args, cwd: root, stderr: "null" }).outputSync();
    return success
      ? [...new Set(new TextDecoder().decode(stdout).split("\0").filter((path) => path !== ""))]
      : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * The paths below the root that neither begin with `.git` nor stand in `.gitignore` as a whole directory
 * (`name/`).
 */
export function walkedPaths(root: URL): string[] {
  const ignored = new Set([
    ".git",
    ...(readText(new URL(".gitignore", root)) ?? "").split("\n").map((line) => line.replace(/\/$/, "")),
  ]);
  const walk = (prefix: string): string[] =>
    [...Deno.readDirSync(new URL(encodeURI(prefix), root))].flatMap(({ name, isDirectory, isFile }) => {
      if (ignored.has(name)) return [];
      if (isDirectory) return walk(`${prefix}${name}/`);
      return isFile ? [prefix + name] : [];
    });
  return walk("./").map((path) => path.slice(2));
}

function readText(url: URL): string | undefined {
  try {
    return Deno.readTextFileSync(url);
  } catch (error) {
    // Git also tells files that were just deleted.
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
