// What the web page shows while its daemon is away, and when it is back.
import { equal } from "node:assert/strict";
import { connect } from "../../mod.ts";
import { openBrowser } from "../runtimes/browser.ts";
import { startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { RestPeer } from "../support/rest_peer.ts";
import { chromium, Visit } from "./visit.ts";

const ignore = chromium === undefined;

Deno.test({
  name: "web page: says that it is not live while the daemon is away, and is right again when it is back",
  ignore,
  async fn() {
    using directory = temporaryDirectory();
    await using first = await startDaemonProcess(directory.path);
    await using browser = await openBrowser(chromium!);
    const { httpPort } = first;
    const seen = await Visit.open(browser, httpPort);
    {
      await using client = await connect(first.url, { name: "billing-1" });
      await client.acquire("before");
      await seen.live();
      await seen.shows("#lock-rows", "before");
      first.kill("SIGKILL");
      await first.status;
    }
    await seen.shows("#state", "Not live");
    await seen.shows("#stale", /This is what was known at \d\d:\d\d:\d\d, \d+ s ago/);
    await seen.shows("#lock-rows", "before");
    // Ages stand still: nobody knows whether it is still held.
    const age = await seen.text("#lock-rows > tr");
    await seen.shows("#stale", /, ([3-9]|\d\d) s ago/);
    equal(await seen.text("#lock-rows > tr"), age);
    await using daemon = await startDaemonProcess(directory.path, [
      "--http-address",
      `127.0.0.1:${httpPort}`,
    ]);
    await using client = await connect(daemon.url, { name: "billing-2" });
    await client.acquire("after");
    await seen.live();
    await seen.shows("#locks-count", /^1$/);
    await seen.shows("#lock-rows", /^after EX billing-2/);
    await client.acquire("later");
    await seen.shows("#lock-rows > tr:nth-child(2)", "later");
    equal(await seen.page.isVisible("#stale"), false);
    await seen.check();
  },
});

Deno.test({
  name: "web page: says that the daemon leaves service, and keeps what it knew",
  ignore,
  async fn() {
    using directory = temporaryDirectory();
    await using daemon = await startDaemonProcess(directory.path);
    await using browser = await openBrowser(chromium!);
    await using client = await connect(daemon.url, { name: "billing-1" });
    await client.acquire("held");
    const seen = await Visit.open(browser, daemon.httpPort);
    await seen.live();
    await new RestPeer(daemon).ask("POST /v1/drain", { body: {} });
    await seen.shows("#state", "Not live");
    await seen.shows("#daemon", "leaves service");
    await seen.shows("#lock-rows", "held");
    await seen.check();
  },
});
