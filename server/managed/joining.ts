/**
 * How a member without data comes into a cluster that is there: as a new one. What it was before, if it was
 * one, is removed first: an empty disk behind an old name would vote against what it has forgotten.
 *
 * @module
 */
import { setTimeout as rest } from "node:timers/promises";
import { EtcdFault } from "../store/etcd/calls.ts";
import type { ClusterMember, Membership } from "../store/etcd/membership.ts";
import type { Waiting } from "./founding.ts";
import { founders, hostName, type InitialMember, type ManagedCluster, peerUrl } from "./managed_cluster.ts";

/** How long until the others are asked again, in milliseconds. */
const AGAIN_MS = 500;

/** What joining needs. */
export interface JoiningOptions extends Waiting {
  readonly membership: Membership;
}

/**
 * Has the others take our member in, however long that takes. Answers all members. Throws what the signal
 * says.
 */
export async function join(
  cluster: ManagedCluster,
  { membership, waits, signal }: JoiningOptions,
): Promise<InitialMember[]> {
  const ours = peerUrl(cluster, cluster.self);
  for (;;) {
    let members: readonly ClusterMember[] = [];
    try {
      members = await membership.list();
      const former = members.find(({ peerUrls }) => peerUrls.includes(ours));
      if (former) await membership.remove(former.id);
      return (await membership.add(ours)).flatMap((member) => initialMembers(cluster, member));
    } catch (error) {
      if (!(error instanceof EtcdFault)) throw error;
      waits(`the other members to take this one in: ${error.message}${adviceOn(cluster, members)}`);
    }
    await rest(AGAIN_MS, undefined, { signal });
  }
}

function initialMembers(cluster: ManagedCluster, { id, name, peerUrls }: ClusterMember): InitialMember[] {
  const isOurs = peerUrls.includes(peerUrl(cluster, cluster.self));
  // One that has not started yet has no name. Any will do, when it is nobody else's.
  const known = isOurs ? hostName(cluster.self) : name || `member-${id}`;
  return peerUrls.map((url) => ({ name: known, peerUrl: url }));
}

/** What people can do who see it wait. */
function adviceOn(cluster: ManagedCluster, members: readonly ClusterMember[]): string {
  if (members.length === 0) {
    return `; if there has never been a cluster, and only then, start all hosts with --bootstrap`;
  }
  const wanted = new Set(founders(cluster).map((member) => member.peerUrl));
  const strange = members.filter(({ peerUrls }) => !peerUrls.some((url) => wanted.has(url)));
  const removals = strange.map(({ id, peerUrls }) => `${peerUrls} (etcdctl member remove ${id})`);
  return removals.length === 0
    ? ""
    : `; it has members that --etcd-managed does not name: ${removals.join(", ")}`;
}
