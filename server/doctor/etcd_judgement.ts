/**
 * Whether an etcd cluster is fit for locks, from what its members say of themselves. Pure.
 *
 * Source: etcd's change logs: 3.4.31 and 3.5.13 (a deposed leader may not end leases), 3.4.38 and 3.5.23 (a
 * renewal may not succeed for a lease that was revoked); https://etcd.io/docs/v3.5/op-guide/maintenance/
 * (space quota, compaction, defragmentation).
 *
 * @module
 */
import type { EtcdFault, MemberStatus } from "../store/etcd/calls.ts";
import type { Finding } from "./finding.ts";

/** What is known of a cluster. */
export interface ClusterState {
  /** The member behind each endpoint, or why it does not answer. */
  readonly members: readonly (MemberStatus | { readonly endpoint: string; readonly fault: EtcdFault })[];
  /** Its alarm that the space is used up is raised; undefined: it did not say. */
  readonly isFull: boolean | undefined;
  /** How long a lease, a write and their end took, in milliseconds; or why they failed. */
  readonly trial: number | EtcdFault;
}

/** etcd's default quota of a database, in bytes. */
const QUOTA_BYTES = 2 ** 31;
/** Of the quota: when room gets short. */
const QUOTA_SHARE = 0.8;
/** A write that takes longer than this holds every lock up, in milliseconds. */
const SLOW_MS = 500;
/** From how many bytes on a database that is mostly empty is worth a word. */
const HOLLOW_BYTES = 2 ** 28;

/** The patch from which on leases can be relied on, by minor version of version 3. */
const SOUND: Readonly<Record<number, number>> = { 4: 38, 5: 23 };

/** All that there is to say. */
export function judgeCluster({ members, isFull, trial }: ClusterState): Finding[] {
  const answering = members.filter((member) => !("fault" in member)) as MemberStatus[];
  return [
    judgeMembers(members, answering),
    ...answering.flatMap(judgeVersion),
    ...answering.flatMap(judgeSpace),
    ...answering.filter(({ errors }) => errors.length > 0).map(({ endpoint, errors }): Finding => {
      return { check: "errors", verdict: "warn", text: `${endpoint} says: ${errors.join(", ")}` };
    }),
    judgeAlarm(isFull),
    judgeTrial(trial),
  ];
}

function judgeMembers(members: ClusterState["members"], answering: readonly MemberStatus[]): Finding {
  const check = "members";
  const silent = members.flatMap((member) =>
    "fault" in member ? [`${member.endpoint} (${member.fault.message})`] : []
  );
  const text = `${answering.length} of ${members.length} endpoints answer`;
  if (answering.length === 0) return { check, verdict: "fail", text: `${text}: ${silent.join("; ")}` };
  if (!answering.some(({ hasLeader }) => hasLeader)) {
    return {
      check,
      verdict: "fail",
      text: `${text}, and they have no leader`,
      advice: "start a majority of the members",
    };
  }
  const clusters = Map.groupBy(answering, ({ clusterId }) => clusterId);
  if (clusters.size > 1) {
    const parts = [...clusters.values()].map((members) => members.map(({ endpoint }) => endpoint).join(", "));
    const advice = "name the members of one cluster: each would give the same locks away";
    return {
      check,
      verdict: "fail",
      text: `endpoints are of different clusters: ${parts.join("; ")}`,
      advice,
    };
  }
  if (silent.length > 0) return { check, verdict: "warn", text: `${text}, not ${silent.join("; ")}` };
  if (members.length === 1) {
    const advice = "name all members in --etcd, and have three, so that one may fail";
    return { check, verdict: "warn", text: "one endpoint: when it fails nothing works", advice };
  }
  return { check, verdict: "ok", text };
}

function judgeVersion({ endpoint, version }: MemberStatus): Finding[] {
  const check = "version";
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.map(Number) ?? [];
  if (major === undefined || minor === undefined || patch === undefined) {
    return [{
      check,
      verdict: "warn",
      text: `${endpoint} has version ${JSON.stringify(version)}, which is unknown`,
    }];
  }
  if (major < 3 || (major === 3 && minor < 4)) {
    const advice = "use 3.5.23 or later";
    return [{
      check,
      verdict: "fail",
      text: `${endpoint} has ${version}, which cannot do what is needed`,
      advice,
    }];
  }
  const sound = major === 3 ? SOUND[minor] : undefined;
  if (sound === undefined || patch >= sound) {
    return [{ check, verdict: "ok", text: `${endpoint} has ${version}` }];
  }
  const text =
    `${endpoint} has ${version}, in which a lease may be renewed that is over, or end early when its leader was cut off`;
  return [{ check, verdict: "warn", text, advice: "use 3.5.23 or later" }];
}

function judgeSpace({ endpoint, dbBytes, dbBytesInUse }: MemberStatus): Finding[] {
  const check = "space";
  const text = `${endpoint} has ${megabytes(dbBytes)} MB on its disk, ${
    megabytes(dbBytesInUse)
  } MB of it in use`;
  if (dbBytes > QUOTA_SHARE * QUOTA_BYTES) {
    const advice = "compact (--auto-compaction-retention=5m), defragment, or raise --quota-backend-bytes";
    return [{
      check,
      verdict: "warn",
      text: `${text}, and by default ${megabytes(QUOTA_BYTES)} are allowed`,
      advice,
    }];
  }
  if (dbBytes > HOLLOW_BYTES && dbBytesInUse < dbBytes / 4) {
    return [{
      check,
      verdict: "warn",
      text,
      advice: "defragment it (etcdctl defrag), one member after the other",
    }];
  }
  return [{ check, verdict: "ok", text }];
}

function judgeAlarm(isFull: boolean | undefined): Finding {
  const check = "alarm";
  if (isFull === undefined) {
    return { check, verdict: "skip", text: "the cluster did not say whether it is full" };
  }
  if (!isFull) return { check, verdict: "ok", text: "there is room" };
  const advice = "compact, defragment each member, then etcdctl alarm disarm";
  return {
    check,
    verdict: "fail",
    text: "the space is used up: locks can be released, none can be had",
    advice,
  };
}

function judgeTrial(trial: number | EtcdFault): Finding {
  const check = "trial";
  if (typeof trial !== "number") {
    const advice = trial.reason === "denied"
      ? "give the user read and write rights below --etcd-prefix"
      : undefined;
    const finding: Finding = {
      check,
      verdict: "fail",
      text: `a lease with a key cannot be made: ${trial.message}`,
    };
    return advice === undefined ? finding : { ...finding, advice };
  }
  const text = `a lease, a write and their end took ${Math.round(trial)} ms`;
  if (trial > SLOW_MS) {
    return { check, verdict: "warn", text, advice: "look at the members' disks and network" };
  }
  return { check, verdict: "ok", text };
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}
