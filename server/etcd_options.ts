/**
 * The options of the etcd store.
 *
 * @module
 */
import { ConfigError } from "./config_error.ts";
import { clientUrl, hostName, type ManagedCluster, otherHosts } from "./managed/managed_cluster.ts";
import {
  isLoopback,
  type ListenAddress,
  MEMBER_HOST,
  MEMBER_HOSTS,
  type Option,
  PATH,
  PREFIX,
  SWITCH,
  TEXT,
  URLS,
} from "./option_form.ts";

/** What the daemon was told of its etcd cluster. */
export interface EtcdConfig {
  /**
   * Members of the etcd cluster that has the locks, ours first if we run one; null: the directory has the
   * locks.
   */
  readonly etcd: readonly string[] | null;
  /** Hosts of a cluster whose members the daemons run, or null. */
  readonly etcdManaged: readonly ListenAddress[] | null;
  /** Which of them is ours; null: the only one. */
  readonly etcdSelf: ListenAddress | null;
  /** Directory of our member; null: ./etcd. */
  readonly etcdData: string | null;
  /** Such a cluster may be founded. */
  readonly bootstrap: boolean;
  /** Begins all keys in etcd. */
  readonly etcdPrefix: string;
  /** Paths of PEM files, or null. */
  readonly etcdCa: string | null;
  readonly etcdCert: string | null;
  readonly etcdKey: string | null;
  readonly etcdUser: string | null;
  /** Path of a file with the password of that user, or null. */
  readonly etcdPasswordFile: string | null;
}

/** Its options, for the table of all. */
export const ETCD_OPTIONS = {
  etcd: { form: URLS, initial: null, help: "members of an etcd cluster, which then has the locks" },
  etcdManaged: {
    form: MEMBER_HOSTS,
    initial: null,
    help: "hosts of an etcd cluster whose members the daemons run, one each",
  },
  etcdSelf: { form: MEMBER_HOST, initial: null, help: "which of these hosts this one is" },
  etcdData: {
    form: PATH,
    initial: null,
    help: "directory of the member that this daemon runs, made if missing (default: ./etcd)",
  },
  bootstrap: { form: SWITCH, initial: "false", help: "found that cluster, when none of its hosts has data" },
  etcdPrefix: { form: PREFIX, initial: "distrilock/", help: "what all keys in etcd begin with" },
  etcdCa: {
    form: PATH,
    initial: null,
    help: "certificates that etcd's own is checked by (default: the system's)",
  },
  etcdCert: { form: PATH, initial: null, help: "certificate that etcd is shown" },
  etcdKey: { form: PATH, initial: null, help: "key of that certificate" },
  etcdUser: { form: TEXT, initial: null, help: "user of etcd" },
  etcdPasswordFile: { form: PATH, initial: null, help: "file with the password of that user" },
} as const satisfies Record<string, Option<unknown>>;

/** The cluster whose member the daemon runs; undefined: it runs none. */
export function managedCluster(config: EtcdConfig): ManagedCluster | undefined {
  const { etcdManaged: hosts, etcdSelf, etcdData, bootstrap } = config;
  const { etcdCa: ca, etcdCert: cert, etcdKey: key } = config;
  const self = etcdSelf ?? hosts?.[0];
  if (!hosts || !self) return undefined;
  const tls = ca !== null && cert !== null && key !== null ? { ca, cert, key } : undefined;
  return { hosts, self, directory: etcdData ?? "./etcd", bootstrap, tls };
}

/** Completes what belongs together. Throws a ConfigError for what does not. */
export function settleEtcd<C extends EtcdConfig & { readonly insecure: boolean }>(config: C): C {
  checkPairs(config);
  checkManaged(config);
  const cluster = managedCluster(config);
  if (!cluster) return config;
  return { ...config, etcd: [cluster.self, ...otherHosts(cluster)].map((host) => clientUrl(cluster, host)) };
}

function checkPairs({ etcd, etcdManaged, etcdCert, etcdKey, etcdUser, etcdPasswordFile }: EtcdConfig): void {
  const pairs = [
    ["--etcd-cert", etcdCert, "--etcd-key", etcdKey],
    ["--etcd-user", etcdUser, "--etcd-password-file", etcdPasswordFile],
  ] as const;
  for (const [one, oneValue, other, otherValue] of pairs) {
    if ((oneValue === null) !== (otherValue === null)) {
      const alone = oneValue === null ? other : one;
      throw new ConfigError(`Cannot use ${alone} alone: want ${one} and ${other}`);
    }
    if (oneValue !== null && etcd === null && etcdManaged === null) {
      throw new ConfigError(`Cannot use ${one} without --etcd`);
    }
  }
}

function checkManaged(config: EtcdConfig & { readonly insecure: boolean }): void {
  const { etcd, etcdManaged: hosts, etcdSelf, etcdData, bootstrap, etcdCa, etcdCert, insecure } = config;
  if (!hosts) {
    const flags = [["--etcd-self", etcdSelf], ["--etcd-data", etcdData], ["--bootstrap", bootstrap]] as const;
    const [stray] = flags.find(([, value]) => value) ?? [];
    if (stray) throw new ConfigError(`Cannot use ${stray} without --etcd-managed`);
    return;
  }
  if (etcd) throw new ConfigError("Cannot use --etcd and --etcd-managed: want one of both");
  const names = hosts.map(hostName);
  if (!etcdSelf && hosts.length > 1) {
    throw new ConfigError(
      `Cannot use --etcd-managed without --etcd-self: want which of ${names} this host is`,
    );
  }
  const self = etcdSelf ?? hosts[0] as ListenAddress;
  if (!names.includes(hostName(self))) {
    throw new ConfigError(`Cannot use --etcd-self ${JSON.stringify(hostName(self))}: want one of ${names}`);
  }
  if ((etcdCa === null) !== (etcdCert === null)) {
    throw new ConfigError(
      "Cannot use --etcd-ca or --etcd-cert alone: members want --etcd-ca, --etcd-cert and --etcd-key",
    );
  }
  if (etcdCert === null && !insecure && !isLoopback(self)) {
    throw new ConfigError(
      `Cannot run a member of etcd on ${
        JSON.stringify(self.host)
      }: anybody who reaches it could lock; want ` +
        "--etcd-ca, --etcd-cert and --etcd-key, or --insecure",
    );
  }
}
