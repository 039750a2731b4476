/**
 * Clusters that want to know who asks: client certificates, and users with passwords; and what the doctor says of a cluster.
 *
 * @module
 */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { connect } from "../../../client/mod.ts";
import { runDoctor } from "../../../server/doctor/command.ts";
import { EtcdFault } from "../../../server/store/etcd/calls.ts";
import { GrpcCalls } from "../../../server/store/etcd/grpc_calls.ts";
import { put } from "../../../server/store/etcd/transaction.ts";
import { startDaemonProcess, temporaryDirectory } from "../../support/daemon.ts";
import { EtcdCluster, NO_ETCD } from "../../support/etcd_cluster.ts";

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
    const ask = async (what: string, body: object) => {
      const response = await fetch(`${cluster.urls}/v3/auth/${what}`, {
        method: "POST",
        body: JSON.stringify(body),
      });
      ok(response.ok, `${what}: ${await response.text()}`);
    };
    const range = (key: string) => ({
      key: btoa(key),
      range_end: btoa(key.slice(0, -1) + "0"),
      permType: "READWRITE",
    });
    for (const name of ["root", "distrilock", "other"]) {
      await ask("user/add", { name, password: `${name}-secret` });
    }
    await ask("role/add", { name: "root" });
    await ask("role/add", { name: "locks" });
    await ask("role/grant", { name: "locks", perm: range("distrilock/") });
    await ask("user/grant", { user: "root", role: "root" });
    await ask("user/grant", { user: "distrilock", role: "locks" });
    await ask("enable", {});
    const login = (name: string) => {
      const user = { name, password: `${name}-secret` };
      return new GrpcCalls({ endpoints: [cluster.urls], callMs: 2_000, user });
    };
    const calls = login("distrilock");
    equal((await calls.transact(WRITE)).succeeded, true);
    // Longer than tokens live.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    equal((await calls.transact(WRITE)).succeeded, true);
    calls.close();
    const stranger = login("other");
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
