import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { EtcdFault } from "../../../server/store/etcd/calls.ts";
import { GrpcCalls } from "../../../server/store/etcd/grpc_calls.ts";
import { absent, type Change, get, put, remove } from "../../../server/store/etcd/transaction.ts";
import { EtcdCluster, NO_ETCD } from "../../support/etcd_cluster.ts";
import { eventually } from "../../support/eventually.ts";

const LEASE = 0x1234_5678_9abc;
/** More than etcd can answer within a call deadline when they come at once. */
const MANY = 15_000;

Deno.test({
  name: "GrpcCalls compares, puts, reads and deletes in one transaction",
  ignore: NO_ETCD !== undefined,
}, async () => {
  await using cluster = await EtcdCluster.start({ members: 1 });
  using calls = disposable(new GrpcCalls({ endpoints: [cluster.urls], callMs: 2_000 }));
  const txn = {
    when: [absent("a/", "a0")],
    then: [put("a/1", "one"), get("a/", "a0")],
    otherwise: [get("a/1")],
  };
  const first = await calls.transact(txn);
  equal(first.succeeded, true);
  deepEqual(first.answers[1]?.entries.map(({ key, value, created }) => [key, value, created]), [[
    "a/1",
    "one",
    first.revision,
  ]]);
  const second = await calls.transact(txn);
  equal(second.succeeded, false);
  equal(second.answers[0]?.entries[0]?.modified, first.revision);
  const nested = await calls.transact({
    when: [absent("a/1")],
    then: [],
    otherwise: [{ do: "try", txn: { when: [absent("b")], then: [remove("a/1")], otherwise: [] } }],
  });
  deepEqual([nested.succeeded, nested.answers[0]?.branch?.succeeded], [false, true]);
  deepEqual((await calls.list({ key: "a/", end: "a0", limit: 10 })).entries, []);
});

Deno.test({
  name:
    "GrpcCalls asks so many things at a time that each is answered before its deadline, however many come at once",
  ignore: NO_ETCD !== undefined,
}, async () => {
  await using cluster = await EtcdCluster.start({ members: 1 });
  using calls = disposable(new GrpcCalls({ endpoints: [cluster.urls], callMs: 2_000 }));
  const puts = Array.from({ length: MANY }, (_, index) => {
    return calls.transact({ when: [], then: [put(`a/${index}`, "v")], otherwise: [] });
  });
  const outcomes = await Promise.allSettled(puts);
  equal(outcomes.filter(({ status }) => status === "rejected").length, 0);
});

Deno.test({
  name: "GrpcCalls tells the changes of a range, and the end of a lease with its keys",
  ignore: NO_ETCD !== undefined,
}, async () => {
  await using cluster = await EtcdCluster.start({ members: 1 });
  using calls = disposable(new GrpcCalls({ endpoints: [cluster.urls], callMs: 2_000 }));
  const heard: Change[] = [];
  let begun = false;
  using _watch = calls.watch({ key: "a/", end: "a0" }, {
    begun: () => begun = true,
    changed: (changes) => heard.push(...changes),
    ended: (fault) => reportError(fault),
  });
  await eventually("the watch begins", () => begun);
  equal(await calls.grantLease(LEASE, 60), "made");
  equal(await calls.grantLease(LEASE, 60), "there");
  const { revision } = await calls.transact({
    when: [],
    then: [put("a/1", "one", LEASE), put("b", "no")],
    otherwise: [],
  });
  await eventually("a change is told", () => heard.length === 1);
  deepEqual(heard, [{
    put: { key: "a/1", value: "one", created: revision, modified: revision, lease: LEASE },
  }]);
  const renewals: [number, number][] = [];
  const keepAlives = calls.keepAlive({
    renewed: (...renewal) => renewals.push(renewal),
    ended: (fault) => reportError(fault),
  });
  keepAlives.ask(LEASE);
  await eventually("the lease is renewed", () => renewals.length === 1);
  await calls.revokeLease(LEASE);
  await calls.revokeLease(LEASE);
  keepAlives.ask(LEASE);
  await eventually("the lease is gone", () => renewals.length === 2 && heard.length === 2);
  deepEqual(renewals, [[LEASE, 60], [LEASE, 0]]);
  ok("deleted" in heard[1]! && heard[1].deleted === "a/1");
  keepAlives.close();
});

Deno.test({
  name: "GrpcCalls goes to the next member when one is killed, and says when nobody knows",
  ignore: NO_ETCD !== undefined,
}, async () => {
  await using cluster = await EtcdCluster.start();
  using calls = disposable(new GrpcCalls({ endpoints: cluster.urls.split(","), callMs: 1_500 }));
  const write = () => calls.transact({ when: [], then: [put("k", "v")], otherwise: [] });
  await write();
  const [first] = cluster.members;
  await first?.kill();
  await rejects(write(), (error) => error instanceof EtcdFault && error.ambiguous);
  await eventually("a write works", async () => {
    try {
      await write();
      return true;
    } catch {
      return false;
    }
  });
  const states = await calls.status();
  deepEqual(states.map((state) => "fault" in state), [true, false, false]);
  await rejects(calls.transact({ when: [], then: [put("k", "v", 77)], otherwise: [] }), (error) => {
    return error instanceof EtcdFault && !error.ambiguous && error.reason === "lease-gone";
  });
});

function disposable(calls: GrpcCalls): GrpcCalls & Disposable {
  return Object.assign(calls, { [Symbol.dispose]: () => calls.close() });
}
