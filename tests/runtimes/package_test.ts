/**
 * The npm package as those find it who install it.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { installedProject, type Project } from "./project.ts";
import { openToolbox, runProgram } from "./toolbox.ts";

const CLIENT = new URL("../../client/", import.meta.url);
const CONSUMER = new URL("./consumer.ts", import.meta.url);

const NODE_RESOLUTION = { module: "nodenext", moduleResolution: "nodenext" } as const;
const BUNDLER_RESOLUTION = { module: "esnext", moduleResolution: "bundler" } as const;
const BROWSER = { lib: ["es2022", "dom"], types: [] } as const;
const NODE = { lib: ["es2022"], types: ["node"] } as const;

/** Modules that do something when they are loaded. */
const PROGRAMS = /^(?:cli\/distrilock|pilot\/(?:node|web)_worker)\.js$/;

/**
 * How programs are compiled: by the current compiler in all ways, by the last of the line before in the two
 * usual ones.
 */
const COMPILATIONS = [
  ["typescript", NODE_RESOLUTION, NODE],
  ["typescript", NODE_RESOLUTION, BROWSER],
  ["typescript", BUNDLER_RESOLUTION, NODE],
  ["typescript", BUNDLER_RESOLUTION, BROWSER],
  ["typescript5", NODE_RESOLUTION, NODE],
  ["typescript5", BUNDLER_RESOLUTION, BROWSER],
] as const;

const { packages } = await openToolbox();
let project: Project | undefined;

Deno.test.beforeAll(async () => {
  project = await installedProject();
});

Deno.test.afterAll(async () => {
  await project?.[Symbol.asyncDispose]();
});

Deno.test("the package has its modules with their types, a README and a licence, and nothing else", async () => {
  const listed = await runProgram("tar", ["tzf", project!.tarball], { cwd: "." });
  const files = listed.trim().split("\n").map((path) => path.replace(/^package\//, ""));
  const [documents, modules] = [files.filter((path) => !isModule(path)), files.filter(isModule)];
  deepEqual(documents.toSorted(), ["LICENSE", "README.md", "package.json"]);
  for (const path of modules) {
    const source = path.replace(/(\.d\.ts|\.js)$/, ".ts");
    ok(Deno.statSync(new URL(source, CLIENT)).isFile, `${path} comes from a source of the client`);
    ok(!/_test\.|\/tests?\//.test(path), `${path} is no test`);
  }
});

Deno.test("the package's manifest says what npm and bundlers have to know", async () => {
  const manifest = JSON.parse(await readInstalled("package.json"));
  const { version } = JSON.parse(await Deno.readTextFile(new URL("deno.json", CLIENT)));
  equal(manifest.version, version);
  equal(manifest.license, "MIT");
  equal(manifest.type, "module");
  deepEqual(manifest.sideEffects, ["./cli/distrilock.js", "./pilot/node_worker.js", "./pilot/web_worker.js"]);
  equal(manifest.engines.node, ">=20");
  deepEqual(manifest.bin, { distrilock: "cli/distrilock.js" });
  ok(manifest.description.length > 20 && manifest.keywords.includes("lock"));
  deepEqual(Object.keys(manifest).filter((field) => /dependencies|scripts/i.test(field)), []);
  const { types, ...code } = manifest.exports["."];
  for (const path of [types, ...Object.values<string>(code), manifest.bin.distrilock]) {
    ok((await readInstalled(path)).length > 0, path);
  }
  deepEqual(Object.keys(manifest.exports).toSorted(), [".", "./package.json", "./pilot", "./web-locks"]);
});

Deno.test("no file of the package names the place where it was built", async () => {
  const { pathname } = new URL("../", CLIENT);
  for (const path of await installedFiles()) {
    const text = await readInstalled(path);
    ok(!text.includes(pathname) && !text.includes("sourceMappingURL"), path);
  }
});

Deno.test("the package's README has no links into a project that is not there", async () => {
  const links = [...(await readInstalled("README.md")).matchAll(/\]\(([^)]*)\)/g)].map(([, link]) => link);
  deepEqual(links.filter((link) => !/^(?:https:|#)/.test(link ?? "")), []);
});

Deno.test("every module of the package can be loaded by Node", async () => {
  const paths = (await installedFiles()).filter((path) => path.endsWith(".js") && !PROGRAMS.test(path));
  const loads = paths.map((path) => `await import("./node_modules/@distrilock/client/${path}");`).join("\n");
  await Deno.writeTextFile(`${project!.path}/load.mjs`, loads);
  await runProgram("node", ["load.mjs"], { cwd: project!.path });
});

Deno.test("the example of the package's README runs word for word", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path);
  const [, example = ""] = /^```ts.*\n([^]*?)^```/m.exec(await readInstalled("README.md")) ?? [];
  ok(example.includes(`from "@distrilock/client"`), "it is the example of the client");
  await Deno.writeTextFile(`${project!.path}/example.mjs`, example);
  await Deno.writeTextFile(`${project!.path}/stand_in.mjs`, standIn(daemon.tcpPort));
  const output = await runProgram("node", ["--import", "./stand_in.mjs", "example.mjs"], {
    cwd: project!.path,
  });
  const [asked] = output.trim().split("\n").map((line) => JSON.parse(line));
  deepEqual([asked.url, asked.method, asked.hasSignal], ["https://example.com/rebill", "POST", true]);
  ok(Number(asked.token) > 0, "it was guarded by a token");
});

Deno.test("npx distrilock runs the commands of the client", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path);
  const env = { HOME: project!.home, DISTRILOCK_SERVER: daemon.url };
  const npx = async (...words: string[]) => {
    const args = ["--offline", "distrilock", ...words];
    const { code, stdout, stderr } = await new Deno.Command("npx", { args, cwd: project!.path, env })
      .output();
    return { code, output: new TextDecoder().decode(stdout), errors: new TextDecoder().decode(stderr) };
  };
  const version = await npx("--version");
  match(version.output, /^distrilock \d+\.\d+\.\d+\n$/, version.errors);
  const held = await npx("lock", "nightly", "--", "sh", "-c", 'echo "token $DISTRILOCK_TOKEN"; exit 3');
  equal(held.code, 3, held.errors);
  match(held.output, /^token \d+\n$/);
  const { output, code } = await npx("ls", "-o", "json");
  deepEqual([JSON.parse(output), code], [[], 0]);
});

for (const [compiler, resolution, library] of COMPILATIONS) {
  const [where = "dom"] = library.types;
  const name = `${compiler}, ${resolution.moduleResolution}, ${where}`;
  Deno.test(`programs compile strictly against the package's types (${name})`, async () => {
    await compile(compiler, { ...resolution, ...library });
  });
}

Deno.test("the consumer of the package uses everything that the package exports", async () => {
  const [exported, used] = await Promise.all([
    Deno.readTextFile(new URL("mod.ts", CLIENT)),
    Deno.readTextFile(CONSUMER),
  ]);
  const lists = [...exported.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].map(([, list = ""]) => list);
  const names = lists.flatMap((list) => list.split(",")).map((name) => name.trim().replace(/^type /, ""));
  const missing = names.filter((name) => name !== "" && !new RegExp(`\\b${name}\\b`).test(used));
  deepEqual(missing, []);
});

/**
 * Compiles the consumer and the README's example; with the types of Node also what hands over a class of
 * `ws`.
 */
async function compile(compiler: string, options: { readonly types: readonly string[] }): Promise<void> {
  const { path } = project!;
  const [, example = ""] = /^```ts.*\n([^]*?)^```/m.exec(await readInstalled("README.md")) ?? [];
  await Deno.copyFile(CONSUMER, `${path}/consumer.ts`);
  await Deno.writeTextFile(`${path}/example.ts`, example);
  await Deno.writeTextFile(`${path}/with_ws.ts`, WITH_WS);
  const compilerOptions = {
    target: "es2022",
    strict: true,
    skipLibCheck: false,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    typeRoots: [`${packages}/@types`],
    ...options,
    ...(options.types.length > 0 ? { paths: { ws: [`${packages}/@types/ws/index.d.ts`] } } : {}),
  };
  const files = ["consumer.ts", "example.ts", ...(options.types.length > 0 ? ["with_ws.ts"] : [])];
  await Deno.writeTextFile(`${path}/tsconfig.json`, JSON.stringify({ compilerOptions, files }));
  await runProgram("node", [`${packages}/${compiler}/bin/tsc`, "-p", "."], { cwd: path });
}

const WITH_WS = `
import { connect } from "@distrilock/client";
import { WebSocket } from "ws";

export const client = await connect("ws://127.0.0.1:13124", { webSocket: WebSocket });
`;

/** What stands for the world of the example: the port of the test's daemon, and the site that is asked. */
function standIn(port: number): string {
  return `
import net from "node:net";
import { syncBuiltinESMExports } from "node:module";

const { connect } = net;
net.connect = (options, ...more) => connect(options.port === 13123 ? { ...options, port: ${port} } : options, ...more);
syncBuiltinESMExports();

globalThis.fetch = async (url, { method, headers, signal }) => {
  const token = new Headers(headers).get("fencing-token");
  console.log(JSON.stringify({ url, method, token, hasSignal: signal instanceof AbortSignal }));
  return new Response();
};
`;
}

function isModule(path: string): boolean {
  return /^(?:[a-z_]+\/)?[a-z_]+(?:\.js|\.d\.ts)$/.test(path);
}

function readInstalled(path: string): Promise<string> {
  return Deno.readTextFile(`${project!.path}/node_modules/@distrilock/client/${path}`);
}

async function installedFiles(): Promise<string[]> {
  const listed = await runProgram("tar", ["tzf", project!.tarball], { cwd: "." });
  return listed.trim().split("\n").map((path) => path.replace(/^package\//, ""));
}
