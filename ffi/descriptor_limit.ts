/**
 * How many descriptors this process may have open. Every lock file in use and every connection is one, and
 * distributions start services with a soft limit of 1,024 under a far higher hard one.
 *
 * Source: getrlimit(2).
 *
 * @module
 */
import { assert } from "../server/base/assert.ts";

/** The calls that read and set the limits of this process, answering as `file_calls.ts` says. */
export interface LimitCalls {
  /** Reads a limit as soft and hard number. */
  readLimit(resource: number, into: BigUint64Array<ArrayBuffer>): number;
  /** Sets a limit to a soft and hard number. */
  writeLimit(resource: number, from: BigUint64Array<ArrayBuffer>): number;
}

/** A limit in open descriptors; Infinity = none. */
export interface DescriptorLimit {
  /** What the kernel holds the process to. */
  readonly soft: number;
  /** How far the process may raise the soft limit by itself. */
  readonly hard: number;
}

/** `RLIMIT_NOFILE`, the same number on x86-64 and arm64. */
const RESOURCE_DESCRIPTORS = 7;
const UNLIMITED = 2n ** 64n - 1n;

/** The limit that is in force. */
export function descriptorLimit(libc: LimitCalls): DescriptorLimit {
  const limit = readLimit(libc);
  return { soft: count(limit[0]), hard: count(limit[1]) };
}

/**
 * Raises the soft limit to the hard one and returns the soft limit then in force. Where the kernel refuses,
 * that is the old one: fewer descriptors are no reason not to start.
 */
export function raiseDescriptorLimit(libc: LimitCalls): number {
  const limit = readLimit(libc);
  const before = count(limit[0]);
  if (limit[0] === limit[1]) return before;
  limit[0] = limit[1] as bigint;
  return libc.writeLimit(RESOURCE_DESCRIPTORS, limit) < 0 ? before : count(limit[0]);
}

function readLimit(libc: LimitCalls): BigUint64Array<ArrayBuffer> {
  const limit = new BigUint64Array(2);
  const answer = libc.readLimit(RESOURCE_DESCRIPTORS, limit);
  assert(answer === 0, "the limit on descriptors can always be read");
  return limit;
}

function count(limit: bigint | undefined): number {
  return limit === undefined || limit === UNLIMITED ? Infinity : Number(limit);
}
