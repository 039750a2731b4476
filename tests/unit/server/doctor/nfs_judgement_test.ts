/**
 * What facts about an NFS mount mean; every verdict that is not ok says what to change.
 *
 * @module
 */
import { deepEqual, equal, match } from "node:assert/strict";
import type { NfsFacts } from "../../../../server/doctor/nfs_facts.ts";
import { leaseMsOf } from "../../../../server/doctor/nfs_facts.ts";
import { judgeNfs, judgeServerClock, judgeTwin } from "../../../../server/doctor/nfs_judgement.ts";

const HOST = { hostname: "app3", identifier: "", bootId: "b1", address: "10.0.0.3" };

/** As in the mountinfo of a good mount, with some options in place of others. */
function facts(options: readonly string[], more: Partial<NfsFacts> = {}): NfsFacts {
  const mount = { type: "nfs4", point: "/srv/locks", source: "nas:/locks", options: ["rw", ...options] };
  return { mount, leaseMs: 90_000, recoversLostLocks: false, host: HOST, ...more };
}

const GOOD = ["vers=4.2", "hard", "local_lock=none"];

/** The checks that are not ok, with their verdicts. */
function faults(found: NfsFacts): Record<string, string> {
  const bad = judgeNfs(found).filter(({ verdict }) => verdict !== "ok");
  for (const { check, advice } of bad) match(advice ?? "", /\w+/, `${check} says what to change`);
  return Object.fromEntries(bad.map(({ check, verdict }) => [check, verdict]));
}

Deno.test("judgeNfs takes NFS 4.1 and 4.2 that ask the server, and refuses whatever does not", () => {
  const cases: readonly (readonly [string, NfsFacts, Record<string, string>])[] = [
    ["4.2", facts(GOOD), {}],
    ["4.1", facts(["vers=4.1", "hard", "local_lock=none"]), {}],
    ["4.0", facts(["vers=4.0", "hard", "local_lock=none"]), { "NFS version": "fail" }],
    ["3", facts(["vers=3", "hard", "local_lock=none"], { leaseMs: undefined }), {
      "NFS version": "fail",
      "lease time": "fail",
    }],
    ["soft", facts(["vers=4.2", "soft", "local_lock=none"]), { "NFS options": "fail" }],
    ["softerr", facts(["vers=4.2", "softerr"]), { "NFS options": "fail" }],
    ["nolock", facts(["vers=4.2", "hard", "nolock"]), { "NFS options": "fail" }],
    ["local_lock=posix", facts(["vers=4.2", "hard", "local_lock=posix"]), { "NFS options": "fail" }],
    ["recover_lost_locks", facts(GOOD, { recoversLostLocks: true }), { "lost locks": "fail" }],
    ["recover_lost_locks unknown", facts(GOOD, { recoversLostLocks: undefined }), { "lost locks": "warn" }],
    ["a short lease", facts(GOOD, { leaseMs: 4_000 }), { "lease time": "fail" }],
    ["a long lease", facts(GOOD, { leaseMs: 600_000 }), { "lease time": "warn" }],
    ["localhost", facts(GOOD, { host: { ...HOST, hostname: "localhost" } }), { "host name": "fail" }],
    [
      "localhost with an identifier",
      facts(GOOD, { host: { ...HOST, hostname: "localhost", identifier: "x" } }),
      {},
    ],
  ];
  for (const [what, found, wanted] of cases) deepEqual(faults(found), wanted, what);
});

Deno.test("judgeTwin refuses a host that the server takes for another one", () => {
  equal(judgeTwin(HOST, undefined).verdict, "ok");
  const twin = { ...HOST, address: "10.0.0.4", daemon: "app3[7]", since: 1, written: 2 };
  const { verdict, text, advice } = judgeTwin(HOST, twin);
  equal(verdict, "fail");
  match(text, /app3\[7\] at 10\.0\.0\.4/);
  match(advice ?? "", /nfs_client\/identifier/);
});

Deno.test("judgeServerClock warns of clocks that are seconds apart, either way", () => {
  equal(judgeServerClock(1_500).verdict, "ok");
  equal(judgeServerClock(-1_500).verdict, "ok");
  match(judgeServerClock(60_000).text, /60000 ms behind this one/);
  match(judgeServerClock(-60_000).text, /60000 ms ahead of this one/);
  equal(judgeServerClock(-60_000).verdict, "warn");
});

Deno.test("leaseMsOf finds the lease time of the mount at a point, with odd characters or not", () => {
  const block = (point: string, seconds: number) =>
    `device nas:/locks mounted on ${point} with fstype nfs4 statvers=1.1\n\topts:\trw,vers=4.2\n\tnfsv4:\tbm0=0x1,sessions,lease_time=${seconds},lease_expired=0\n`;
  const text = "device proc mounted on /proc with fstype proc\n" + block("/srv/a", 90) +
    block("/srv/a\\040b", 30) + block("/srv/a", 45);
  equal(leaseMsOf(text, "/srv/a"), 45_000, "what is mounted last hides the others");
  equal(leaseMsOf(text, "/srv/a b"), 30_000);
  equal(leaseMsOf(text, "/srv"), undefined);
  equal(leaseMsOf("device s:/ mounted on /m with fstype nfs statvers=1.1\n", "/m"), undefined);
});
