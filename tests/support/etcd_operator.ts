/**
 * What operators do to a cluster: replace a member, make room, take a snapshot and go back to it.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import { type EtcdCluster, EtcdMember } from "./etcd_cluster.ts";
import { eventually } from "./eventually.ts";

/** For what an operator would wait for. */
const LONG_MS = 30_000;

/** Why snapshots cannot be had here, or undefined. Said aloud, once. */
export const NO_ETCDCTL: string | undefined = missingReason();

function missingReason(): string | undefined {
  try {
    if (etcdctl(["version"]).success) return undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const reason = "etcdctl is not installed (Debian: apt-get install etcd-client)";
  console.error(`skipped: tests that restore a snapshot of etcd: ${reason}`);
  return reason;
}

function etcdctl(args: readonly string[]): Deno.CommandOutput {
  return new Deno.Command("etcdctl", { args: [...args], env: { ETCDCTL_API: "3" } }).outputSync();
}

/** Asks a member over etcd's JSON gateway. */
export async function askGateway(
  { url }: EtcdMember,
  path: string,
  body: object = {},
): Promise<ReturnType<typeof JSON.parse>> {
  const response = await fetch(`${url}/v3/${path}`, { method: "POST", body: JSON.stringify(body) });
  const text = await response.text();
  ok(response.ok, `${path}: ${text}`);
  return JSON.parse(text);
}

/** Forgets all history, gives the room back, and takes the alarm off: for a cluster of one. */
export async function makeRoom(member: EtcdMember): Promise<void> {
  await compact(member);
  await askGateway(member, "maintenance/defragment");
  const { alarms } = await askGateway(member, "maintenance/alarm");
  for (const { memberID, alarm } of alarms) {
    await askGateway(member, "maintenance/alarm", { action: "DEACTIVATE", memberID, alarm });
  }
}

/** Forgets all history up to now. */
export async function compact(member: EtcdMember): Promise<void> {
  const { header: { revision } } = await askGateway(member, "kv/range", { key: btoa("x") });
  await askGateway(member, "kv/compaction", { revision });
}

/** Replaces a member that is gone for good by a new one at its address, with nothing of its data. */
export async function replaceMember(cluster: EtcdCluster, gone: EtcdMember): Promise<EtcdMember> {
  const other = cluster.members.find((member) => member !== gone && member.isRunning) as EtcdMember;
  const { name, peer, directory } = gone.plan;
  const { members } = await askGateway(other, "cluster/member/list");
  const { ID } = members.find((one: { readonly name?: string }) => one.name === name);
  await askGateway(other, "cluster/member/remove", { ID });
  await gone.kill();
  // Refused until the others have been together for some seconds.
  await eventually("a new member is let in", async () => {
    try {
      return await askGateway(other, "cluster/member/add", { peerURLs: [peer] });
    } catch (error) {
      if (!/unhealthy cluster/.test(String(error))) throw error;
      return undefined;
    }
  }, LONG_MS);
  const next = `${name}-next`;
  const peers = cluster.members.map(({ plan }) => `${plan === gone.plan ? next : plan.name}=${plan.peer}`);
  const member = new EtcdMember({
    ...{ ...gone.plan, name: next, directory, cluster: peers.join(","), state: "existing" },
  });
  cluster.members[cluster.members.indexOf(gone)] = member;
  member.start();
  return member;
}

/** Writes a snapshot of a member to a file. */
export function takeSnapshot({ url }: EtcdMember, file: string): void {
  const { success, stderr } = etcdctl(["--endpoints", url, "snapshot", "save", file]);
  ok(success, new TextDecoder().decode(stderr));
}

/**
 * Has the one member of a cluster go back to a snapshot. `token` names the cluster from then on; absent: as
 * before.
 */
export async function restoreSnapshot(member: EtcdMember, file: string, token?: string): Promise<void> {
  const { name, directory, peer, cluster } = member.plan;
  await member.stop();
  const data = `${directory}/${name}`;
  Deno.removeSync(data, { recursive: true });
  const { success, stderr } = etcdctl([
    ...["snapshot", "restore", file, "--name", name, "--data-dir", data, "--initial-cluster", cluster],
    ...["--initial-advertise-peer-urls", peer, "--initial-cluster-token", token ?? directory],
  ]);
  ok(success, new TextDecoder().decode(stderr));
  member.start();
}
