import { deepEqual } from "node:assert/strict";
import { checkReadmePaths, checkVersions } from "./documents.ts";
import { plant } from "./planted.ts";

function readme(section: string): string[] {
  const text =
    `# distrilock\n\n\`gone/before.ts\`\n\n## Reading the source\n\n${section}\n### Deeper\n\n\`gone/deeper.ts\`\n\n## After\n\n\`gone/after.ts\`\n`;
  return checkReadmePaths(
    plant({
      "README.md": text,
      "server/lock/mode.ts": "",
      "docs/a.md": "",
      "mod.ts": "",
      "gone/deeper.ts": "",
    }),
  );
}

Deno.test("checkReadmePaths accepts what exists: files, folders, links, commands and sites", () => {
  deepEqual(
    readme(
      "`server/lock/mode.ts` `server/lock/` `mod.ts` [a](docs/a.md) [b](./docs/a.md#x) [c](https://x.org/y) `deno task ok` `EX`",
    ),
    [],
  );
});

Deno.test("checkReadmePaths finds paths that do not exist, in its section only", () => {
  const missing = ["server/lock/made.ts", "server/made/", "made.ts"];
  for (const path of missing) {
    deepEqual(readme(`\`${path}\``), [`README.md: ${path} is banned, use a path that exists`]);
  }
  deepEqual(readme("[a](docs/made.md)"), ["README.md: docs/made.md is banned, use a path that exists"]);
});

Deno.test("checkReadmePaths wants the section, where there is a README", () => {
  deepEqual(checkReadmePaths(plant({ "README.md": "# distrilock\n" })), [
    "README.md: a README without its section is banned, use the heading: Reading the source",
  ]);
  deepEqual(checkReadmePaths([]), []);
});

Deno.test("checkVersions finds a version that differs or is missing", () => {
  const versions = (root: string, client: string, constant: string) =>
    checkVersions(plant({
      "deno.json": `{\n  "version": "${root}"\n}`,
      "client/deno.json": `{\n  "version": "${client}"\n}`,
      "client/protocol/version.ts": `export const SOFTWARE_VERSION = "${constant}";`,
    }));
  deepEqual(versions("1.2.3", "1.2.3", "1.2.3"), []);
  deepEqual(versions("1.2.3", "1.2.4", "1.2.3"), [
    "client/deno.json: version 1.2.4 is banned, use 1.2.3, as deno.json does",
  ]);
  deepEqual(versions("1.2.3", "1.2.3", "1.2"), [
    "client/protocol/version.ts: version 1.2 is banned, use 1.2.3, as deno.json does",
  ]);
  deepEqual(checkVersions([]).length, 3);
});
