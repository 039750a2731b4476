/**
 * The seam to etcd: what the store needs of it and no more. `grpc_calls.ts` speaks with real members; tests
 * have a fake that loses answers, delays them, and ends leases when it is told to.
 *
 * @module
 */
import type { Change, Entry, Outcome, Transaction } from "./transaction.ts";

/** What is wrong with a call, as far as the caller acts on it. */
export type FaultReason =
  /** The database is full: puts are refused, deletes are not. */
  | "no-space"
  /** The lease is not there any more. */
  | "lease-gone"
  /** What is asked for is older than what etcd still knows. */
  | "compacted"
  /** The password, certificate or rights do not do. */
  | "denied"
  /** Anything else. */
  | "failed";

/** A call that failed. */
export class EtcdFault extends Error {
  override readonly name = "EtcdFault";
  /**
   * False when etcd said that it did nothing. True when nobody knows: the answer is lost, and what was asked
   * for may have been done, or may be done still.
   */
  readonly ambiguous: boolean;
  readonly reason: FaultReason;

  constructor(
    message: string,
    { ambiguous, reason, cause }: {
      readonly ambiguous: boolean;
      readonly reason: FaultReason;
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause });
    this.ambiguous = ambiguous;
    this.reason = reason;
  }
}

/** Some keys in their order, as they were at one revision. */
export interface Page {
  readonly entries: readonly Entry[];
  readonly revision: number;
  /** There are more behind the last one. */
  readonly more: boolean;
}

/** What keys are listed. */
export interface PageQuery {
  readonly key: string;
  readonly end: string;
  /** As of that revision; absent: now, as a majority has it. */
  readonly revision?: number;
  readonly limit: number;
}

/** A stream that renews leases. */
export interface KeepAlives {
  /** Asks for one lease. Answers come in the order of the questions. */
  ask(lease: number): void;
  close(): void;
  /** Closes it since it does not answer: its member is left. */
  giveUp(): void;
}

/** Who hears what a {@link KeepAlives} stream answers. */
export interface KeepAliveListener {
  /** The lease lives for `ttlS` more seconds from when etcd was asked, or is gone when that is 0. */
  renewed(lease: number, ttlS: number): void;
  /** The stream is over, and it was not closed. Called once at most. */
  ended(fault: EtcdFault): void;
}

/** Who hears what happens to keys. */
export interface ChangeListener {
  /** From the next revision on every change is told. */
  begun(revision: number): void;
  /** What happened, in order; all of a revision comes in one call. */
  changed(changes: readonly Change[]): void;
  /** The stream is over, and it was not closed. Called once at most. */
  ended(fault: EtcdFault): void;
}

/** What one member says of itself. */
export interface MemberStatus {
  readonly endpoint: string;
  /** The cluster that it belongs to, in hexadecimal. */
  readonly clusterId: string;
  readonly version: string;
  readonly dbBytes: number;
  readonly dbBytesInUse: number;
  readonly revision: number;
  readonly hasLeader: boolean;
  readonly errors: readonly string[];
}

/**
 * What the store asks of etcd. Each call is over within the call deadline, from when its turn comes: with an
 * answer, or an {@link EtcdFault}.
 */
export interface EtcdCalls {
  /** Never sent twice. */
  transact(transaction: Transaction): Promise<Outcome>;
  list(query: PageQuery): Promise<Page>;
  /**
   * Makes a lease with an id that nobody else has; harmless when it is there already, as it may be when an
   * earlier call was not answered: then its time goes on.
   */
  grantLease(lease: number, ttlS: number): Promise<"made" | "there">;
  /** Ends a lease and all keys that go with it; harmless when it is gone. */
  revokeLease(lease: number): Promise<void>;
  keepAlive(listener: KeepAliveListener): KeepAlives;
  /** Tells every change of the keys in [key, end), from revision `from` on (absent: from now on). */
  watch(
    range: { readonly key: string; readonly end: string; readonly from?: number },
    listener: ChangeListener,
  ): Disposable;
  /** The member behind each endpoint, or why it does not answer. */
  status(): Promise<readonly (MemberStatus | { readonly endpoint: string; readonly fault: EtcdFault })[]>;
  /** Whether the cluster has raised the alarm that its space is used up. */
  isFull(): Promise<boolean>;
  /** Ends everything that is under way. */
  close(): void;
}
