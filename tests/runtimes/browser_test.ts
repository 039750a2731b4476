/**
 * The packed client in browsers: what bundlers make of it, and how it does in Chromium.
 *
 * @module
 */
import { equal, match, ok } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { connect } from "../../mod.ts";
import { eventually, within } from "../support/eventually.ts";
import { findChromium, openBrowser } from "./browser.ts";
import { bundle, chunksForBrowsers, pilotForBrowsers, suiteForBrowsers } from "./bundles.ts";
import { openHost } from "./host.ts";
import { checkOutcomes } from "./outcomes.ts";
import { installedProject, type Project } from "./project.ts";
import type { Outcome } from "./suite/suite.ts";
import { runProgram } from "./toolbox.ts";

/** Most bytes that a page has to load before it can connect, compressed. */
const BUNDLE_BYTES_MAX = 15 * 1_024;
const SUITE_MS_MAX = 120_000;
const APP = `import { connect } from "@distrilock/client";\nglobalThis.connect = connect;\n`;

const chromium = findChromium();
if (chromium === undefined) console.warn("skipped: the client in Chromium, which is not here");
const ignore = chromium === undefined;

let project: Project | undefined;
let scripts = { page: "", pilot: "" };

Deno.test.beforeAll(async () => {
  project = await installedProject();
  await Deno.writeTextFile(`${project.path}/app.js`, APP);
  scripts = { page: suiteForBrowsers(project.path), pilot: pilotForBrowsers(project.path) };
});

Deno.test.afterAll(async () => {
  await project?.[Symbol.asyncDispose]();
});

Deno.test("what a page loads for the client is small", () => {
  const [first = 0, ...later] = chunksForBrowsers(`${project!.path}/app.js`).map((text) => {
    checkForBrowsers(text);
    return gzipSync(text, { level: 9 }).length;
  });
  const more = later.toSorted((one, other) => other - one).join(", ");
  console.log(`bundle for browsers: ${first} bytes of ${BUNDLE_BYTES_MAX}, and when they are used ${more}`);
  ok(first <= BUNDLE_BYTES_MAX, `the bundle has ${first} bytes, want ${BUNDLE_BYTES_MAX} at most`);
});

Deno.test("the client is bundled for browsers with default options, and has nothing of Node in it", () => {
  const text = bundle({ entryPoints: [`${project!.path}/app.js`] });
  checkForBrowsers(text);
  ok(text.includes("Cannot connect to"), "it is the client");
});

Deno.test("deno bundle makes a bundle of the client for browsers, too", async () => {
  const { path } = project!;
  const how = ["bundle", "--quiet", "--platform", "browser", "app.js", "--output", "bundle.js"];
  await runProgram(Deno.execPath(), how, { cwd: path });
  const text = await Deno.readTextFile(`${path}/bundle.js`);
  checkForBrowsers(text);
  ok(text.includes("Cannot connect to"), "it is the client");
});

Deno.test("the client is loaded when something of it is used, and only then", () => {
  const { path } = project!;
  const stdin = { contents: `import { LockError } from "@distrilock/client";`, resolveDir: path };
  equal(bundle({ stdin, minify: true, format: "esm" }), "");
});

Deno.test({
  name: "client: the suite passes from the tarball in Chromium (websocket)",
  ignore,
  async fn() {
    await using host = await openHost(scripts);
    await using browser = await openBrowser(chromium!);
    const page = await browser.newPage();
    await page.goto(host.pageUrl);
    const setting = JSON.stringify(host.setting("websocket"));
    const running = page.evaluate<readonly Outcome[]>(`runSuite(${setting}, "suite")`);
    checkOutcomes(await within("the end of the suite", running, SUITE_MS_MAX));
  },
});

Deno.test({
  name: "a tab that is closed gives its lock to the other at once",
  ignore,
  async fn() {
    await using host = await openHost(scripts);
    await using browser = await openBrowser(chromium!);
    const [one, other] = await Promise.all([browser.newPage(), browser.newPage()]);
    const { url } = host.setting("websocket");
    for (const [page, name] of [[one, "one"], [other, "other"]] as const) {
      await page.goto(host.pageUrl);
      await page.evaluate(`connect("${url}", { name: "${name}" }).then((opened) => { client = opened; })`);
    }
    const first = await one.evaluate<number>(`client.acquire("tab").then(({ token }) => token)`);
    equal(await other.evaluate(`client.tryAcquire("tab")`), null);
    const second = other.evaluate<number>(`client.acquire("tab").then(({ token }) => token)`);
    await using observer = await connect(host.setting("tcp").url);
    const waiting = async () => (await observer.who("tab")).waiting[0]?.client?.name === "other";
    await eventually("the other tab waits", waiting);
    // Long before a heartbeat would find out.
    await one.close();
    ok(await within("the lock goes to the other tab", second) > first);
    equal((await observer.who("tab")).held[0]?.client?.name, "other");
  },
});

Deno.test({
  name: "connect says in a browser that there is no TCP",
  ignore,
  async fn() {
    await using host = await openHost(scripts);
    await using browser = await openBrowser(chromium!);
    const page = await browser.newPage();
    await page.goto(host.pageUrl);
    const said = await page.evaluate<string>(
      `connect("distrilock://127.0.0.1").catch((error) => error.message)`,
    );
    match(
      said,
      /^Cannot connect to distrilock:\/\/127\.0\.0\.1:13123: .* a browser has no TCP, use ws:\/\/ or wss:\/\/$/,
    );
  },
});

/** Nothing of Node, and none of the words of the command line or of the daemon. */
function checkForBrowsers(text: string): void {
  for (const word of ["node:", "Usage: distrilock", "child_process", "fcntl", "Deno."]) {
    ok(!text.includes(word), `there is ${word} in the bundle`);
  }
}
