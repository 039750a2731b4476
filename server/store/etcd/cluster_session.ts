/**
 * One session of this daemon, as far as the cluster is concerned.
 *
 * ```text
 *   LOCAL ──▶ OPENING ──▶ ACTIVE ◀──▶ SUSPENDED
 *     │          │          │             │
 *     └──────────┴──────────┴─────────────┴──▶ OVER
 * ```
 *
 * - LOCAL: etcd knows nothing of it: it has asked for nothing, and needs not be resumed elsewhere.
 * - OPENING: its lease and key are being made; or it came from another daemon, and nobody knows yet whether
 *   its lease still lives.
 * - ACTIVE: it has a lease, and `validUntilMs` is ahead: nobody can have been given what it holds.
 * - SUSPENDED: `validUntilMs` is past. What it held is lost, and its client told. Its waits keep their places
 *   in case that the lease lives.
 * - OVER: it was ended, its lease is gone, or another daemon has it.
 *
 * @module
 */
import type { ClientProfile } from "../../../client/protocol/messages.ts";
import type { SessionId } from "../../lock/effect.ts";
import type { Ticket } from "./ticket.ts";

/** See the diagram. */
export type SessionStage = "local" | "opening" | "active" | "suspended" | "over";

/** A key that has to go. */
export interface Litter {
  readonly key: string;
  /** The revision at which it was made; a later one of the same name stays. 0: whichever is there. */
  readonly created: number;
}

/** One session. */
export class ClusterSession {
  stage: SessionStage = "local";
  /** Resolves when it is no longer OPENING. */
  opened: Promise<void> | undefined;
  /** Called when the lease that it came here with was renewed, or it is over. */
  proven: (() => void) | undefined;
  lease = 0;
  /** The last attempt to resume it; 0: nobody has. */
  attempt = 0;
  /** The revision of its key that what we ask for it is guarded by. */
  epoch = 0;
  /**
   * Until when nobody can have been given what it holds, in monotonic milliseconds; while OPENING, what it
   * will get.
   */
  validUntilMs = -Infinity;
  /** Its acquires that have not ended. */
  readonly tickets = new Map<number, Ticket>();
  /** The greatest id that an acquire of it had. */
  highestId = 0;
  /** Keys that are to be deleted as soon as etcd can be reached. */
  readonly litter = new Map<string, Litter>();
  isCleaning = false;
  /** What is under way for it. */
  readonly flying = new Set<Promise<void>>();
  /**
   * Those of its waits that are being granted. Its own: when it leaves and comes back, what was tried before
   * counts no more.
   */
  readonly promoting = new Set<string>();
  /** Numbers its conversions within an epoch. */
  conversions = 0;

  constructor(
    readonly id: SessionId,
    readonly client: ClientProfile | undefined,
    readonly options: {
      readonly graceMs: number;
      readonly digest: string | undefined;
      readonly subject: string | undefined;
      readonly sinceMs: number;
    },
  ) {}

  /** How many names its acquires have, all together. */
  names = 0;

  /** How many names it waits for, as far as is known; of requests before `id` only, if one is given. */
  waits(before = Infinity): number {
    let count = 0;
    for (const { id, state, grips, turning } of this.tickets.values()) {
      if (id < before && (state === "waiting" || state === "asking")) count += grips.length;
      if (turning && turning.request < before) count++;
    }
    return count;
  }

  /** A ticket of it begins to live. */
  add(ticket: Ticket): void {
    this.tickets.set(ticket.id, ticket);
    this.names += ticket.grips.length;
  }

  /** A ticket of it has ended. */
  remove(ticket: Ticket): void {
    if (this.tickets.delete(ticket.id)) this.names -= ticket.grips.length;
  }
}
