/**
 * An etcd cluster whose members are run by the daemons: its hosts, and what etcd is started with. Pure.
 *
 * Source: https://etcd.io/docs/v3.5/op-guide/configuration/
 *
 * @module
 */
import { isIP, isIPv6 } from "node:net";

/** Where one member is reached. */
export interface MemberHost {
  /** An address (IPv6 without brackets) or a name. */
  readonly host: string;
  /** For daemons. The other members reach it at the next port. */
  readonly port: number;
}

/** A cluster, and which member of it is ours. */
export interface ManagedCluster {
  /** One a member, the same on all hosts. */
  readonly hosts: readonly MemberHost[];
  /** One of them. */
  readonly self: MemberHost;
  /** Directory of the member, made if missing. */
  readonly directory: string;
  /** A cluster may be founded. */
  readonly bootstrap: boolean;
  /** Paths of PEM files, for members and daemons alike; undefined: nothing is encrypted. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string } | undefined;
}

/** One member as etcd's flag `--initial-cluster` has it. */
export interface InitialMember {
  readonly name: string;
  readonly peerUrl: string;
}

/** How a member starts. */
export interface Start {
  /** `new`: founds the cluster. `existing`: has data, or was taken in by the others. */
  readonly state: "new" | "existing";
  readonly members: readonly InitialMember[];
}

/** How the cluster is told from others that were founded by mistake on the same addresses. */
const TOKEN = "distrilock-managed";

/** What a host is called. The same for two hosts only when they are the same. */
export function hostName({ host, port }: MemberHost): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Where daemons reach a member. */
export function clientUrl({ tls }: Pick<ManagedCluster, "tls">, host: MemberHost): string {
  return `${tls ? "https" : "http"}://${hostName(host)}`;
}

/** Where the other members reach it. */
export function peerUrl({ tls }: Pick<ManagedCluster, "tls">, { host, port }: MemberHost): string {
  return clientUrl({ tls }, { host, port: port + 1 });
}

/** All hosts but ours. */
export function otherHosts({ hosts, self }: ManagedCluster): MemberHost[] {
  return hosts.filter((host) => hostName(host) !== hostName(self));
}

/** All hosts as founders of the cluster, or as those who have founded it. */
export function founders(cluster: ManagedCluster): InitialMember[] {
  return cluster.hosts.map((host) => ({ name: hostName(host), peerUrl: peerUrl(cluster, host) }));
}

/**
 * The address that is listened on. A name may stand for an address that others see and this host does not
 * have, so all are.
 */
export function listenHost({ host }: MemberHost): string {
  if (isIP(host)) return host;
  return host === "localhost" ? "127.0.0.1" : "0.0.0.0";
}

/** Where a member keeps its data, below the directory. */
export function dataDirectory({ directory }: Pick<ManagedCluster, "directory">): string {
  return `${directory}/etcd`;
}

/** Where the log of what it decided is. */
export function logDirectory(cluster: Pick<ManagedCluster, "directory">): string {
  return `${dataDirectory(cluster)}/member/wal`;
}

/** The arguments of etcd. */
export function memberArguments(cluster: ManagedCluster, { state, members }: Start): string[] {
  const { self, tls } = cluster;
  const [client, peer] = [clientUrl(cluster, self), peerUrl(cluster, self)];
  const listen = { host: listenHost(self), port: self.port };
  const flags: Readonly<Record<string, string>> = {
    "name": hostName(self),
    "data-dir": dataDirectory(cluster),
    // Its default, said aloud: whether a member has a past is seen there.
    "wal-dir": logDirectory(cluster),
    "listen-client-urls": clientUrl(cluster, listen),
    "advertise-client-urls": client,
    "listen-peer-urls": peerUrl(cluster, listen),
    "initial-advertise-peer-urls": peer,
    "initial-cluster": members.map((member) => `${member.name}=${member.peerUrl}`).join(","),
    "initial-cluster-state": state,
    "initial-cluster-token": TOKEN,
    // Every lock leaves some 200 bytes of history, which nobody reads.
    "auto-compaction-mode": "periodic",
    "auto-compaction-retention": "5m",
    "logger": "zap",
    "log-level": "warn",
  };
  return [
    ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
    ...(tls ? secureArguments(tls) : []),
  ];
}

function secureArguments({ ca, cert, key }: NonNullable<ManagedCluster["tls"]>): string[] {
  return ["", "peer-"].flatMap((whose) => [
    `--${whose}cert-file=${cert}`,
    `--${whose}key-file=${key}`,
    `--${whose}trusted-ca-file=${ca}`,
    `--${whose}client-cert-auth`,
  ]);
}
