import { deepEqual, equal } from "node:assert/strict";
import {
  founders,
  type ManagedCluster,
  memberArguments,
  otherHosts,
} from "../../../../server/managed/managed_cluster.ts";

const HOSTS = [{ host: "10.0.0.1", port: 2379 }, { host: "::1", port: 7000 }, { host: "db3", port: 2379 }];

function cluster(self: number, more: Partial<ManagedCluster> = {}): ManagedCluster {
  return { hosts: HOSTS, self: HOSTS[self]!, directory: "/d", bootstrap: true, tls: undefined, ...more };
}

/** The arguments by their flags. */
function flags(given: ManagedCluster): Readonly<Record<string, string>> {
  const args = memberArguments(given, { state: "new", members: founders(given) });
  return Object.fromEntries(args.map((arg) => [arg.split("=")[0], arg.slice(arg.indexOf("=") + 1)]));
}

Deno.test("memberArguments name all members alike, and where each listens", () => {
  const all = [0, 1, 2].map((index) => flags(cluster(index)));
  const initial = "10.0.0.1:2379=http://10.0.0.1:2380,[::1]:7000=http://[::1]:7001,db3:2379=http://db3:2380";
  deepEqual(all.map((each) => each["--initial-cluster"]), [initial, initial, initial]);
  deepEqual(all.map((each) => [each["--name"], each["--listen-client-urls"], each["--listen-peer-urls"]]), [
    ["10.0.0.1:2379", "http://10.0.0.1:2379", "http://10.0.0.1:2380"],
    ["[::1]:7000", "http://[::1]:7000", "http://[::1]:7001"],
    // A name may be of an address that this host does not have.
    ["db3:2379", "http://0.0.0.0:2379", "http://0.0.0.0:2380"],
  ]);
  deepEqual(all.map((each) => [each["--advertise-client-urls"], each["--initial-advertise-peer-urls"]]), [
    ["http://10.0.0.1:2379", "http://10.0.0.1:2380"],
    ["http://[::1]:7000", "http://[::1]:7001"],
    ["http://db3:2379", "http://db3:2380"],
  ]);
});

Deno.test("memberArguments compact the history, and keep the data below the directory", () => {
  const { "--data-dir": data, "--wal-dir": log, ...rest } = flags(cluster(0));
  deepEqual([data, log], ["/d/etcd", "/d/etcd/member/wal"]);
  deepEqual([rest["--auto-compaction-mode"], rest["--auto-compaction-retention"]], ["periodic", "5m"]);
});

Deno.test("memberArguments with certificates ask everybody for theirs, clients and members", () => {
  const tls = { ca: "ca.pem", cert: "cert.pem", key: "key.pem" };
  const secured = flags(cluster(0, { tls }));
  for (const whose of ["--", "--peer-"]) {
    equal(secured[`${whose}trusted-ca-file`], "ca.pem");
    equal(secured[`${whose}cert-file`], "cert.pem");
    equal(secured[`${whose}key-file`], "key.pem");
    equal(`${whose}client-cert-auth` in secured, true);
  }
  equal(secured["--listen-peer-urls"], "https://10.0.0.1:2380");
});

Deno.test("otherHosts are all but ours, by value", () => {
  deepEqual(otherHosts(cluster(1, { self: { ...HOSTS[1]! } })), [HOSTS[0], HOSTS[2]]);
});
