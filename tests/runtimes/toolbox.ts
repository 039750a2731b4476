/**
 * Runtimes and compilers of others, at exact versions, from the npm registry: `toolbox/package.json` names
 * them, and its lock file has their hashes. They are fetched once into `dist/`, for all tests and all runs.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url).pathname;
const SOURCE = `${ROOT}tests/runtimes/toolbox`;
const ARCHITECTURE = Deno.build.arch === "aarch64" ? "arm64" : "x64";
const BUN_ARCHITECTURE = Deno.build.arch === "aarch64" ? "aarch64" : "x64";

/** What is in the toolbox: paths. */
export interface Toolbox {
  /** The directory of its packages. */
  readonly packages: string;
  /** The programs; undefined where there is none for this machine. */
  readonly node24: string | undefined;
  readonly bun: string | undefined;
}

/** Opens the toolbox, which is filled when it is not yet. Throws with what npm says when it cannot be. */
export async function openToolbox(): Promise<Toolbox> {
  const lock = await Deno.readTextFile(`${SOURCE}/package-lock.json`);
  const directory = `${ROOT}dist/toolbox/${await digest(lock)}`;
  await Deno.mkdir(directory, { recursive: true });
  using guard = await Deno.open(`${directory}/.lock`, { create: true, write: true });
  // Several test files run at once, and all of them want it.
  await guard.lock(true);
  if (!isThere(`${directory}/.filled`)) await fill(directory);
  const packages = `${directory}/node_modules`;
  return {
    packages,
    node24: program(`${packages}/node-linux-${ARCHITECTURE}/bin/node`),
    bun: program(`${packages}/@oven/bun-linux-${BUN_ARCHITECTURE}/bin/bun`),
  };
}

/** Runs a program to its end; throws with all that it said when it fails. Gives its output. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<string> {
  const { success, code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    ...options,
  }).output();
  const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (success) return output ?? "";
  throw new Error(`${program} ${args.join(" ")} ended with ${code}\n${output}\n${errors}`);
}

/** Where and how a program runs. */
export interface ProgramOptions {
  readonly cwd: string;
  /** Variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ends the program. */
  readonly signal?: AbortSignal;
}

async function fill(directory: string): Promise<void> {
  for (const name of ["package.json", "package-lock.json"]) {
    await Deno.copyFile(`${SOURCE}/${name}`, `${directory}/${name}`);
  }
  // Nothing in it needs an install script: the programs are in the packages.
  await runProgram("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: directory });
  await Deno.writeTextFile(`${directory}/.filled`, "");
}

function program(path: string): string | undefined {
  return isThere(path) ? path : undefined;
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return bytes.toHex().slice(0, 16);
}
