/**
 * The seam between sessions and where exclusion comes from. Commands go in as calls, everything that happens comes out as effects, at
 * once or later: a local directory answers within the call, one on NFS when its worker has, etcd when the cluster has.
 * `docs/design/0001-store-seam.md` walks one lock through all three.
 *
 * Rules: every command is answered by exactly one effect (two for a cancel that finds a waiter: `refused` with CANCELLED for the acquire,
 * then `cancelled`). Effects of one session come in the order in which they happened. The sink never calls
 * back into the store. A store answers within a wait's time plus one second, even when what is behind it hangs.
 *
 * @module
 */
import type { ClientProfile, Guarantee } from "../../client/protocol/messages.ts";
import type { SessionId } from "../lock/effect.ts";
import type { Acquire } from "../lock/request.ts";

export type { Effect, EffectSink, SessionId } from "../lock/effect.ts";
export type { Acquire } from "../lock/request.ts";

/** What a list asks for. */
export interface ListQuery {
  readonly prefix: string;
  /** Only names after this one, or "" for all. */
  readonly after: string;
  /** Most names in the answer. */
  readonly limit: number;
}

/** Where locks live. Times are monotonic milliseconds. */
export interface Store {
  /** What each grant of this store is worth. */
  readonly guarantee: Guarantee;
  /** Whether it can arbitrate now. */
  readonly available: boolean;
  /** When {@link tick} has something to do, or Infinity. */
  readonly nextDueMs: number;
  /** How many locks its sessions hold. */
  readonly lockCount: number;

  /** How many locks and waits a session has. */
  locksOf(session: SessionId): number;
  /** Whether the session has a lock or wait with that id, so that an acquire with it is a retry. */
  repeats(session: SessionId, request: number): boolean;

  /** Makes a session known. Answered by no effect: a store that needs time for it queues what the session asks meanwhile. */
  openSession(session: SessionId, client: ClientProfile | undefined, now: number): void;
  /** Ends a session, its locks and its waits. Answered by no effect. */
  endSession(session: SessionId, now: number): void;
  /** Effect: `granted` or `refused`. */
  acquire(wanted: Acquire, now: number): void;
  /** Effect: `released`, or `refused` with NOT_HELD. `request` is the id of the release itself. */
  release(session: SessionId, request: number, lock: number, now: number): void;
  /** Effect: `cancelled`. */
  cancel(session: SessionId, request: number, target: number, now: number): void;
  /** Effect: `described`. */
  who(session: SessionId, request: number, name: string, now: number): void;
  /** Effect: `listed`. */
  list(session: SessionId, request: number, query: ListQuery, now: number): void;
  /** The daemon leaves service: every wait is `refused` with DRAINING. Locks stay. */
  drain(now: number): void;
  /** Does what is due. */
  tick(now: number): void;
  /** Lets everything go. No effects follow. */
  close(): void;
}
