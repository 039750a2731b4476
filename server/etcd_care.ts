/**
 * Looks after the etcd cluster of a daemon: at its start and every hour it writes into the log what
 * `distrilock doctor` would complain of.
 *
 * @module
 */
import type { Clock } from "./base/clock.ts";
import type { Log } from "./base/log.ts";
import { examineCluster } from "./doctor/etcd_examination.ts";
import { sentence } from "./doctor/finding.ts";
import { randomText } from "./random_text.ts";
import type { EtcdCalls } from "./store/etcd/calls.ts";

/** How often, in milliseconds. */
const INTERVAL_MS = 3_600_000;
/** When first: the members may be starting as well. */
const FIRST_MS = 5_000;
const TRIAL_BYTES = 9;

/** Looks after a cluster until it is disposed. */
export function lookAfter(
  { calls, prefix, clock, log }: {
    readonly calls: EtcdCalls;
    readonly prefix: string;
    readonly clock: Clock;
    readonly log: Log;
  },
): Disposable {
  let isOver = false;
  const look = async () => {
    const findings = await examineCluster({
      calls,
      prefix,
      trialId: randomText(TRIAL_BYTES),
      now: () => clock.now(),
    });
    if (isOver) return;
    for (const finding of findings) {
      if (finding.verdict === "fail") log.error("etcd.unfit", { finding: sentence(finding) });
      else if (finding.verdict === "warn") log.warn("etcd.doubtful", { finding: sentence(finding) });
    }
    timer = setTimeout(() => void look(), INTERVAL_MS);
  };
  let timer = setTimeout(() => void look(), FIRST_MS);
  return {
    [Symbol.dispose]: () => {
      isOver = true;
      clearTimeout(timer);
    },
  };
}
