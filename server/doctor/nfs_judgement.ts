/**
 * What facts about an NFS mount mean for locks on it. Pure: `nfs_facts.ts` and `nfs_trial.ts` find them out.
 *
 * Sources: nfs(5), mount.nfs(8), exports(5), RFC 8881 § 8.3, and measurements in which each refused setting
 * gave one lock to two hosts, or kept one that nobody held.
 *
 * @module
 */
import { LEASE_MS_LEAST } from "../store/directory/nfs/belief.ts";
import type { HostIdentity, RosterText } from "../store/directory/nfs/host_identity.ts";
import type { Finding } from "./finding.ts";
import { type NfsFacts, optionOf } from "./nfs_facts.ts";

/** A lease time above it is worth a warning, in milliseconds: so long a lock of a dead host is kept. */
const LEASE_MS_LONG = 180_000;
/** A clock that is further from that of the server is worth a warning, in milliseconds. */
const CLOCK_OFF_MS = 2_000;

const REMOUNT = "mount it with vers=4.2,hard";

/** All that the facts of a mount say. */
export function judgeNfs(facts: NfsFacts): Finding[] {
  return [
    judgeVersion(facts),
    judgeOptions(facts),
    judgeLostLocks(facts),
    judgeLease(facts),
    judgeName(facts),
  ];
}

function judgeVersion({ mount }: NfsFacts): Finding {
  const check = "NFS version";
  const version = optionOf(mount, "vers") ?? "unknown";
  if (version === "4.1" || version === "4.2") return { check, verdict: "ok", text: version };
  const text = version.startsWith("4")
    ? `${version} has no sessions: what a host that was cut off sent before may still be carried out after`
    : `${version} has no lease: the locks of a host that died stay, and others are decided by each host alone`;
  return { check, verdict: "fail", text, advice: REMOUNT };
}

function judgeOptions({ mount }: NfsFacts): Finding {
  const check = "NFS options";
  const isSoft = ["soft", "softerr"].find((option) => mount.options.includes(option));
  if (isSoft) {
    const text =
      `${isSoft}: a call that gives up says nothing of whether the server did it, so a lock may be held that nobody knows of`;
    return { check, verdict: "fail", text, advice: REMOUNT };
  }
  const local = optionOf(mount, "local_lock") ?? "none";
  if (local === "none" && !mount.options.includes("nolock")) {
    return { check, verdict: "ok", text: "hard, locks go to the server" };
  }
  const found = local === "none" ? "nolock" : `local_lock=${local}`;
  const text = `${found}: locks stay on this host, and every host has its own`;
  return { check, verdict: "fail", text, advice: `${REMOUNT}, without nolock and local_lock` };
}

function judgeLostLocks({ recoversLostLocks }: NfsFacts): Finding {
  const check = "lost locks";
  const parameter = "/sys/module/nfs/parameters/recover_lost_locks";
  if (recoversLostLocks === undefined) {
    const text = `not looked at: ${parameter} cannot be read`;
    return { check, verdict: "warn", text, advice: "make sure that it says N" };
  }
  if (!recoversLostLocks) return { check, verdict: "ok", text: "stay lost" };
  return {
    check,
    verdict: "fail",
    text: "the kernel takes lost locks again and tells nobody, though another host had them meanwhile",
    advice: `set it: echo N > ${parameter}, and options nfs recover_lost_locks=0 in /etc/modprobe.d`,
  };
}

function judgeLease({ leaseMs }: NfsFacts): Finding {
  const check = "lease time";
  if (leaseMs === undefined) {
    const text = "not known: /proc/self/mountstats does not tell it";
    return { check, verdict: "fail", text, advice: REMOUNT };
  }
  const text = `${leaseMs / 1000} s`;
  if (leaseMs < LEASE_MS_LEAST) {
    const advice = "raise it at the server: lease-time= and grace-time= under [nfsd] in /etc/nfs.conf";
    return { check, verdict: "fail", text: `${text} leave no time to tell holders of a loss`, advice };
  }
  if (leaseMs <= LEASE_MS_LONG) return { check, verdict: "ok", text };
  const advice = "lower lease-time= and grace-time= under [nfsd] in /etc/nfs.conf at the server";
  return {
    check,
    verdict: "warn",
    text: `${text}: so long others wait for the locks of a host that died`,
    advice,
  };
}

function judgeName({ host: { hostname, identifier } }: NfsFacts): Finding {
  const check = "host name";
  const shown = identifier === "" ? hostname : `${hostname} (${identifier})`;
  const isCommon = ["", "localhost", "(none)", "localhost.localdomain"].includes(hostname);
  if (!isCommon || identifier !== "") return { check, verdict: "ok", text: shown };
  return {
    check,
    verdict: "fail",
    text: `${
      JSON.stringify(hostname)
    } is what other hosts are called too: the server takes them for this one, and frees its locks`,
    advice: NAME_ADVICE,
  };
}

const NAME_ADVICE =
  "give each host a name of its own before it mounts, or a text of its own in /sys/fs/nfs/net/nfs_client/identifier (nfs.nfs4_unique_id=)";

/** A host in the roster that the server takes for this one; undefined when there is none. */
export function judgeTwin(me: HostIdentity, twin: RosterText | undefined): Finding {
  const check = "other hosts";
  if (!twin) return { check, verdict: "ok", text: "none that the server would take for this one" };
  const text = `${twin.daemon} at ${twin.address} runs on another host that is called ${me.hostname} too: ` +
    "the server takes the two for one, and each frees the locks of the other";
  return { check, verdict: "fail", text, advice: NAME_ADVICE };
}

/** The clock against that of the server; `offMs` is how far this one is ahead. */
export function judgeServerClock(offMs: number): Finding {
  const check = "server clock";
  const text = `${Math.abs(Math.round(offMs))} ms ${offMs < 0 ? "ahead of" : "behind"} this one`;
  if (Math.abs(offMs) <= CLOCK_OFF_MS) return { check, verdict: "ok", text };
  const advice =
    "keep the clocks of all hosts set (chrony, systemd-timesyncd): people are told since when locks are held";
  return { check, verdict: "warn", text, advice };
}
