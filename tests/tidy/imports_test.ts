import { deepEqual } from "node:assert/strict";
import { checkCircles, checkFloors, checkPackages } from "./imports.ts";
import { plant } from "./planted.ts";

/** Who imports what, and whether that is allowed. */
const IMPORTS: readonly [importer: string, specifier: string, isAllowed: boolean][] = [
  ["client/protocol/codec.ts", "./codes.ts", true],
  ["client/protocol/codec.ts", "../errors.ts", false],
  ["client/lock.ts", "./protocol/codes.ts", true],
  ["client/lock.ts", "../server/base/assert.ts", false],
  ["client/cli/main.ts", "../../mod.ts", false],
  ["ffi/libc.ts", "./errno.ts", true],
  ["ffi/libc.ts", "../server/lock/table.ts", false],
  ["server/base/limits.ts", "../../client/protocol/limits.ts", true],
  ["server/base/limits.ts", "../../client/errors.ts", false],
  ["server/base/limits.ts", "../lock/table.ts", false],
  ["server/lock/table.ts", "../base/assert.ts", true],
  ["server/lock/table.ts", "../store/store.ts", false],
  ["server/lock/table.ts", "../../ffi/libc.ts", false],
  ["server/store/directory/claim.ts", "../../lock/table.ts", true],
  ["server/store/directory/claim.ts", "../../../ffi/libc.ts", true],
  ["server/store/store.ts", "../session/sessions.ts", false],
  ["server/session/sessions.ts", "../store/store.ts", true],
  ["server/session/sessions.ts", "../dialect/native.ts", false],
  ["server/session/sessions.ts", "../../ffi/libc.ts", false],
  ["server/dialect/native.ts", "../session/sessions.ts", true],
  ["server/dialect/native.ts", "../transport/tcp.ts", false],
  ["server/web/board.js", "./words.js", true],
  ["server/web/app.js", "../http/app.ts", false],
  ["server/transport/tcp.ts", "../dialect/native.ts", true],
  ["server/transport/tcp.ts", "../daemon.ts", false],
  ["server/transport/tcp.ts", "../../ffi/libc.ts", false],
  ["server/main.ts", "../client/cli/main.ts", true],
  ["server/daemon.ts", "../ffi/libc.ts", true],
  ["server/daemon.ts", "../tests/support/clock.ts", false],
  ["mod.ts", "./server/embedded.ts", true],
  ["mod.ts", "./tests/support/clock.ts", false],
  ["tests/unit/x_test.ts", "../../ffi/libc.ts", true],
  ["tests/unit/x_test.ts", "../support/clock.ts", true],
];

Deno.test("checkFloors knows who may import whom", async (t) => {
  for (const [importer, specifier, isAllowed] of IMPORTS) {
    await t.step(`${importer} imports ${specifier}`, () => {
      const what = importer.endsWith(".js") ? "" : "type ";
      const found = checkFloors(plant({ [importer]: `\nimport ${what}{ A } from "${specifier}";\n` }));
      deepEqual(found.map((line) => line.split(" import of")[0]), isAllowed ? [] : [`${importer}:2:`]);
    });
  }
});

Deno.test("checkFloors says what is banned and what to use", () => {
  deepEqual(checkFloors(plant({ "server/lock/table.ts": 'export * from "../store/store.ts";' })), [
    "server/lock/table.ts:1: import of server/store/store.ts is banned, use what server/lock/ may import: " +
    "server/lock/ server/base/ client/protocol/",
  ]);
});

Deno.test("checkFloors refuses a file outside all floors", () => {
  for (const path of ["server/elsewhere/x.ts", "scripts/x.ts", "x.ts"]) {
    deepEqual(checkFloors(plant({ [path]: "" })), [
      `${path}: a file outside all floors is banned, use a folder of the table in tests/tidy/imports.ts`,
    ]);
  }
});

Deno.test("checkCircles finds a circle however long", () => {
  const advice = "a circle of imports is banned, use a file of its own for what both need";
  deepEqual(
    checkCircles(plant({
      "a/one.ts": 'import "./two.ts";',
      "a/two.ts": 'import type { X } from "../b/three.ts"; import type { Y } from "./one.ts";',
      "b/three.ts": 'export * from "../a/one.ts";',
      "b/self.ts": 'import "./self.ts";',
    })),
    [`a/one.ts → a/two.ts → b/three.ts → a/one.ts: ${advice}`, `b/self.ts → b/self.ts: ${advice}`],
  );
});

Deno.test("checkCircles lets two paths lead to one file", () => {
  const files = plant({
    "a.ts": 'import "./b.ts"; import "./c.ts";',
    "b.ts": 'import "./d.ts";',
    "c.ts": 'import "./d.ts";',
    "d.ts": "",
  });
  deepEqual(checkCircles(files), []);
});

/** What is imported where, and whether that is agreed. */
const PACKAGES: readonly [importer: string, specifier: string, isAgreed: boolean][] = [
  ["server/daemon.ts", "node:net", true],
  ["tests/unit/x_test.ts", "fast-check", true],
  ["server/daemon.ts", "fast-check", false],
  ["tests/unit/x_test.ts", "npm:fast-check@4.10.2", false],
  ["server/daemon.ts", "npm:hono", false],
  ["server/daemon.ts", "jsr:@std/cli", false],
  ["server/daemon.ts", "https://deno.land/x/y.ts", false],
  ["server/daemon.ts", "@std/cli", false],
  ["server/daemon.ts", "constructor", false],
];

Deno.test("checkPackages knows what may come from outside", async (t) => {
  for (const [importer, specifier, isAgreed] of PACKAGES) {
    await t.step(`${importer} imports ${specifier}`, () => {
      const message =
        `${importer}:1: import of ${specifier} is banned, use a relative path, node:, or what docs/design/dependencies.md names`;
      deepEqual(checkPackages(plant({ [importer]: `import "${specifier}";` })), isAgreed ? [] : [message]);
    });
  }
});

Deno.test("checkPackages reads the import maps too", () => {
  const map = (imports: Record<string, string>) => JSON.stringify({ imports });
  deepEqual(
    checkPackages(
      plant({ "deno.json": map({ "fast-check": "npm:fast-check@4.10.2" }), "client/deno.json": "{}" }),
    ),
    [],
  );
  deepEqual(
    checkPackages(plant({
      "deno.json": map({ "fast-check": "npm:fast-check@^4.0.0" }),
      "client/deno.json": map({ express: "npm:express@5.0.0" }),
    })),
    [
      "deno.json: npm:fast-check@^4.0.0 is banned, use npm:fast-check@ with an exact version",
      "client/deno.json: package express is banned, use what docs/design/dependencies.md names",
    ],
  );
});
