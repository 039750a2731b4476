/**
 * The messages about looking on: explaining who waits for whom, and watching what happens to names. A part of
 * `messages.ts`, which says what holds for all of them.
 *
 * @module
 */
import type { NameState, Party } from "./messages.ts";
import type { Mode } from "./modes.ts";

/**
 * Asks for the events of all names that begin with a prefix. Its `id` names the watch; a cancel of it ends
 * it.
 */
export interface WatchRequest {
  readonly id: number;
  readonly op: "watch";
  /** Absent: all names. */
  readonly prefix?: string;
}

/** Asks who waits for whom, beginning with one name. */
export interface ExplainRequest {
  readonly id: number;
  readonly op: "explain";
  readonly name: string;
}

/** Names one request of a session. */
export interface PartyRef {
  readonly session: string;
  readonly request: number;
}

/** A holder, with whom it waits for while it is to be converted. */
export interface ExplainedHolder extends Party {
  readonly blockedBy?: readonly PartyRef[];
}

/** Somebody who waits, with its place and with whom it waits for. */
export interface ExplainedWaiter extends Party {
  /** 1 = the first in the queue of the name. */
  readonly position: number;
  /** Who stands in its way at this name, holders first: at most {@link BLOCKED_BY_MAX}. */
  readonly blockedBy: readonly PartyRef[];
}

/** One name, with who holds it, who waits, and for whom: at most {@link EXPLAIN_PARTIES_MAX} of each. */
export interface ExplainedName extends NameState {
  readonly held: readonly ExplainedHolder[];
  readonly waiting: readonly ExplainedWaiter[];
  /** As in the answer to a who. */
  readonly outside: Mode | null;
  /** As in the answer to a who. */
  readonly outsideHolder?: Party;
}

/** Answer to an explain. */
export interface ExplainAnswer {
  readonly id: number;
  readonly ok: true;
  /**
   * The name asked for, then the names that its holders wait for, and so on: at most
   * {@link EXPLAIN_NAMES_MAX}.
   */
  readonly names: readonly ExplainedName[];
}

/** What can happen to a request for a name, as those who watch see it. */
export type EventName = "waiting" | "granted" | "converted" | "released" | "lost" | "broken" | "gave-up";

/** Tells a watch what happened to a name. */
export interface EventPush {
  readonly push: "event";
  /** The id of the watch. */
  readonly watch: number;
  /** 1 for the first push of the watch, one more with each. */
  readonly seq: number;
  readonly event: EventName;
  readonly name: string;
  /** To whom. */
  readonly party: Party;
  /** Why it was lost, or broken. */
  readonly reason?: string;
}

/** Tells a watch that events are missing here, since the client read too slowly: it has to list anew. */
export interface ResyncPush {
  readonly push: "resync";
  readonly watch: number;
  readonly seq: number;
}
