// The options of a daemon that runs a member of etcd: what is made of them, and what is refused.
import { deepEqual, doesNotThrow, equal, ok, throws } from "node:assert/strict";
import { ConfigError, readConfig } from "../../../server/config.ts";
import { managedCluster } from "../../../server/etcd_options.ts";
import { listeningWarnings } from "../../../server/listen_rules.ts";

const HOSTS = ["--etcd-managed", "10.0.0.1,10.0.0.2,10.0.0.3"];
const SELF = ["--etcd-self", "10.0.0.2"];
const TLS = ["--etcd-ca", "ca.pem", "--etcd-cert", "cert.pem", "--etcd-key", "key.pem"];

function read(...argv: string[]) {
  return readConfig(argv, () => undefined, () => "");
}

Deno.test("readConfig of a managed cluster has its members as --etcd would, ours first", () => {
  const config = read(...HOSTS, ...SELF, "--insecure");
  deepEqual(config.etcd, ["http://10.0.0.2:2379", "http://10.0.0.1:2379", "http://10.0.0.3:2379"]);
  deepEqual(managedCluster(config), {
    hosts: ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map((host) => ({ host, port: 2379 })),
    self: { host: "10.0.0.2", port: 2379 },
    directory: "./etcd",
    bootstrap: false,
    tls: undefined,
  });
});

Deno.test("readConfig of a managed cluster with certificates speaks TLS everywhere", () => {
  const config = read(...HOSTS, ...SELF, ...TLS, "--bootstrap", "--etcd-data", "/d");
  deepEqual(config.etcd?.[0], "https://10.0.0.2:2379");
  const { tls, directory, bootstrap } = managedCluster(config) ?? {};
  deepEqual({ tls, directory, bootstrap }, {
    tls: { ca: "ca.pem", cert: "cert.pem", key: "key.pem" },
    directory: "/d",
    bootstrap: true,
  });
});

Deno.test("readConfig takes hosts in all their forms; one alone is ours", () => {
  const members = (text: string) => read("--etcd-managed", text, "--insecure").etcd;
  deepEqual(members("127.0.0.1"), ["http://127.0.0.1:2379"]);
  deepEqual(members("db1.example:7000"), ["http://db1.example:7000"]);
  deepEqual(members("::1"), ["http://[::1]:2379"]);
  deepEqual(members("[fe80::1]:7000"), ["http://[fe80::1]:7000"]);
});

const ONE_OF = "want one of 10.0.0.1:2379,10.0.0.2:2379,10.0.0.3:2379";
const ALONE = "Cannot use --etcd-ca or --etcd-cert alone: members want --etcd-ca, --etcd-cert and --etcd-key";

const REFUSED: readonly (readonly [argv: readonly string[], message: string])[] = [
  ...["", "a b", "10.0.0.1,", "10.0.0.1,10.0.0.1:2379", "10.0.0.1:0", "10.0.0.1:65535", "http://a"].map(
    (text) =>
      [
        [`--etcd-managed=${text}`],
        `Cannot use --etcd-managed ${
          JSON.stringify(text)
        }: want HOST or HOST:PORT, several separated by commas and none twice`,
      ] as const,
  ),
  [
    HOSTS,
    "Cannot use --etcd-managed without --etcd-self: want which of 10.0.0.1:2379,10.0.0.2:2379,10.0.0.3:2379 this host is",
  ],
  [[...HOSTS, "--etcd-self", "10.0.0.4"], `Cannot use --etcd-self "10.0.0.4:2379": ${ONE_OF}`],
  [[...HOSTS, ...SELF, "--etcd", "http://a:1"], "Cannot use --etcd and --etcd-managed: want one of both"],
  [SELF, "Cannot use --etcd-self without --etcd-managed"],
  [["--bootstrap"], "Cannot use --bootstrap without --etcd-managed"],
  [["--etcd-data", "d"], "Cannot use --etcd-data without --etcd-managed"],
  [[...HOSTS, ...SELF, "--etcd-ca", "ca.pem"], ALONE],
  [[...HOSTS, ...SELF, ...TLS.slice(2)], ALONE],
  [
    [...HOSTS, ...SELF],
    'Cannot run a member of etcd on "10.0.0.2": anybody who reaches it could lock; want --etcd-ca, --etcd-cert and --etcd-key, or --insecure',
  ],
  // Tokens protect the ports of the daemon, not those of its member.
  [
    [...HOSTS, ...SELF, "--tokens-file", "t"],
    'Cannot run a member of etcd on "10.0.0.2": anybody who reaches it could lock; want --etcd-ca, --etcd-cert and --etcd-key, or --insecure',
  ],
];

Deno.test("readConfig refuses what makes no member of etcd, and says what it wants", async (t) => {
  for (const [argv, message] of REFUSED) {
    await t.step(argv.join(" "), () => {
      throws(() => read(...argv), (error) => {
        ok(error instanceof ConfigError, String(error));
        equal(error.message, message);
        return true;
      });
    });
  }
});

Deno.test("a member on loopback needs no certificate; beyond it there is a warning without one", () => {
  doesNotThrow(() => read("--etcd-managed", "127.0.0.1,127.0.0.2", "--etcd-self", "127.0.0.2"));
  deepEqual(listeningWarnings(read(...HOSTS, ...SELF, "--insecure")), [
    "anybody who reaches the member of etcd can lock, whatever the tokens: there is no --etcd-cert",
  ]);
  deepEqual(listeningWarnings(read(...HOSTS, ...SELF, ...TLS)), []);
});
