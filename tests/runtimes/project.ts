/**
 * A project of somebody who uses the client: an empty directory, into which npm installed the packed tarball,
 * and nothing else.
 *
 * @module
 */
import { packClient } from "../../tools/pack.ts";
import { runProgram } from "./toolbox.ts";

/** A project, removed at the end. */
export interface Project extends AsyncDisposable {
  readonly path: string;
  readonly tarball: string;
  /** Where npm and others find a home without settings and caches. */
  readonly home: string;
}

/** Packs the client, and installs it. Nothing is fetched: the package needs no other. */
export async function installedProject(): Promise<Project> {
  const scratch = await Deno.makeTempDir({ prefix: "distrilock-project-" });
  const [path, home] = [`${scratch}/app`, `${scratch}/home`];
  await Promise.all([Deno.mkdir(path), Deno.mkdir(home)]);
  const tarball = await packClient(scratch);
  await Deno.writeTextFile(`${path}/package.json`, JSON.stringify({ private: true, type: "module" }));
  await runProgram("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball], {
    cwd: path,
    env: { HOME: home },
  });
  const remove = () => Deno.remove(scratch, { recursive: true });
  return { path, home, tarball, [Symbol.asyncDispose]: remove };
}
