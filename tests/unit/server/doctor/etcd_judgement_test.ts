import { deepEqual, equal } from "node:assert/strict";
import { type ClusterState, judgeCluster } from "../../../../server/doctor/etcd_judgement.ts";
import { EtcdFault, type MemberStatus } from "../../../../server/store/etcd/calls.ts";

const MB = 2 ** 20;
const HEALTHY: MemberStatus = {
  endpoint: "http://one:2379",
  clusterId: "abc",
  version: "3.5.23",
  dbBytes: 20 * MB,
  dbBytesInUse: 10 * MB,
  revision: 7,
  hasLeader: true,
  errors: [],
};
const DOWN = new EtcdFault("connection refused", { ambiguous: true, reason: "failed" });

/** What is not `ok`, as `check verdict`. */
function complaints({ members = [{}, {}, {}], isFull = false, trial = 5 }: {
  members?: readonly (Partial<MemberStatus> | EtcdFault)[];
  isFull?: boolean | undefined;
  trial?: ClusterState["trial"];
} = {}): string[] {
  const state: ClusterState = {
    members: members.map((one) =>
      one instanceof EtcdFault ? { endpoint: "e", fault: one } : { ...HEALTHY, ...one }
    ),
    isFull,
    trial,
  };
  return judgeCluster(state).filter(({ verdict }) => verdict !== "ok").map(({ check, verdict }) =>
    `${check} ${verdict}`
  );
}

Deno.test("judgeCluster has nothing against three healthy members", () => {
  deepEqual(complaints(), []);
});

Deno.test("judgeCluster counts who answers", () => {
  deepEqual(complaints({ members: [{}, {}, DOWN] }), ["members warn"]);
  deepEqual(complaints({ members: [DOWN, DOWN] }), ["members fail"]);
  deepEqual(complaints({ members: [{}] }), ["members warn"]);
  deepEqual(complaints({ members: [{ hasLeader: false }, DOWN, DOWN] }), ["members fail"]);
});

Deno.test("judgeCluster finds an endpoint that is of another cluster, also when others do not answer", () => {
  deepEqual(complaints({ members: [{}, {}, { clusterId: "abd" }] }), ["members fail"]);
  deepEqual(complaints({ members: [{}, { clusterId: "abd" }, DOWN] }), ["members fail"]);
});

Deno.test("judgeCluster knows in which versions leases are sound", () => {
  const verdicts = ["3.3.27", "3.4.23", "3.4.38", "3.5.22", "3.5.23", "3.6.0", "4.0.1", "dev"].map(
    (version) => {
      return complaints({ members: [{ version }, {}, {}] }).join();
    },
  );
  deepEqual(verdicts, ["version fail", "version warn", "", "version warn", "", "", "", "version warn"]);
});

Deno.test("judgeCluster looks at the room that there is", () => {
  deepEqual(complaints({ members: [{ dbBytes: 1_900 * MB, dbBytesInUse: 1_900 * MB }, {}, {}] }), [
    "space warn",
  ]);
  deepEqual(complaints({ members: [{ dbBytes: 600 * MB }, {}, {}] }), ["space warn"]);
  deepEqual(complaints({ isFull: true }), ["alarm fail"]);
  deepEqual(complaints({ members: [{ errors: ["memberID:1 alarm:NOSPACE"] }, {}, {}] }), ["errors warn"]);
});

Deno.test("judgeCluster judges the trial, and says what rights are missing", () => {
  deepEqual(complaints({ trial: DOWN }), ["trial fail"]);
  deepEqual(complaints({ trial: 900 }), ["trial warn"]);
  const denied = new EtcdFault("permission denied", { ambiguous: false, reason: "denied" });
  const [finding] = judgeCluster({ members: [], isFull: undefined, trial: denied }).slice(-1);
  equal(finding?.advice, "give the user read and write rights below --etcd-prefix");
});
