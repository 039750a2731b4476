/**
 * Holds a lock of a directory, without a daemon: `without_daemon.ts DIRECTORY`. Two of them at once take
 * turns, and so do daemons that serve the directory.
 *
 * @module
 */
import { openDirectory } from "../mod.ts";

const [directory = "./locks"] = Deno.args;
await using locks = await openDirectory(directory, { name: "without-daemon" });

await locks.request("nightly", { wait: 30_000, reason: "an example" }, async (lock) => {
  console.log(`holding ${lock.name} with token ${lock.token}`);
  const second = await locks.tryAcquire("nightly");
  console.log(`a second try gets ${second}`);
});
