import { deepEqual, rejects } from "node:assert/strict";
import { join } from "../../../../server/managed/joining.ts";
import type { ManagedCluster } from "../../../../server/managed/managed_cluster.ts";
import { EtcdFault } from "../../../../server/store/etcd/calls.ts";
import type { ClusterMember, Membership } from "../../../../server/store/etcd/membership.ts";

const HOSTS = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map((host) => ({ host, port: 2379 }));
const CLUSTER: ManagedCluster = {
  hosts: HOSTS,
  self: HOSTS[2]!,
  directory: "/d",
  bootstrap: false,
  tls: undefined,
};

/** A cluster that notes what it is asked for. */
class Fake implements Membership {
  readonly asked: string[] = [];
  members: ClusterMember[];

  constructor(...members: [id: string, host: string, name?: string][]) {
    this.members = members.map(([id, host, name = host]) => {
      return { id, name, peerUrls: [`http://${host}:2380`] };
    });
  }

  list(): Promise<ClusterMember[]> {
    return Promise.resolve(this.members);
  }

  add(peerUrl: string): Promise<ClusterMember[]> {
    this.asked.push(`add ${peerUrl}`);
    this.members = [...this.members, { id: "new", name: "", peerUrls: [peerUrl] }];
    return Promise.resolve(this.members);
  }

  remove(id: string): Promise<void> {
    this.asked.push(`remove ${id}`);
    this.members = this.members.filter((member) => member.id !== id);
    return Promise.resolve();
  }
}

function joinOnce(membership: Membership) {
  const waited: string[] = [];
  const abort = new AbortController();
  const waits = (reason: string) => {
    waited.push(reason);
    abort.abort();
  };
  return { waited, members: join(CLUSTER, { membership, waits, signal: abort.signal }) };
}

Deno.test("join removes what the member was before, and comes in as a new one", async () => {
  const fake = new Fake(["a", "10.0.0.1"], ["b", "10.0.0.2"], ["c", "10.0.0.3"]);
  const { members } = joinOnce(fake);
  deepEqual(await members, [
    { name: "10.0.0.1", peerUrl: "http://10.0.0.1:2380" },
    { name: "10.0.0.2", peerUrl: "http://10.0.0.2:2380" },
    { name: "10.0.0.3:2379", peerUrl: "http://10.0.0.3:2380" },
  ]);
  deepEqual(fake.asked, ["remove c", "add http://10.0.0.3:2380"]);
});

Deno.test("join only comes in where it has never been, and names those who have not started yet", async () => {
  const fake = new Fake(["a", "10.0.0.1"], ["b", "10.0.0.2", ""]);
  const { members } = joinOnce(fake);
  deepEqual((await members).map(({ name }) => name), ["10.0.0.1", "member-b", "10.0.0.3:2379"]);
  deepEqual(fake.asked, ["add http://10.0.0.3:2380"]);
});

Deno.test("join says what it waits for, and whom the hosts do not name", async () => {
  const fake = new Fake(["a", "10.0.0.1"], ["b", "10.0.0.2"], ["d", "10.0.0.4"]);
  fake.add = () => Promise.reject(new EtcdFault("unhealthy cluster", { ambiguous: true, reason: "failed" }));
  const { members, waited } = joinOnce(fake);
  await rejects(members, { name: "AbortError" });
  deepEqual(waited, [
    "the other members to take this one in: unhealthy cluster; it has members that --etcd-managed does not name: " +
    "http://10.0.0.4:2380 (etcdctl member remove d)",
  ]);
});

Deno.test("join says what to do when there has never been a cluster", async () => {
  const fake = new Fake();
  fake.list = () => Promise.reject(new EtcdFault("nobody there", { ambiguous: true, reason: "failed" }));
  const { members, waited } = joinOnce(fake);
  await rejects(members, { name: "AbortError" });
  deepEqual(waited, [
    "the other members to take this one in: nobody there; if there has never been a cluster, and only then, start all hosts with --bootstrap",
  ]);
});
