// A daemon that has its directory for itself, as a process.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { connect } from "../../client/mod.ts";
import { runCommand } from "../support/command.ts";
import { startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { lockedFiles } from "../support/kernel_locks.ts";

Deno.test("[I-1] serve --sole has its directory alone, beside no other daemon; after kill -9 tokens go on and others may come", async () => {
  using directory = temporaryDirectory();
  const serve = (...flags: string[]) => {
    const ports = ["--address", "127.0.0.1:0", "--http-address", "off"];
    return runCommand("", ["serve", ...ports, "--directory", directory.path, ...flags]);
  };
  let token: number;
  {
    await using daemon = await startDaemonProcess(directory.path, ["--sole"]);
    await using client = await connect(daemon.url);
    await using lock = await client.acquire("a");
    // The kernel knows of no lock on the file: nobody else is there to be kept out.
    deepEqual(lockedFiles(directory.path), []);
    equal(await client.tryAcquire("a"), null);
    equal(await lock.verify(), true);
    token = lock.token;
    const late = await serve();
    equal(late.code, 69);
    match(late.errors, /^distrilock: Cannot use .*: a daemon has the directory alone \(--sole\); stop it/m);
    daemon.kill("SIGKILL");
    await daemon.status;
  }
  await using shared = await startDaemonProcess(directory.path);
  await using client = await connect(shared.url);
  await using lock = await client.acquire("a");
  ok(lock.token > token);
  const sole = await serve("--sole");
  equal(sole.code, 69);
  match(
    sole.errors,
    /^distrilock: Cannot have .* alone \(--sole\): other daemons use the directory; stop them$/m,
  );
});
