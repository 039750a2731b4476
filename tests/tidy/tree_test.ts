import { deepEqual, ok } from "node:assert/strict";
import { gitPaths, readTree, ROOT, walkedPaths } from "./tree.ts";

Deno.test("readTree reads the files of the project, sorted, this one among them", () => {
  const paths = readTree().map(({ path }) => path);
  for (const path of ["tests/tidy/tree_test.ts", "deno.json", "docs/protocol.md", ".ci/run"]) {
    ok(paths.includes(path), path);
  }
  deepEqual(paths, paths.toSorted());
  ok(!paths.some((path) => path.startsWith(".git/")));
});

Deno.test("walkedPaths finds what git finds, where git is not there", () => {
  const temp = Deno.makeTempDirSync();
  try {
    const root = new URL(`file://${temp}/`);
    deepEqual(gitPaths(root), undefined);
    Deno.mkdirSync(`${temp}/a/b`, { recursive: true });
    Deno.mkdirSync(`${temp}/dist`);
    for (const path of [".gitignore", "x.ts", "a/b/y z.ts", "dist/w.ts", "a/image.png"]) {
      Deno.writeTextFileSync(`${temp}/${path}`, "dist/\n");
    }
    deepEqual(walkedPaths(root).toSorted(), [".gitignore", "a/b/y z.ts", "a/image.png", "x.ts"]);
    deepEqual(readTree(root).map(({ path }) => path), ["a/b/y z.ts", "x.ts"]);
  } finally {
    Deno.removeSync(temp, { recursive: true });
  }
  ok(walkedPaths(ROOT).includes("tests/tidy/tree_test.ts"));
});
