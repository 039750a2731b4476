// How the daemon gives the files of its web page.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { ASSETS } from "../../server/web/assets.ts";
import { startDaemon, startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { RestPeer } from "../support/rest_peer.ts";

const POLICY: Readonly<Record<string, string>> = {
  "default-src": "'none'",
  "script-src": "'self'",
  "style-src": "'self'",
  "img-src": "'self'",
  "connect-src": "'self'",
  "base-uri": "'none'",
  "form-action": "'none'",
  "frame-ancestors": "'none'",
  "require-trusted-types-for": "'script'",
  "trusted-types": "'none'",
};

Deno.test("[H-22] the page and its files have a strict policy, their type, and a tag that saves sending them again", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path);
  const peer = new RestPeer(daemon);
  ok(ASSETS.size > 10);
  for (const [path, { type, text }] of ASSETS) {
    const { status, headers, body } = await peer.ask(`GET ${path}`);
    equal(status, 200, path);
    equal(body, text, path);
    equal(headers.get("content-type"), type);
    const policy = headers.get("content-security-policy")!.split("; ").map((rule) => rule.split(" "));
    deepEqual(Object.fromEntries(policy), POLICY);
    equal(headers.get("x-content-type-options"), "nosniff");
    equal(headers.get("referrer-policy"), "no-referrer");
    equal(headers.get("cross-origin-resource-policy"), "same-origin");
    equal(headers.get("cache-control"), "no-cache");
    const head = await peer.ask(`HEAD ${path}`);
    equal(head.headers.get("content-length"), String(new TextEncoder().encode(text).length));
    const tag = headers.get("etag")!.replace("W/", "");
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`, "*"]) {
      const again = await peer.ask(`GET ${path}`, { headers: { "if-none-match": known } });
      equal(again.status, 304, `${path} ${known}`);
      equal(again.body, undefined);
    }
    equal((await peer.ask(`GET ${path}`, { headers: { "if-none-match": `"other"` } })).status, 200);
  }
  equal((await peer.ask("POST /")).status, 405);
  equal((await peer.ask("GET /web/")).status, 404);
  equal((await peer.ask("GET /web/assets.ts")).status, 404);
});

Deno.test("[H-22] the page has nothing inline, and knows only files that are there", () => {
  const { text } = ASSETS.get("/")!;
  ok(!/<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]* src=)/i.test(text));
  for (const [, file] of text.matchAll(/(?:src|href)="(web\/[^"]+)"/g)) ok(ASSETS.has(`/${file}`), file);
  for (const [path, { text: script }] of ASSETS) {
    if (!path.endsWith(".js")) continue;
    ok(!/\.(?:inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\(|new Function/.test(script), path);
    for (const [, file] of script.matchAll(/^import .* from "\.\/([^"]+)";$/gm)) {
      ok(ASSETS.has(`/web/${file}`), `${path} imports ${file}`);
    }
  }
});

Deno.test("[H-22] a daemon may read its directory alone, and gives the page all the same", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path);
  const peer = new RestPeer(daemon);
  match((await peer.ask("GET /")).body, /<title>distrilock<\/title>/);
  match((await peer.ask("GET /web/app.js")).body, /new Page\(\)\.start\(\)/);
});
