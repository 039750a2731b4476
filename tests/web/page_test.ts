// The web page in a real browser, against a real daemon with real locks.
import { equal, fail, ok } from "node:assert/strict";
import { type Client, connect } from "../../mod.ts";
import { openBrowser } from "../runtimes/browser.ts";
import { type Place, startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { chromium, Visit, type VisitOptions } from "./visit.ts";

/** What a client may say of itself, and what must stay text. */
const HOSTILE = `<img src=x onerror="violations.push('ran')"><script>violations.push('ran')</script>`;
const ROWS = "#lock-rows > tr";

interface Stage extends AsyncDisposable {
  readonly daemon: Place;
  readonly client: Client;
  readonly visit: (options?: VisitOptions) => Promise<Visit>;
}

/** A daemon, a client of it, and a browser. */
async function openStage(): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(temporaryDirectory());
  const daemon = stack.use(startDaemon(directory.path));
  const client = stack.use(await connect(daemon.url, { name: "billing-1", host: "app3", pid: 4711 }));
  const browser = stack.use(await openBrowser(chromium!));
  return {
    daemon,
    client,
    visit: (options) => Visit.open(browser, daemon.httpPort, options),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function test(name: string, fn: (stage: Stage) => Promise<void>): void {
  Deno.test({
    name: `web page: ${name}`,
    ignore: chromium === undefined,
    async fn() {
      await using stage = await openStage();
      await fn(stage);
    },
  });
}

test("without locks it says so, and shows a grant and its end without a reload", async ({ client, visit }) => {
  const seen = await visit();
  await seen.live();
  await seen.shows("#locks-empty", "Nothing is locked.");
  await seen.shows("#waiters-empty", "Nobody waits.");
  await seen.shows("#graph-empty", "Nobody waits for anybody.");
  equal(await seen.count(ROWS), 0);
  const lock = await client.acquire("invoice/42", { reason: "rebill", labels: { team: "billing" } });
  await seen.shows(ROWS, /^invoice\/42 EX billing-1 app3, pid 4711 rebill \d+ s as its session$/);
  await seen.shows("#feed-rows", "billing-1 was granted invoice/42 in EX");
  await seen.shows("#session-rows", "billing-1");
  await seen.shows(".tile[data-field=held]", "1");
  await lock.release();
  await seen.shows("#locks-empty", "Nothing is locked.");
  await seen.shows("#feed-rows", "billing-1 released invoice/42");
  await seen.check();
});

test("of three locks it shows who waits, the oldest first, and draws for whom", async ({ daemon, client, visit }) => {
  await using other = await connect(daemon.url, { name: "report-7" });
  await using third = await connect(daemon.url, { name: "import-3" });
  const a = await client.acquire("a", { reason: "first" });
  await other.acquire("b", { ttl: 300_000 });
  await client.acquire("c", { mode: "PR" });
  const waitA = other.acquire("a", { reason: "wants a" });
  const waitB = third.acquire("b", { mode: "PR" });
  await eventually("the second waits", async () => (await client.who("b")).waiting.length === 1);
  const seen = await visit();
  await seen.shows(
    "#waiter-rows",
    /^report-7 \d+ s a EX behind billing-1 · wants a import-3 \d+ s b PR behind report-7$/,
  );
  await seen.shows("#graph-count", /^$/);
  await seen.shows("#graph-picture", /a.*report-7|report-7.*a/);
  equal(await seen.count("#graph-picture .arrow.waits"), 2);
  equal(await seen.count("#graph-picture .arrow.held"), 2);
  await seen.page.click("#graph-words summary");
  await seen.shows("#graph-sentences", "report-7 waits for a in EX, place 1: held by billing-1 in EX.");
  await seen.shows(`${ROWS}:nth-child(2)`, /4 min 5\d s|5 min/);
  await a.release();
  await waitA;
  await seen.shows(`${ROWS}:first-child`, /^a EX report-7 127\.0\.0\.1, pid \d+ wants a/);
  await seen.shows(".tile[data-field=waiting]", /Waiting requests 1/);
  await seen.check();
  await other.close();
  await waitB;
});

test("a circle that the daemon may not break is marked", async ({ daemon, client, visit }) => {
  await using other = await connect(daemon.url, { name: "report-7" });
  await client.acquire("a");
  await other.acquire("b");
  for (const wait of [client.acquire("b"), other.acquire("a")]) wait.catch(whateverItIs);
  const seen = await visit();
  await seen.shows("#graph-count", "1 circle");
  equal(await seen.count("#graph-picture .arrow.circle"), 1);
});

test("five thousand locks come by pages, and a search finds one", async ({ client, visit }) => {
  const count = 5_000;
  for (let index = 0; index < count; index += 250) {
    await Promise.all(
      Array.from(
        { length: 250 },
        (_, step) => client.acquire(`job/${String(index + step).padStart(5, "0")}`),
      ),
    );
  }
  const startMs = performance.now();
  const seen = await visit();
  await seen.shows(ROWS, "job/00000");
  const rowsMs = performance.now() - startMs;
  await seen.live();
  await seen.shows("#locks-count", "5,000");
  const liveMs = performance.now() - startMs;
  equal(await seen.count(ROWS), 25);
  await seen.page.getByRole("navigation", { name: "Pages of locks" }).getByText("Next").click();
  await seen.shows(ROWS, "job/00025");
  const searchMs = performance.now();
  await seen.page.fill("#search", "job/049");
  await seen.shows("#locks-count", /^100$/);
  await seen.shows(ROWS, "job/04900");
  const heapMiB = await seen.page.evaluate<number>("performance.memory.usedJSHeapSize") / 2 ** 20;
  console.log(
    `5,000 locks: first rows after ${rowsMs.toFixed()} ms, live after ${liveMs.toFixed()} ms, a search ${
      (performance.now() - searchMs).toFixed()
    } ms, ${heapMiB.toFixed(1)} MiB of heap`,
  );
  await seen.page.fill("#search", "nothing/");
  await seen.shows("#locks-empty", "No name that begins with nothing/ is locked.");
  await seen.check();
});

test("breaks a lock with the keyboard alone, once its name was typed and a reason given", async ({ client, visit }) => {
  const lock = await client.acquire("invoice/42", { reason: "rebill" });
  const seen = await visit();
  await seen.live();
  const { keyboard } = seen.page;
  await tabTo(seen, "invoice/42");
  await keyboard.press("Enter");
  await seen.shows("#name-dialog", `Token ${lock.token}`);
  await tabTo(seen, "Break…");
  await keyboard.press("Enter");
  await keyboard.type("invoice/4");
  await keyboard.press("Enter");
  await seen.shows("#break-error", "That is not the name of the lock");
  await keyboard.type("2");
  await keyboard.press("Enter");
  await seen.shows("#break-error", "Say why");
  ok(!lock.signal.aborted);
  await keyboard.type("host is gone");
  await keyboard.press("Enter");
  await seen.shows("#name-outcome", "Broke 1 lock of invoice/42, held by billing-1");
  await eventually("the holder knows", () => lock.signal.aborted);
  await seen.shows("#locks-empty", "Nothing is locked.");
  await keyboard.press("Escape");
  await eventually("the focus is back", async () => {
    return await seen.page.evaluate("document.activeElement.id") === "locks";
  });
  await seen.shows("#feed-rows", /invoice\/42 in EX \(.*host is gone.*\)/);
  await seen.check();
});

test("a break does not hit whoever holds the lock by then", async ({ client, visit }) => {
  const first = await client.acquire("invoice/42");
  const seen = await visit();
  await seen.page.click(`${ROWS} button`);
  await seen.page.click("#name-body button");
  await first.release();
  const second = await client.acquire("invoice/42");
  await seen.page.fill("#break-name", "invoice/42");
  await seen.page.fill("#break-reason", "late");
  await seen.page.click("#break-submit");
  await seen.shows("#break-error", "Nothing was broken: the lock has another holder by now.");
  ok(!second.signal.aborted);
  ok(await second.verify());
});

test("what clients say stays text", async ({ daemon, visit }) => {
  await using client = await connect(daemon.url, { name: HOSTILE, host: HOSTILE });
  await using waiter = await connect(daemon.url, { name: HOSTILE });
  const wish = { reason: HOSTILE, labels: { "<b>": "<script>" }, owner: "<i>" };
  const lock = await client.acquire("a", wish);
  waiter.acquire("a", wish).catch(whateverItIs);
  const seen = await visit();
  await seen.shows(ROWS, HOSTILE);
  await seen.shows("#waiter-rows", HOSTILE);
  await seen.shows("#graph-picture", "owner <i>");
  await seen.page.click(`${ROWS} button`);
  await seen.shows("#name-body", "<b>=<script>");
  await seen.page.click("#name-body button");
  await seen.shows("#break-what", HOSTILE);
  await seen.page.keyboard.press("Escape");
  await seen.page.keyboard.press("Escape");
  await lock.release();
  await seen.shows("#feed-rows", HOSTILE);
  equal(await seen.count("img[src=x]"), 0);
  equal(await seen.count("script"), 1);
  await seen.check();
});

test("remaining time follows a renewal, and ages are by the daemon's clock", async ({ client, visit }) => {
  const lock = await client.acquire("a", { ttl: 60_000 });
  const seen = await visit({ before: "{ const now = Date.now; Date.now = () => now() + 3_600_000; }" });
  await seen.shows(ROWS, /^a EX billing-1 app3, pid 4711 \d s (5\d s|1 min)$/);
  await lock.renew(600_000);
  await seen.shows(ROWS, /9 min 5\d s$|10 min$/);
  await seen.check();
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`keeps nobody out, ${colorScheme}`, async ({ daemon, client, visit }) => {
    await using other = await connect(daemon.url, { name: "report-7" });
    await client.acquire("invoice/42", { reason: "rebill", ttl: 300_000 });
    other.acquire("invoice/42", { mode: "PR" }).catch(whateverItIs);
    const seen = await visit({ colorScheme });
    await seen.shows("#graph-picture", "invoice/42");
    await seen.live();
    await seen.checkAccess();
    await seen.page.click(`${ROWS} button`);
    await seen.shows("#name-body", "Token");
    await seen.checkAccess();
    await seen.page.click("#name-body button");
    await seen.page.click("#break-submit");
    await seen.checkAccess();
    await seen.check();
  });
}

test("fits a phone", async ({ daemon, client, visit }) => {
  await using other = await connect(daemon.url, { name: "report-7" });
  await client.acquire("a".repeat(200), { reason: "w".repeat(250), ttl: 300_000 });
  other.acquire("a".repeat(200)).catch(whateverItIs);
  const seen = await visit({ width: 360, height: 640 });
  await seen.shows("#graph-picture", "aaaa");
  const width = () => seen.page.evaluate<number>("document.documentElement.scrollWidth");
  equal(await width(), 360);
  await seen.page.click(`${ROWS} button`);
  await seen.page.click("#name-body button");
  await seen.shows("#break-what", "aaaa");
  equal(await width(), 360);
  const box = await seen.page.locator("#break-submit").boundingBox();
  ok(box && box.x >= 0 && box.x + box.width <= 360, "the button is on the screen");
  await seen.page.keyboard.press("Escape");
  await seen.page.keyboard.press("Escape");
  await seen.checkAccess();
});

/** A wait that is there to be seen ends with its client; how does not matter. */
function whateverItIs(): void {}

/** Goes on with Tab until an element with that text has the focus; each that had it must be visible. */
async function tabTo({ page }: Visit, text: string): Promise<void> {
  const passed: string[] = [];
  for (let step = 0; step < 30; step++) {
    await page.keyboard.press("Tab");
    const { words, isVisible } = await page.evaluate<{ words: string; isVisible: boolean }>(`(() => {
      const { activeElement: focused } = document;
      const { width, height } = focused.getBoundingClientRect();
      return { words: focused.textContent.trim() || focused.id, isVisible: width > 0 && height > 0 };
    })()`);
    passed.push(words);
    ok(isVisible, `the focus is on what nobody sees: ${passed}`);
    if (words === text) return;
  }
  fail(`the focus never came to ${text}, but to ${passed.join(", ")}`);
}
