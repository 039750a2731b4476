// The code in the documents is true: TypeScript is checked against the client and the examples, options
// against the help of the command.
import { ok } from "node:assert/strict";
import { runCommand } from "../support/command.ts";
import { temporaryDirectory } from "../support/daemon.ts";
import { codeBlocks } from "../support/document_code.ts";

const ROOT = new URL("../../", import.meta.url);
const DOCUMENTS = ["README.md", "docs/fencing.md", "docs/migrating.md", "docs/web-locks.md"];

/**
 * What fragments use without saying where it comes from. A fragment that declares one of them has its own.
 */
const SURROUNDINGS = `
declare const client: import("${ROOT}mod.ts").Client;
declare const lock: import("${ROOT}mod.ts").Lock;
declare const sql: import("postgres").Sql;
declare const database: import("node:sqlite").DatabaseSync;
declare const fence: import("${ROOT}examples/fencing/sqlite.ts").SqliteFence;
declare const redis: import("${ROOT}examples/fencing/redis.ts").ScriptRunner;
declare const app: { fetch(request: Request): Promise<Response> };
declare const body: string;
declare const url: string;
declare const db: { query(sql: unknown, values: readonly unknown[]): Promise<void> };
declare const signingFetch: (request: Request) => Promise<Response>;
declare function rebill(id: number, options: { token: number; signal?: AbortSignal }): Promise<void>;
declare function mail(id: number): Promise<void>;
declare function save(token: number): Promise<void>;
`;

/** The same imports from wherever the fragment is put. */
function rooted(fragment: string): string {
  return fragment
    .replaceAll('from "@distrilock/client"', `from "${ROOT}client/mod.ts"`)
    .replaceAll('from "./', `from "${ROOT}`)
    .replaceAll('from "../', `from "${ROOT}`);
}

function read(document: string): string {
  return Deno.readTextFileSync(new URL(document, ROOT));
}

Deno.test("the TypeScript in the documents is right", async () => {
  using directory = temporaryDirectory();
  Deno.writeTextFileSync(`${directory.path}/surroundings.d.ts`, SURROUNDINGS);
  const files = DOCUMENTS.flatMap((document) =>
    codeBlocks(read(document), "ts").map(({ line, text }) => {
      const path = `${directory.path}/${document.replaceAll(/\W/g, "_")}_line_${line}.ts`;
      const reference = '/// <reference path="./surroundings.d.ts" />';
      Deno.writeTextFileSync(path, `${reference}\nexport {};\n${rooted(text)}\n`);
      return path;
    })
  );
  ok(files.length > 8, `${files.length} fragments`);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", "--config", new URL("deno.json", ROOT).pathname, ...files],
    env: { NO_COLOR: "1" },
  }).output();
  ok(success, new TextDecoder().decode(stderr));
});

Deno.test("the options of distrilock lock in the documents are in its help", async () => {
  const { output, errors } = await runCommand("", ["lock", "--help"]);
  const help = output + errors;
  let looked = 0;
  for (const document of DOCUMENTS) {
    for (const { line, text } of codeBlocks(read(document), "sh")) {
      const [, words] = /^(?:.* )?distrilock lock (.*?) -- /.exec(text) ?? [];
      if (words !== undefined) looked++;
      for (const [option] of words?.matchAll(/(?<= )--?[a-z-]+/g) ?? []) {
        ok(new RegExp(`(^|[ ,])${option}[ ,=]`, "m").test(help), `${document}:${line}: ${option}`);
      }
    }
  }
  ok(looked >= 3, `${looked} commands`);
});
