/**
 * Ports that cannot be had, and directories that are made.
 *
 * @module
 */
import { equal, throws } from "node:assert/strict";
import { startDaemon, temporaryDirectory } from "../../../support/daemon.ts";

Deno.test("a daemon whose port is taken says which one", async () => {
  using directory = temporaryDirectory();
  await using first = startDaemon(`${directory.path}/locks`);
  for (const [option, port] of [["--address", first.tcpPort], ["--http-address", first.httpPort]] as const) {
    throws(
      () => startDaemon(`${directory.path}/locks`, [option, `127.0.0.1:${port}`]),
      { name: "AddrInUse", message: new RegExp(`^Cannot listen on 127\\.0\\.0\\.1:${port}: `) },
    );
  }
});

Deno.test("a daemon makes its directory for its own user alone", async () => {
  using directory = temporaryDirectory();
  await using _daemon = startDaemon(`${directory.path}/locks`);
  equal(Deno.statSync(`${directory.path}/locks`).mode! & 0o777, 0o700);
});
