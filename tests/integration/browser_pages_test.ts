// What a page of another site comes to in a real browser that runs on the daemon's own machine.
import { deepEqual, equal } from "node:assert/strict";
import { findChromium, openBrowser } from "../runtimes/browser.ts";
import { startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { within } from "../support/eventually.ts";
import { connectRaw } from "../support/raw_peer.ts";

const PAGE_MS = 60_000;

const chromium = findChromium();
if (chromium === undefined) console.warn("skipped: pages of another site in Chromium, which is not here");

/** A page that tries everything that a page can, and keeps what came of it in `seen`. */
function page(port: number): string {
  const tries = {
    socket: `new Promise((end) => {
      const socket = new WebSocket("ws://127.0.0.1:${port}/v1/ws");
      socket.onopen = () => end("open");
      socket.onerror = () => end("refused");
    })`,
    fetched: `fetch("http://127.0.0.1:${port}/v1/names").then((answer) => answer.text(), () => "refused")`,
    posted: `fetch("http://127.0.0.1:${port}/v1/locks", {
      method: "POST", mode: "no-cors", headers: { "content-type": "text/plain" }, body: '{"name":"forged"}'
    }).then((answer) => answer.type, () => "refused")`,
    dutch:
      `fetch("http://127.0.0.1:${port}/getLock/forged/60", { mode: "no-cors" }).then((answer) => answer.type, () => "refused")`,
  };
  const all = Object.entries(tries).map(([name, code]) => `${name}: await ${code}`).join(",");
  return `<!doctype html><body><form method="post" enctype="text/plain" target="frame" action="http://127.0.0.1:${port}/v1/locks">
    <input name='{"name":"forged","x":"' value='"}'></form><iframe name="frame"></iframe><script>
    document.forms[0].submit();
    globalThis.seen = (async () => ({${all}}))();
    </script>`;
}

/** What the page saw. */
async function show(daemonPort: number): Promise<Record<string, string>> {
  await using site = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(page(daemonPort), { headers: { "content-type": "text/html" } }),
  );
  await using browser = await openBrowser(chromium!);
  const shown = await browser.newPage();
  await shown.goto(`http://localhost:${site.addr.port}/`);
  return await within("what the page saw", shown.evaluate<Record<string, string>>("seen"), PAGE_MS);
}

Deno.test({
  name: "[P-85] a page of another site, in a browser on this machine, neither locks nor sees anything",
  ignore: chromium === undefined,
  async fn() {
    using directory = temporaryDirectory();
    await using daemon = startDaemon(directory.path);
    await using peer = await connectRaw(daemon, "tcp");
    await peer.ask({ id: 2, op: "acquire", name: "private" });
    const { posted, dutch, ...seen } = await show(daemon.httpPort);
    deepEqual(seen, { socket: "refused", fetched: "refused" });
    // The page is not even told that it was refused: it sees an answer that it may not look into.
    deepEqual([posted, dutch], ["opaque", "opaque"]);
    equal((await peer.ask({ id: 3, op: "who", name: "forged" })).heldCount, 0);
  },
});
