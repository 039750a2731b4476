/**
 * Daemons that cannot run their member of etcd: each says why, and ends with the code for it.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { startCommand } from "../../support/command.ts";
import { temporaryDirectory } from "../../support/daemon.ts";
import { NO_ETCD } from "../../support/etcd_cluster.ts";
import { within } from "../../support/eventually.ts";
import { ManagedHosts } from "../../support/managed_hosts.ts";

const LONG_MS = 30_000;
const ignore = NO_ETCD !== undefined;
/** Where nobody else listens: the port beside one that is taken has to be free. */
const ADDRESS = "127.77.1.1";
const PORTLESS = ["--address", "127.0.0.1:0", "--http-address", "off"];

/** Starts a daemon, waits for its end, and answers with the code and what it told people at last. */
async function fail(flags: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  await using daemon = startCommand("", ["serve", ...PORTLESS, ...flags], { environment });
  const { code } = await within("the daemon ends", daemon.status, LONG_MS);
  return [code, daemon.errors.trimEnd().split("\n").at(-1)];
}

/** A program that is called etcd and says that it has a version. */
function writeEtcd(directory: string, version: string): string {
  const path = Deno.makeTempDirSync({ dir: directory });
  Deno.writeTextFileSync(`${path}/etcd`, `#!/bin/sh\necho "${version}"\n`, { mode: 0o755 });
  return path;
}

Deno.test("a daemon without a useful etcd says so, and ends with 69", async () => {
  using place = temporaryDirectory();
  const flags = ["--etcd-managed", "127.0.0.1:1", "--bootstrap", "--etcd-data", `${place.path}/data`];
  deepEqual(await fail(flags, { PATH: place.path }), [
    69,
    "distrilock: Cannot run etcd: it is not installed, want it in PATH (Debian: apt-get install etcd-server)",
  ]);
  const old = writeEtcd(place.path, "etcd Version: 3.3.11");
  deepEqual(await fail(flags, { PATH: `${old}:/usr/bin:/bin` }), [
    69,
    "distrilock: Cannot run etcd: it has version 3.3.11, want 3.4 or later",
  ]);
  const strange = writeEtcd(place.path, "hello");
  deepEqual(await fail(flags, { PATH: `${strange}:/usr/bin:/bin` }), [
    69,
    "distrilock: Cannot run etcd: that program does not tell its version, want 3.4 or later",
  ]);
});

Deno.test({
  name: "a daemon whose member cannot start says why, and ends with 69",
  ignore,
  async fn() {
    using place = temporaryDirectory();
    const data = `${place.path}/data`;
    const listener = Deno.listen({ hostname: ADDRESS, port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    const flags = ["--etcd-managed", `${ADDRESS}:${port}`, "--etcd-data", data];
    for (const taken of [port, port - 1]) {
      const [code, message] = await fail([
        ...["--etcd-managed", `${ADDRESS}:${taken}`, "--etcd-data", data],
        "--bootstrap",
      ]);
      equal(code, 69);
      const where = `cannot listen on ${ADDRESS.replaceAll(".", "\\.")}:${port}: Address already in use`;
      match(String(message), new RegExp(`^distrilock: Cannot run etcd: ${where}`));
    }
    listener.close();
    deepEqual(await fail(flags), [
      69,
      `distrilock: Cannot run etcd: there is no data in ${
        JSON.stringify(data)
      }, want --bootstrap for a first start`,
    ]);
    const [envCode, envMessage] = await fail([...flags, "--bootstrap"], { ETCD_NAME: "x" });
    equal(envCode, 69);
    match(String(envMessage), /^distrilock: Cannot run etcd: .*ETCD_NAME/);
  },
});

Deno.test({
  name: "daemons that were told of different hosts found nothing",
  ignore,
  async fn() {
    using place = temporaryDirectory();
    await using cluster = new ManagedHosts(place.path, 3);
    const [first, second] = cluster.hosts.map(({ self }) => self);
    const waiting = ["--bootstrap", "--etcd-self", first!, "--etcd-data", `${place.path}/one`];
    await using one = startCommand("", [
      "serve",
      ...PORTLESS,
      ...waiting,
      "--etcd-managed",
      `${first},${second}`,
    ]);
    await cluster.hosts[0]!.waitsForFounders();
    const flags = ["--bootstrap", "--etcd-self", second!, "--etcd-data", `${place.path}/two`];
    const [code, message] = await fail([...flags, "--etcd-managed", cluster.members]);
    equal(code, 69);
    match(
      String(message),
      /^distrilock: Cannot found a cluster of .*: 127.0.0.1:\d+ was told of .*, want the same --etcd-managed on all hosts$/,
    );
    one.kill("SIGTERM");
    equal((await within("it ends while it waits", one.status)).code, 0);
  },
});

Deno.test({
  name: "[I-1] a daemon whose disk is of another cluster, or of a member that was removed, does not serve",
  ignore,
  async fn() {
    using place = temporaryDirectory();
    await using cluster = new ManagedHosts(place.path, 3);
    const [, , third] = cluster.hosts;
    const data = `${third!.directory}/data`;
    const flags = ["--etcd-managed", cluster.members, "--etcd-self", third!.self, "--etcd-data", data];
    await cluster.start("--bootstrap");

    await third!.crash();
    Deno.renameSync(data, `${place.path}/removed`);
    await third!.start();
    await third!.crash();
    third!.loseDisk();
    Deno.renameSync(`${place.path}/removed`, data);
    const [code, message] = await fail(flags);
    equal(code, 69);
    // What etcd says depends on who of the others speaks to it first.
    match(String(message), /^distrilock: Cannot run etcd: .*; if the data in ".*" is old, move it away/);

    third!.loseDisk();
    const alone = ["serve", ...PORTLESS, "--etcd-managed", third!.self, "--etcd-data", data, "--bootstrap"];
    await using founder = startCommand("", alone);
    while (!founder.errors.includes("daemon.ready")) await new Promise((resolve) => setTimeout(resolve, 20));
    await using rival = startCommand("", alone);
    equal((await within("a second daemon there ends", rival.status, LONG_MS)).code, 69);
    ok(rival.errors.includes("another daemon does"), rival.errors);
    founder.kill("SIGTERM");
    await within("it ends", founder.status, LONG_MS);
    const [foreignCode, foreignMessage] = await fail(flags);
    equal(foreignCode, 69);
    match(
      String(foreignMessage),
      /is of cluster [0-9a-f]+, and 127.0.0.1:\d+ is in [0-9a-f]+; move it away/,
    );
  },
});
