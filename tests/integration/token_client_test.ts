// The client library with a token: what its user sees of being let in, refused and sent away.
import { equal, ok, rejects } from "node:assert/strict";
import { connect, ConnectionError, LockError } from "../../client/mod.ts";
import { startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { within } from "../support/eventually.ts";
import { testToken, writeTokens } from "../support/tokens.ts";

Deno.test("[P-80] [P-84] a client locks with its token, hears why it may not, and that it was sent away", async () => {
  using directory = temporaryDirectory();
  using files = temporaryDirectory();
  const path = `${files.path}/tokens`;
  writeTokens(path, { alice: "read,acquire:a/*", bob: "read,acquire:*" });
  await using daemon = startDaemon(directory.path, ["--tokens-file", path, "--refusal-pause", "1ms"]);
  for (const url of [daemon.url, daemon.webSocketUrl]) {
    for (const token of [undefined, testToken("eve")]) {
      await rejects(connect(url, { token }), (error) => {
        ok(error instanceof ConnectionError);
        equal(error.code, "UNAUTHENTICATED");
        ok(!error.message.includes(testToken("eve")));
        return true;
      });
    }
    await using client = await connect(url, { token: testToken("alice"), reconnect: false });
    const lock = await client.acquire("a/1");
    await rejects(client.acquire("b/1"), (error) => error instanceof LockError && error.code === "DENIED");
    await rejects(client.who("b/1"), (error) => error instanceof LockError && error.code === "DENIED");
    const lost = new Promise<void>((resolve) => lock.signal.addEventListener("abort", () => resolve()));
    writeTokens(path, { bob: "read,acquire:*" });
    await daemon.daemon.reloads.get("tokens")?.();
    await within("the loss is told", lost);
    await using other = await connect(url, { token: testToken("bob") });
    await (await other.acquire("a/1")).release();
    writeTokens(path, { alice: "read,acquire:a/*", bob: "read,acquire:*" });
    await daemon.daemon.reloads.get("tokens")?.();
  }
});
