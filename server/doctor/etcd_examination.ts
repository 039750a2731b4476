/**
 * Looks at an etcd cluster: asks each member, and makes a lease with a key.
 *
 * @module
 */
import { type EtcdCalls, EtcdFault } from "../store/etcd/calls.ts";
import { put, remove } from "../store/etcd/transaction.ts";
import { judgeCluster } from "./etcd_judgement.ts";
import type { Finding } from "./finding.ts";

/** The lease of a trial ends by itself after so many seconds, should the trial end in the middle. */
const TRIAL_TTL_S = 10;

/** What an examination needs. */
export interface EtcdExamination {
  readonly calls: EtcdCalls;
  /** Begins all keys. */
  readonly prefix: string;
  /** Names the key of the trial. */
  readonly trialId: string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** All that there is to say of a cluster. */
export async function examineCluster({ calls, prefix, trialId, now }: EtcdExamination): Promise<Finding[]> {
  const [members, isFull] = await Promise.all([calls.status(), orFault(() => calls.isFull())]);
  const trial = await orFault(async () => {
    const key = `${prefix}doctor/${trialId}`;
    const lease = Math.floor(Math.random() * Number.MAX_SAFE_INTEGER) + 1;
    const sinceMs = now();
    await calls.grantLease(lease, TRIAL_TTL_S);
    await calls.transact({ when: [], then: [put(key, "", lease)], otherwise: [] });
    await calls.transact({ when: [], then: [remove(key)], otherwise: [] });
    await calls.revokeLease(lease);
    return now() - sinceMs;
  });
  return judgeCluster({ members, isFull: isFull instanceof EtcdFault ? undefined : isFull, trial });
}

async function orFault<T>(work: () => Promise<T>): Promise<T | EtcdFault> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EtcdFault) return error;
    throw error;
  }
}
