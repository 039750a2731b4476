/**
 * Packs `client/` as an npm package: `deno pack` compiles it, its manifest is completed, and `npm pack` makes
 * the tarball, so that it has the modes, times and order of every npm package: the same sources give the same
 * bytes.
 *
 * ```sh
 * deno task pack              # dist/distrilock-client-VERSION.tgz
 * ```
 *
 * @module
 */
import { completed } from "./manifest.ts";

const ROOT = new URL("../", import.meta.url).pathname;

/** Makes the tarball in a directory, which is made if missing, and gives its path. Needs `tar` and `npm`. */
export async function packClient(directory: string): Promise<string> {
  await Deno.mkdir(directory, { recursive: true });
  const output = await Deno.realPath(directory);
  const scratch = await Deno.makeTempDir({ prefix: "distrilock-pack-" });
  try {
    const compiled = `${scratch}/compiled.tgz`;
    // Source maps would name the directory that the package was built in.
    const how = ["pack", "--allow-dirty", "--no-source-maps", "--output", compiled];
    const said = await run(Deno.execPath(), how, `${ROOT}client`);
    // It only warns, and leaves all declarations out, when a type that others can see has to be inferred.
    if (/^error\[/m.test(said)) {
      throw new Error(`Cannot pack the client: a type is missing\n${said}`);
    }
    await run("tar", ["xzf", compiled], scratch);
    const manifest = `${scratch}/package/package.json`;
    const packed = completed(JSON.parse(await Deno.readTextFile(manifest)));
    await Deno.writeTextFile(manifest, `${JSON.stringify(packed, null, 2)}\n`);
    await nameLibraries(`${scratch}/package`);
    await Deno.copyFile(`${ROOT}LICENSE`, `${scratch}/package/LICENSE`);
    await run("npm", ["pack", "--ignore-scripts", "--pack-destination", output], `${scratch}/package`);
    return `${output}/distrilock-client-${packed.version}.tgz`;
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

/**
 * Has declarations name the part of the standard library that they lean on. Otherwise whoever compiles for an
 * older standard, as most do for browsers, gets errors out of them.
 */
async function nameLibraries(directory: string): Promise<void> {
  for (const { name, isDirectory } of await Array.fromAsync(Deno.readDir(directory))) {
    const path = `${directory}/${name}`;
    if (isDirectory) await nameLibraries(path);
    if (!name.endsWith(".d.ts")) continue;
    const text = await Deno.readTextFile(path);
    if (!/\bAsyncDisposable\b|\bSymbol\.asyncDispose\b/.test(text)) continue;
    await Deno.writeTextFile(path, `/// <reference lib="esnext.disposable" />\n${text}`);
  }
}

/** Runs a program to its end, and gives all that it said. Throws with that when it fails. */
async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  const command = new Deno.Command(program, { args: [...args], cwd, stdin: "null", env: { NO_COLOR: "1" } });
  const { success, stdout, stderr } = await command.output();
  const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
  if (success) return said;
  throw new Error(`Cannot pack the client: ${program} ${args[0]} failed\n${said}`);
}

if (import.meta.main) console.log(await packClient(`${ROOT}dist`));
