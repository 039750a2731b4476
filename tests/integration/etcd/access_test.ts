/**
 * Clusters that want to know who asks: client certificates, and users with passwords; and what the doctor
 * says of a cluster.
 *
 * @module
 */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { connect } from "../../../client/mod.ts";
import { runDoctor } from "../../../server/doctor/command.ts";
import { EtcdFault } from "../../../server/store/etcd/calls.ts";
import { GrpcCalls } from "../../../server/store/etcd/grpc_calls.ts";
import { Follower } from "../../../server/store/etcd/follower.ts";
import { Layout } from "../../../server/store/etcd/layout.ts";
import { Mirror } from "../../../server/store/etcd/mirror.ts";
import { put } from "../../../server/store/etcd/transaction.ts";
import { startDaemonProcess, temporaryDirectory } from "../../support/daemon.ts";
import { EtcdCluster, NO_ETCD } from "../../support/etcd_cluster.ts";
import { within } from "../../support/eventually.ts";

const NO_OPENSSL = missing("openssl", "version");
const WRITE = { when: [], then: [put("distrilock/k", "v")], otherwise: [] };

function missing(program: string, ...args: string[]): boolean {
  try {
    return !new Deno.Command(program, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.error(`skipped: tests with certificates: ${program} is not installed`);
    return true;
  }
}

function openssl(directory: string, line: string): void {
  const { success, stderr } = new Deno.Command("openssl", { args: line.split(" "), cwd: directory })
    .outputSync();
  ok(success, new TextDecoder().decode(stderr));
}

/** An authority, and a certificate of it for 127.0.0.1 that a server and a client can use. */
function makeCertificates(directory: string): void {
  const subject = (name: string) => `-subj /CN=${name}`;
  openssl(
    directory,
    `req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ca.key -out ca.pem ${subject("authority")}`,
  );
  openssl(directory, `req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem ${subject("distrilock")}`);
  Deno.writeTextFileSync(
    `${directory}/extensions`,
    "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n",
  );
  openssl(
    directory,
    "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out cert.pem -extfile extensions",
  );
}

/** What etcd's JSON gateway answers to a question about users. */
async function askAuth({ urls }: EtcdCluster, what: string, body: object, token?: string) {
  const response = await fetch(`${urls}/v3/auth/${what}`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: token === undefined ? {} : { authorization: token },
  });
  const text = await response.text();
  ok(response.ok, `${what}: ${text}`);
  return JSON.parse(text);
}

/**
 * Has a cluster ask for users: `root`, `distrilock` who may use the prefix, and `other` who may do nothing.
 */
async function enableUsers(cluster: EtcdCluster): Promise<void> {
  const range = (key: string) => ({
    key: btoa(key),
    range_end: btoa(key.slice(0, -1) + "0"),
    permType: "READWRITE",
  });
  for (const name of ["root", "distrilock", "other"]) {
    await askAuth(cluster, "user/add", { name, password: `${name}-secret` });
  }
  await askAuth(cluster, "role/add", { name: "root" });
  await askAuth(cluster, "role/add", { name: "locks" });
  await askAuth(cluster, "role/grant", { name: "locks", perm: range("distrilock/") });
  await askAuth(cluster, "user/grant", { user: "root", role: "root" });
  await askAuth(cluster, "user/grant", { user: "distrilock", role: "locks" });
  await askAuth(cluster, "enable", {});
}

function login({ urls }: EtcdCluster, name: string): GrpcCalls {
  return new GrpcCalls({ endpoints: [urls], callMs: 2_000, user: { name, password: `${name}-secret` } });
}

Deno.test({
  name: "a daemon shows etcd its certificate, and checks that of etcd",
  ignore: NO_ETCD !== undefined || NO_OPENSSL,
  async fn() {
    using directory = temporaryDirectory();
    const { path } = directory;
    makeCertificates(path);
    await using cluster = await EtcdCluster.start({
      members: 1,
      scheme: "https",
      flags: [
        ...["--cert-file", `${path}/cert.pem`, "--key-file", `${path}/key.pem`],
        ...["--client-cert-auth", "--trusted-ca-file", `${path}/ca.pem`],
      ],
    });
    const flags = [
      "--etcd-ca",
      `${path}/ca.pem`,
      "--etcd-cert",
      `${path}/cert.pem`,
      "--etcd-key",
      `${path}/key.pem`,
    ];
    await using daemon = await startDaemonProcess(path, ["--etcd", cluster.urls, ...flags]);
    await using client = await connect(daemon.url);
    const lock = await client.acquire("x");
    equal(lock.guarantee, "quorum");
    await lock.release();
    const ca = Deno.readTextFileSync(`${path}/ca.pem`);
    for (const tls of [{ ca }, {}]) {
      const calls = new GrpcCalls({ endpoints: [cluster.urls], callMs: 2_000, tls });
      await rejects(calls.transact(WRITE), EtcdFault);
      calls.close();
    }
  },
});

Deno.test({
  name:
    "a daemon logs in to etcd with its user, and again when its token has run out; the doctor says what rights are missing",
  ignore: NO_ETCD !== undefined,
  async fn() {
    await using cluster = await EtcdCluster.start({ members: 1, flags: ["--auth-token-ttl", "1"] });
    await enableUsers(cluster);
    const calls = login(cluster, "distrilock");
    equal((await calls.transact(WRITE)).succeeded, true);
    // Longer than tokens live.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    equal((await calls.transact(WRITE)).succeeded, true);
    calls.close();
    const stranger = login(cluster, "other");
    await rejects(
      stranger.transact(WRITE),
      (error) => error instanceof EtcdFault && error.reason === "denied",
    );
    stranger.close();
    using directory = temporaryDirectory();
    const file = `${directory.path}/password`;
    Deno.writeTextFileSync(file, "other-secret\n");
    const args = ["--etcd", cluster.urls, "--etcd-user", "other", "--etcd-password-file", file];
    const sources = { env: () => undefined, readText: Deno.readTextFileSync, wallMs: Date.now() };
    const { text, exitCode } = await runDoctor(args, sources);
    equal(exitCode, 1);
    match(text, /fail\s+trial .*\n\s+→ give the user read and write rights below --etcd-prefix/);
  },
});

Deno.test({
  name: "an idle daemon whose token has run out follows etcd again after its watch was cut",
  ignore: NO_ETCD !== undefined,
  async fn() {
    await using cluster = await EtcdCluster.start({ members: 1, flags: ["--auth-token-ttl", "1"] });
    await enableUsers(cluster);
    const calls = login(cluster, "distrilock");
    await calls.transact(WRITE);
    // Longer than tokens live.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const following = Promise.withResolvers<void>();
    const follower = new Follower(calls, new Mirror(new Layout("distrilock/")), {
      news() {},
      following: (isFollowing) => isFollowing && following.resolve(),
      broken: reportError,
    });
    follower.start();
    await within("it follows", following.promise);
    follower.close();
    calls.close();
  },
});

Deno.test({
  name: "a daemon logs in again when users of etcd were changed, and tokens tell of that",
  ignore: NO_ETCD !== undefined || NO_OPENSSL,
  async fn() {
    using directory = temporaryDirectory();
    const { path } = directory;
    openssl(path, "genrsa -out key.pem 2048");
    openssl(path, "rsa -in key.pem -pubout -out public.pem");
    const keys = `pub-key=${path}/public.pem,priv-key=${path}/key.pem`;
    const flags = ["--auth-token", `jwt,${keys},sign-method=RS256,ttl=10m`];
    await using cluster = await EtcdCluster.start({ members: 1, flags });
    await enableUsers(cluster);
    const calls = login(cluster, "distrilock");
    equal((await calls.transact(WRITE)).succeeded, true);
    const { token } = await askAuth(cluster, "authenticate", { name: "root", password: "root-secret" });
    await askAuth(cluster, "user/add", { name: "newcomer", password: "newcomer-secret" }, token);
    equal((await calls.transact(WRITE)).succeeded, true);
    calls.close();
  },
});

Deno.test({
  name: "doctor looks at a cluster: who answers, versions, room, a lease on trial",
  ignore: NO_ETCD !== undefined,
  async fn() {
    await using cluster = await EtcdCluster.start();
    const sources = { env: () => undefined, readText: () => "", wallMs: Date.now() };
    const examine = async () => {
      const { text, exitCode } = await runDoctor(
        ["--etcd", cluster.urls, "-o", "json", "--etcd-call", "1s"],
        sources,
      );
      const { findings } = JSON.parse(text) as { findings: { check: string; verdict: string }[] };
      const of = (check: string) =>
        findings.filter((one) => one.check === check).map(({ verdict }) => verdict);
      return { exitCode, of };
    };
    const whole = await examine();
    deepEqual([whole.of("members"), whole.of("trial"), whole.of("alarm"), whole.exitCode], [["ok"], ["ok"], [
      "ok",
    ], 0]);
    await cluster.members[0]!.kill();
    const partial = await examine();
    deepEqual([partial.of("members"), partial.exitCode], [["warn"], 0]);
    await cluster.members[1]!.kill();
    const minority = await examine();
    deepEqual([minority.of("trial"), minority.exitCode], [["fail"], 1]);
  },
});

Deno.test({
  name: "doctor finds an endpoint that belongs to another cluster",
  ignore: NO_ETCD !== undefined,
  async fn() {
    await using one = await EtcdCluster.start({ members: 1 });
    await using other = await EtcdCluster.start({ members: 1 });
    const sources = { env: () => undefined, readText: () => "", wallMs: Date.now() };
    const { text, exitCode } = await runDoctor(["--etcd", `${one.urls},${other.urls}`], sources);
    equal(exitCode, 1);
    match(text, /fail\s+members\s+endpoints are of different clusters/);
  },
});
