// docs/operations.md against the code that it tells of: every limit with its default, every event of the log.
import { deepEqual } from "node:assert/strict";
import { LIMIT_RULES } from "../../../server/base/limits.ts";
import { configHelp } from "../../../server/config.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const DOCUMENT = Deno.readTextFileSync(`${ROOT}docs/operations.md`);

/** All TypeScript below a folder. */
function* sources(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* sources(`${folder}/${name}`);
    else if (name.endsWith(".ts")) yield Deno.readTextFileSync(`${folder}/${name}`);
  }
}

Deno.test("docs/operations.md tells every limit with its flag and its default, as --help does", () => {
  const documented = [...DOCUMENT.matchAll(/^\| `--([a-z-]+)` \| (\S+) \|/gm)].map((
    [, flag, initial],
  ) => [flag, initial]);
  const helped = [...configHelp().matchAll(/^ {2}--([a-z-]+) (?:N|DURATION) .*\(default (\S+)\)$/gm)];
  deepEqual(documented, helped.map(([, flag, initial]) => [flag, initial]));
  deepEqual(documented.length, Object.keys(LIMIT_RULES).length);
});

Deno.test("docs/operations.md tells every event of the log from info on", () => {
  const [, section = ""] = /^## 6 Log$([\s\S]*?)^## 7/m.exec(DOCUMENT) ?? [];
  const documented = new Set([...section.matchAll(/`([a-z_]+\.[a-z_]+)`/g)].map(([, event]) => event));
  const logged = [...sources(`${ROOT}server`)].flatMap((text) =>
    [...text.matchAll(/log\.(?:info|warn|error)\("([a-z_]+\.[a-z_-]+)"/g)].map(([, event = ""]) => event)
  );
  // The example of a docstring is none.
  const missing = new Set(logged.filter((event) => event !== "lock.granted" && !documented.has(event)));
  deepEqual([...missing], []);
});
