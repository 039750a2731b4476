/**
 * Daemons that run the members of their cluster: a client with a grace holds its lock through all that
 * happens to daemons, members and disks.
 *
 * @module
 */
import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { type Client, connect, type Lock } from "../../../client/mod.ts";
import { hasOpenssl, makeCertificates } from "../../support/certificates.ts";
import { temporaryDirectory } from "../../support/daemon.ts";
import { NO_ETCD } from "../../support/etcd_cluster.ts";
import { within } from "../../support/eventually.ts";
import { ManagedHosts } from "../../support/managed_hosts.ts";

const LONG_MS = 30_000;
const ignore = NO_ETCD !== undefined;

/** A lock that is held through all of a test. */
class Keeper implements AsyncDisposable {
  readonly #client: Client;
  readonly #lock: Lock;

  private constructor(client: Client, lock: Lock) {
    this.#client = client;
    this.#lock = lock;
  }

  static async open(urls: string[]): Promise<Keeper> {
    const client = await connect(urls, { name: "keeper", grace: 60_000 });
    return new Keeper(client, await client.acquire("kept"));
  }

  /** It still has its lock, as each of the daemons sees it. */
  async has(urls: string[]): Promise<void> {
    equal(this.#lock.signal.aborted, false);
    for (const url of urls) {
      await using other = await connect(url, { name: "other" });
      equal(await other.tryAcquire("kept"), null);
      deepEqual((await other.who("kept")).held.map(({ token }) => token), [this.#lock.token]);
      const next = await other.acquire("free");
      ok(next.token > this.#lock.token);
      await next.release();
    }
    await within("its session is somewhere", this.#lock.verify(), LONG_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}

Deno.test({
  name:
    "[I-18] daemons found a cluster together, and stop one after the other and all at once with their members",
  ignore,
  async fn() {
    using place = temporaryDirectory();
    await using cluster = new ManagedHosts(place.path, 3);
    await cluster.start("--bootstrap");
    for (const host of cluster.hosts) {
      deepEqual(host.states, ["new"]);
      equal(host.memberGroup, host.memberPid, "Ctrl-C in a terminal is not for the member");
    }
    await using keeper = await Keeper.open(cluster.urls);
    await keeper.has(cluster.urls);
    for (const host of cluster.hosts) {
      host.daemon.kill("SIGTERM");
      equal((await within("the daemon ends", host.daemon.status, LONG_MS)).code, 0);
      const events = host.daemon.log.map(({ event }) => event);
      ok(events.indexOf("etcd.stopped") > events.indexOf("daemon.stopped"), "its member ends after it");
      await host.start("--bootstrap");
      deepEqual(host.states, ["existing"]);
      await keeper.has(cluster.urls);
    }
    await keeper[Symbol.asyncDispose]();
    for (const host of cluster.hosts) host.daemon.kill("SIGTERM");
    for (const host of cluster.hosts) {
      equal((await within("the daemon ends", host.daemon.status, LONG_MS)).code, 0);
    }
  },
});

Deno.test({
  name:
    "[I-1] daemons and members that are killed come back by themselves, and a lost disk comes back as a new member",
  ignore,
  async fn() {
    using place = temporaryDirectory();
    await using cluster = new ManagedHosts(place.path, 3);
    const [first, second, third] = cluster.hosts;
    await cluster.start("--bootstrap");
    await using keeper = await Keeper.open(cluster.urls);

    const orphan = first!.memberPid;
    first!.daemon.kill("SIGKILL");
    await first!.daemon.status;
    await first!.start();
    const ended = first!.daemon.log.find(({ event }) => event === "etcd.orphan_ended");
    equal(ended?.pid, orphan);
    await keeper.has(cluster.urls);

    second!.killMember();
    await second!.logged("etcd.ended");
    await second!.logged("etcd.started", 2);
    await second!.logged("etcd.following", 2);
    await keeper.has(cluster.urls);

    const former = await third!.memberId(second!);
    await third!.crash();
    third!.loseDisk();
    await third!.start();
    deepEqual(third!.states, ["existing"]);
    notEqual(await third!.memberId(second!), former, "the others have taken it in as a new one");
    await keeper.has(cluster.urls);

    await third!.crash();
    third!.loseDisk();
    await third!.start("--bootstrap");
    deepEqual(third!.states, ["existing"], "a flag that was left behind founds no second cluster");
    await keeper.has(cluster.urls);
    // The new member counts: one of the old ones may die now.
    first!.daemon.kill("SIGTERM");
    await first!.daemon.status;
    await keeper.has([second!.url, third!.url]);
  },
});

Deno.test({
  name: "[I-1] a member without its disk founds nothing while the others are away, whatever its flags",
  ignore,
  async fn() {
    using place = temporaryDirectory();
    await using cluster = new ManagedHosts(place.path, 3);
    const [first, second, third] = cluster.hosts;
    await cluster.start("--bootstrap");
    await using keeper = await Keeper.open(cluster.urls);
    for (const host of cluster.hosts) await host.crash();
    third!.loseDisk();
    const starting = third!.start("--bootstrap");
    await third!.waitsForFounders();
    await Promise.all([first!.start("--bootstrap"), second!.start("--bootstrap")]);
    await within("it is taken in", starting, LONG_MS);
    deepEqual(third!.states, ["existing"]);
    await keeper.has(cluster.urls);
  },
});

Deno.test({
  name: "a member that is lost while its daemon runs, with its disk, comes back as a new one",
  ignore,
  async fn() {
    using place = temporaryDirectory();
    await using cluster = new ManagedHosts(place.path, 3);
    const [first, second] = cluster.hosts;
    await cluster.start("--bootstrap");
    await using keeper = await Keeper.open(cluster.urls);
    const former = await first!.memberId(second!);
    Deno.removeSync(`${first!.directory}/data/etcd/member`, { recursive: true });
    first!.killMember();
    await first!.logged("etcd.started", 2);
    deepEqual(first!.states, ["new", "existing"]);
    notEqual(await first!.memberId(second!), former, "it cannot vote as what it was");
    await keeper.has(cluster.urls);
  },
});

Deno.test({
  name: "a daemon whose disk fails goes on, and starts its member when it works again",
  ignore,
  async fn() {
    using place = temporaryDirectory();
    await using cluster = new ManagedHosts(place.path, 1);
    const [host] = cluster.hosts;
    await cluster.start("--bootstrap");
    const log = `${host!.directory}/data/etcd/member/wal`;
    Deno.renameSync(log, `${log}-kept`);
    // A failure that the runtime has no class for, as with those of disks.
    Deno.symlinkSync("x".repeat(300), log);
    host!.killMember();
    await host!.logged("etcd.ended", 3);
    Deno.removeSync(log);
    Deno.renameSync(`${log}-kept`, log);
    await host!.logged("etcd.started", 2);
    await using client = await connect(host!.url);
    await within("it serves", client.acquire("free"), LONG_MS);
  },
});

Deno.test({
  name: "daemons found a cluster that speaks TLS, and take a member in there",
  ignore: ignore || !hasOpenssl(),
  async fn() {
    using place = temporaryDirectory();
    const { ca, cert, key } = makeCertificates(place.path, "member");
    const flags = ["--etcd-ca", ca, "--etcd-cert", cert, "--etcd-key", key];
    await using cluster = new ManagedHosts(place.path, 3, flags);
    await cluster.start("--bootstrap");
    await using keeper = await Keeper.open(cluster.urls);
    const [, , third] = cluster.hosts;
    await third!.crash();
    third!.loseDisk();
    await third!.start("--bootstrap");
    deepEqual(third!.states, ["existing"]);
    await keeper.has(cluster.urls);
  },
});
