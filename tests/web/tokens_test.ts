// The web page of a daemon that wants tokens: what each may see and do, and where a token is kept.
import { equal, ok } from "node:assert/strict";
import { connect } from "../../mod.ts";
import { openBrowser } from "../runtimes/browser.ts";
import { startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { testToken, writeTokens } from "../support/tokens.ts";
import { chromium, Visit } from "./visit.ts";

const RULES = {
  admin: "read,acquire,break,admin:*",
  reader: "read:invoice/*",
  worker: "acquire,read:*",
};

Deno.test({
  name:
    "web page: asks for a token, shows what it may see, does what it may do, and keeps it no longer than wished",
  ignore: chromium === undefined,
  async fn() {
    using directory = temporaryDirectory();
    using files = temporaryDirectory();
    const path = `${files.path}/tokens`;
    writeTokens(path, RULES);
    await using daemon = startDaemon(directory.path, ["--tokens-file", path, "--refusal-pause", "1ms"]);
    await using client = await connect(daemon.url, { name: "billing-1", token: testToken("worker") });
    const lock = await client.acquire("invoice/42");
    await client.acquire("secret");
    await using browser = await openBrowser(chromium!);
    const seen = await Visit.open(browser, daemon.httpPort);
    const use = async (subject: string, isKept = false) => {
      await seen.page.fill("#token-text", testToken(subject));
      await seen.page.setChecked("#token-keep", isKept);
      await seen.page.click("#token-form button[type=submit]");
    };

    await seen.shows("#state", "No access");
    ok(await seen.page.isVisible("#token-dialog"));
    await use("nobody");
    await seen.shows("#state", "No access");
    await seen.shows("#token-why", "Cannot");
    equal(await seen.count("#lock-rows > tr"), 0);

    await use("reader");
    await seen.live();
    await seen.shows("#locks-count", /^1$/);
    await seen.shows("#lock-rows", "invoice/42");
    await seen.shows("#sessions-empty", /Not shown\. .*lacks the right admin/);
    await seen.page.click("#lock-rows button");
    await seen.page.click("#name-body button");
    await seen.page.fill("#break-name", "invoice/42");
    await seen.page.fill("#break-reason", "may not");
    await seen.page.click("#break-submit");
    await seen.shows("#break-error", "lacks the right break for invoice/42");
    ok(!lock.signal.aborted);
    await seen.page.keyboard.press("Escape");
    await seen.page.keyboard.press("Escape");
    await seen.page.reload();
    await seen.shows("#state", "No access");

    await use("admin", true);
    await seen.live();
    await seen.shows("#locks-count", /^2$/);
    await seen.shows("#session-rows", "billing-1");
    await seen.page.reload();
    await seen.live();
    await seen.page.click("#token-open");
    await seen.page.click("#token-forget");
    await seen.shows("#state", "No access");
    equal(await seen.count("#lock-rows > tr"), 0);
    for (const place of ["#waiter-rows", "#feed-rows", "#graph-picture", "#session-rows", "#name-body"]) {
      equal(await seen.page.locator(place).textContent(), "", place);
    }
    await seen.check();
    equal(await seen.page.evaluate("sessionStorage.length + localStorage.length"), 0);
    ok(!seen.page.url().includes("?"));
  },
});
