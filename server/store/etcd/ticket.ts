/**
 * One acquire of a session of this daemon, and what this daemon knows of it.
 *
 * ```text
 *   ASKING ──▶ WAITING ──▶ HELD ──▶ ENDED
 *     │  └──────────────────▲ │
 *     └──────────┴────────────┴───▶ ENDED
 * ```
 *
 * - ASKING: its transaction was not answered, or nobody knows what came of it; or it stands behind others in
 *   the line of its names.
 * - WAITING: its waits are in etcd.
 * - HELD: its locks are, and its client was told.
 * - ENDED: its client was told, or need not be. Keys that may be left are those of the session's litter.
 *
 * @module
 */
import type { ValueBlock } from "../../../client/protocol/messages.ts";
import type { Mode } from "../../../client/protocol/modes.ts";
import type { Timed } from "../../base/deadlines.ts";
import type { Acquire } from "../../lock/commands.ts";
import type { Effect } from "../../lock/effect.ts";
import { WARNING_SHARE } from "../../lock/request.ts";
import type { ClusterSession } from "./cluster_session.ts";
import { requestId } from "./entry_values.ts";
import type { Reply } from "./reply.ts";

/** See the diagram. */
export type TicketState = "asking" | "waiting" | "held" | "ended";

/** One name of a ticket. */
export interface Grip {
  readonly name: string;
  token: number;
  /** The revision at which its key was made. */
  created: number;
  value: ValueBlock | undefined;
}

/** The conversion that a lock is in. */
export interface Turning extends Timed {
  readonly ticket: Ticket;
  /** The id of the convert. */
  readonly request: number;
  readonly mode: Mode;
  readonly waitMs: number;
  readonly reply: Reply;
  /** The key below which it waits. */
  readonly key: string;
  /** It is known to wait. */
  isWaiting: boolean;
  /** It is being withdrawn. */
  isLeaving: boolean;
}

/** One acquire. */
export class Ticket implements Timed {
  state: TicketState = "asking";
  mode: Mode;
  grips: Grip[];
  /** When it began to wait, or was granted: milliseconds since 1970. */
  sinceMs: number;
  /** In monotonic milliseconds: the wait is over, the holder is to be warned, or the lock ends. */
  dueMs = Infinity;
  heapIndex = -1;
  /** When the lock ends by itself: monotonic milliseconds. */
  endsMs = Infinity;
  grantedMs = 0;
  ttlMs: number;
  turning: Turning | undefined = undefined;
  /** The session has set the value of its name, and is not done with it. */
  valueOpen = false;
  /** What it set. */
  valueText = "";
  /** The client has been told how the acquire ended, or that it is not to be. */
  isAnswered = false;
  /** What was asked of it, one after the other. */
  chain: Promise<void> = Promise.resolve();
  /** It is being released, or withdrawn: what the cluster tells of it is no news. */
  isLeaving = false;
  /** What is said when it is not known in time whether it was withdrawn. */
  farewell: Effect | undefined = undefined;
  /** The revision at which its waits were made. */
  waitCreated = 0;

  constructor(readonly session: ClusterSession, readonly wanted: Acquire, { now, wallMs }: {
    readonly now: number;
    readonly wallMs: number;
  }) {
    this.mode = wanted.mode;
    this.sinceMs = wallMs;
    this.ttlMs = wanted.ttlMs ?? Infinity;
    this.arrivedMs = now;
    const names = wanted.names.length > 1 ? [...wanted.names].sort() : wanted.names;
    this.grips = names.map((name) => ({ name, token: 0, created: 0, value: undefined }));
  }

  readonly arrivedMs: number;

  get id(): number {
    return this.wanted.request;
  }

  /** Names it in the cluster. */
  get key(): string {
    return requestId(this.session.id, this.wanted.request);
  }

  /** When the wait is over, in monotonic milliseconds. */
  get patienceEndsMs(): number {
    return this.arrivedMs + this.wanted.waitMs;
  }

  /**
   * Sets when the lock ends, and its holder is warned, if it is granted or renewed now. It must be in no
   * heap.
   */
  startLife(now: number): void {
    const { ttlMs, grantedMs, wanted: { maxHoldMs = Infinity } } = this;
    this.endsMs = Math.min(now + ttlMs, grantedMs + maxHoldMs);
    this.dueMs = this.endsMs === Infinity
      ? Infinity
      : Math.max(now, this.endsMs - Math.min(ttlMs, maxHoldMs) * WARNING_SHARE);
  }

  /** The first name. */
  get grip(): Grip {
    return this.grips[0] as Grip;
  }
}
