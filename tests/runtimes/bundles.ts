/**
 * What bundlers make of the client and of the suite, with esbuild.
 *
 * @module
 */
import { type BuildOptions, buildSync } from "esbuild";

const SUITE = new URL("./suite/", import.meta.url).pathname;

/** Bundles, and gives the text. Throws with what esbuild says, warnings too. */
export function bundle(options: BuildOptions): string {
  const { outputFiles, warnings } = buildSync({ logLevel: "silent", ...options, bundle: true, write: false });
  if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join("\n"));
  return outputFiles.map(({ text }) => text).join("\n");
}

/** The suite as one file for processes, which finds the client in the packages of its project. */
export function suiteForProcesses(): string {
  const target = "node20";
  const packages = "external";
  return bundle({
    entryPoints: [`${SUITE}process_main.ts`],
    format: "esm",
    platform: "node",
    target,
    packages,
  });
}

/**
 * The files that a bundler makes of an entry for browsers when it may make several: the first has to be
 * loaded, the others when they are used.
 */
export function chunksForBrowsers(entryPoint: string): readonly string[] {
  const how = { format: "esm", splitting: true, minify: true, outdir: "out", logLevel: "silent" } as const;
  const { outputFiles, metafile } = buildSync({
    ...how,
    entryPoints: [entryPoint],
    bundle: true,
    write: false,
    metafile: true,
  });
  const [name, entry] =
    Object.entries(metafile.outputs).find(([, output]) => output.entryPoint?.endsWith("app.js")) ?? [];
  const first = outputFiles.find(({ path }) => name !== undefined && path.endsWith(name));
  const isWhole = entry?.imports.every(({ kind }) => kind === "dynamic-import");
  if (first === undefined || !isWhole) throw new Error("Cannot measure the entry: it is not one file");
  return [first.text, ...outputFiles.filter((file) => file !== first).map(({ text }) => text)];
}

/** The program of the pilot of a project. */
export function pilotForBrowsers(project: string): string {
  return bundle({
    entryPoints: ["@distrilock/client/pilot"],
    absWorkingDir: project,
    format: "esm",
    minify: true,
  });
}

/** The suite and the client of a project as one file for browsers. */
export function suiteForBrowsers(project: string): string {
  return bundle({
    entryPoints: [`${SUITE}browser_main.ts`],
    format: "iife",
    // As if the suite stood in the project.
    nodePaths: [`${project}/node_modules`],
  });
}
