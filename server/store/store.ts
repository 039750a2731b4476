/**
 * The seam between sessions and where exclusion comes from. Commands go in as calls, everything that happens
 * comes out as effects, at once or later: a local directory answers within the call, one on NFS when its
 * worker has, etcd when the cluster has. `docs/design/0001-store-seam.md` walks one lock through all three.
 *
 * Rules: every command is answered by exactly one effect (two for a cancel that finds a waiter: `refused`
 * with CANCELLED for the acquire, then `cancelled`). Effects of one session come in the order in which they
 * happened. The sink never calls back into the store. A store answers within a wait's time plus one second,
 * even when what is behind it hangs.
 *
 * @module
 */
import type { ClientProfile, Guarantee, HeldLock, LostLock } from "../../client/protocol/messages.ts";
import type { Acquire, Break, Convert, LockCommand, Renew, SetValue } from "../lock/commands.ts";
import type { Effect, Happening, SessionId } from "../lock/effect.ts";
import type { Overtaken } from "./overtaken.ts";

export type { Acquire, Break, Convert, LockCommand, Renew, SetValue } from "../lock/commands.ts";
export type { Effect, EffectSink, Happening, Refused, SessionId } from "../lock/effect.ts";

/** What a list asks for. */
export interface ListQuery {
  readonly prefix: string;
  /** Only names after this one, or "" for all. */
  readonly after: string;
  /** Only names that this is true of: the others are not there, for whoever asks. */
  readonly shows: (name: string) => boolean;
  /** Most names in the answer. */
  readonly limit: number;
}

/**
 * The store cannot keep a session for this daemon any more: its lease is over, another daemon speaks for it
 * now, or this one is cut off.
 */
export interface SessionGone {
  readonly type: "session-gone";
  readonly session: SessionId;
  /** For people. */
  readonly message: string;
  /** It has not ended: its client is hung up on, and may go on with it, here or at another daemon. */
  readonly isResumable: boolean;
}

/** What a store says. */
export type StoreEffect = Effect | SessionGone;

/** What a session is opened with. */
export interface SessionTerms {
  /** How long it outlives its connection, in milliseconds; 0 = not at all. */
  readonly graceMs: number;
  /** SHA-256 of what it is resumed with, in hexadecimal digits; absent without a grace. */
  readonly digest?: string | undefined;
  /** Whose it is: nobody else may resume it. */
  readonly subject?: string | undefined;
}

/** The store cannot say. */
export interface Unavailable {
  readonly code: "STORE_UNAVAILABLE";
  readonly message: string;
}

/** A session that another daemon had. */
export interface Adopted {
  readonly client: ClientProfile | undefined;
  readonly graceMs: number;
  readonly sinceWallMs: number;
  readonly lost: readonly LostLock[];
}

/** What a session holds and waits for. */
export interface Holdings {
  readonly locks: readonly HeldLock[];
  /** The ids of acquires and converts that are not decided. */
  readonly waiting: readonly number[];
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

  /** How many requests of its sessions wait. */
  readonly waiterCount: number;

  /** How many locks and waits a session has. */
  locksOf(session: SessionId): number;
  /** Whether the session has a lock or wait with that id, so that an acquire with it is a retry. */
  repeats(session: SessionId, request: number): boolean;

  /** What a session holds and waits for now. */
  holdingsOf(session: SessionId): Holdings;
  /** How much that is. */
  countsOf(session: SessionId): { readonly locks: number; readonly waits: number };

  /**
   * Makes a session known. Answered by no effect: a store that needs time for it queues what the session asks
   * meanwhile.
   */
  openSession(session: SessionId, client: ClientProfile | undefined, now: number, terms?: SessionTerms): void;
  /**
   * Takes over a session that another daemon had, if `isProven` says so of its digest and subject, `isWanted`
   * says that whoever asked is still there, and no later `attempt` did; absent in a store whose sessions end
   * with their daemon. Answers by `done`, later: undefined when there is no such session, or it is not
   * proven.
   */
  adoptSession?(
    session: SessionId,
    asker: {
      readonly attempt: number;
      readonly isProven: (digest: string, subject: string) => boolean;
      readonly isWanted: () => boolean;
    },
    done: (adopted: Adopted | undefined | Unavailable | Overtaken) => void,
  ): void;
  /**
   * A session of this daemon was resumed here by that attempt: no other daemon is to carry out an earlier
   * one. Absent where none could.
   */
  resumed?(session: SessionId, attempt: number): void;
  /**
   * For how long nothing that a session holds now, or will be granted, can be another's unless it was told
   * that it lost it, in milliseconds: whoever arbitrates may not be heard of again. Infinity in a store whose
   * locks end with this kernel.
   */
  validForMs(session: SessionId, now: number): number;
  /**
   * Looks whether a session can still be relied on, and says `lost` or `session-gone` if not; absent in a
   * store where it always can.
   */
  checkSession?(session: SessionId, now: number): void;
  /**
   * The daemon ends, but not the session: it can be resumed at another daemon, or at least its client may
   * believe in its locks for its grace. False when neither is so; then it is to be ended. {@link close}
   * follows, or, in a store that can {@link adoptSession}, nothing more of the session.
   */
  leaveSession?(session: SessionId): boolean;
  /** Ends a session, its locks and its waits. Answered by no effect. */
  endSession(session: SessionId, now: number): void;
  /** Effect: `granted` or `refused`. */
  acquire(wanted: Acquire, now: number): void;
  /** Effect: `released`, or `refused` with NOT_HELD. */
  release(command: LockCommand, now: number): void;
  /**
   * Effect: `released-all`. Ends the locks whose acquires have lower ids. What the session waits for goes on
   * waiting.
   */
  releaseAll(session: SessionId, request: number, now: number): void;
  /** Effect: `converted` or `refused`; refused, the lock is held as before. */
  convert(command: Convert, now: number): void;
  /** Effect: `renewed`, or `refused` with NOT_HELD. */
  renew(command: Renew, now: number): void;
  /** Effect: `verified`, or `refused` with NOT_HELD. Asks the arbiter; never takes a lock again. */
  verify(command: LockCommand, now: number): void;
  /** Effect: `value-set` or `refused`. */
  setValue(command: SetValue, now: number): void;
  /** Effect: `broken`, or `refused` with NOT_HELD or STALE_TOKEN; and `lost` for the holders. */
  break(command: Break, now: number): void;
  /** Effect: `cancelled`. */
  cancel(session: SessionId, request: number, target: number, now: number): void;
  /** Effect: `described`. */
  who(session: SessionId, request: number, name: string, now: number): void;
  /** Effect: `explained`. */
  explain(session: SessionId, request: number, name: string, now: number): void;
  /** Effect: `listed`. */
  list(session: SessionId, request: number, query: ListQuery, now: number): void;
  /** Has the watcher told what happens to which name; undefined ends it. There is one at a time. */
  watch(watcher: ((happening: Happening) => void) | undefined): void;
  /** The daemon leaves service: every wait is `refused` with DRAINING. Locks stay. */
  drain(now: number): void;
  /** Does what is due. */
  tick(now: number): void;
  /** Resolves when nothing is under way that was asked for; absent in a store where nothing ever is. */
  settled?(): Promise<void>;
  /**
   * Lets everything go. No effects follow. The promise is kept when nothing is left open, or nothing more can
   * be done about it.
   */
  close(): Promise<void>;
}
