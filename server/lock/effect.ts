/**
 * What happens to sessions: the answers and notices that the lock table and the stores give, as values.
 * Whoever performs them (the session layer) finds the session's connection and speaks its dialect.
 *
 * @module
 */
import type { ErrorCode } from "../../client/protocol/codes.ts";
import type {
  CancelledState,
  CycleParty,
  EventName,
  ExplainedName,
  Fenced,
  LossReason,
  NameState,
  Party,
} from "../../client/protocol/messages.ts";
import type { Mode } from "../../client/protocol/modes.ts";

export type { Fenced } from "../../client/protocol/messages.ts";

/** Names a session, everywhere; public, authorises nothing. */
export type SessionId = string & { readonly brand: "SessionId" };

/** An acquire was granted, or was found granted when it was asked for again. */
export interface Granted {
  readonly type: "granted";
  readonly session: SessionId;
  /** The id of the acquire. */
  readonly request: number;
  readonly mode: Mode;
  /** All its names, sorted. */
  readonly fenced: readonly [Fenced, ...Fenced[]];
  /** When the lock ends by itself, in milliseconds since 1970; absent when it does not. */
  readonly expires?: number;
}

/** A request was refused and changed nothing, or a wait ended without a grant. */
export interface Refused {
  readonly type: "refused";
  readonly session: SessionId;
  readonly request: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly blockedBy?: readonly Party[];
  /** The names that those stand at: who may not read them all must not see who that is. */
  readonly blockedAt?: readonly string[];
  /** With DEADLOCK: who would wait for whom, beginning with the refused one. */
  readonly cycle?: readonly CycleParty[];
}

/** A lock has another mode, as asked for, or was found to have it when that was asked for again. */
export interface Converted {
  readonly type: "converted";
  readonly session: SessionId;
  /** The id of the convert. */
  readonly request: number;
  readonly lock: number;
  readonly mode: Mode;
  readonly token: number;
}

/** A lock lives longer. */
export interface Renewed {
  readonly type: "renewed";
  readonly session: SessionId;
  /** The id of the renew. */
  readonly request: number;
  readonly lock: number;
  /** When it ends now, in milliseconds since 1970; absent when it does not. */
  readonly expires?: number;
  /** The same as a duration, in milliseconds. */
  readonly expiresInMs?: number;
}

/** A lock was found to be held, by asking the kernel. */
export interface Verified {
  readonly type: "verified";
  readonly session: SessionId;
  /** The id of the verify. */
  readonly request: number;
  readonly lock: number;
  readonly token: number;
}

/** A value was set. */
export interface ValueSet {
  readonly type: "value-set";
  readonly session: SessionId;
  /** The id of the set. */
  readonly request: number;
  readonly lock: number;
}

/** A lock will end soon unless it is renewed, if that is allowed. */
export interface Expiring {
  readonly type: "expiring";
  readonly session: SessionId;
  readonly lock: number;
  /** In milliseconds. */
  readonly expiresInMs: number;
}

/** Somebody waits for what a holder has, who wished to be told. */
export interface YieldWish {
  readonly type: "yield";
  readonly session: SessionId;
  readonly lock: number;
  readonly name: string;
  readonly by: Party;
}

/** A break was carried out. */
export interface Broken {
  readonly type: "broken";
  readonly session: SessionId;
  /** The id of the break. */
  readonly request: number;
  /** Whose locks it ended. */
  readonly parties: readonly Party[];
}

/** A release was carried out. */
export interface Released {
  readonly type: "released";
  readonly session: SessionId;
  /** The id of the release. */
  readonly request: number;
  readonly lock: number;
}

/** A releaseAll was carried out. */
export interface ReleasedAll {
  readonly type: "released-all";
  readonly session: SessionId;
  /** The id of the releaseAll. */
  readonly request: number;
  /** How many locks were given back. */
  readonly locks: number;
}

/** A cancel was carried out. */
export interface Cancelled {
  readonly type: "cancelled";
  readonly session: SessionId;
  /** The id of the cancel. */
  readonly request: number;
  /** The id of the acquire that it was about. */
  readonly target: number;
  readonly was: CancelledState;
}

/** A lock ended although its holder did not release it. */
export interface Lost {
  readonly type: "lost";
  readonly session: SessionId;
  readonly lock: number;
  readonly name: string;
  readonly token: number;
  readonly reason: LossReason;
}

/** Answer to a who. */
export interface Described {
  readonly type: "described";
  readonly session: SessionId;
  readonly request: number;
  readonly state: NameState;
  readonly outside: Mode | null;
  /** One of those who hold it at other daemons, as far as it has said. */
  readonly outsideHolder?: Party;
}

/** Answer to an explain. */
export interface Explained {
  readonly type: "explained";
  readonly session: SessionId;
  readonly request: number;
  readonly names: readonly ExplainedName[];
}

/** Answer to a list. */
export interface Listed {
  readonly type: "listed";
  readonly session: SessionId;
  readonly request: number;
  readonly names: readonly NameState[];
  readonly next: string | null;
}

/** Anything that can happen to a session. */
export type Effect =
  | Granted
  | Refused
  | Released
  | ReleasedAll
  | Cancelled
  | Converted
  | Renewed
  | Verified
  | ValueSet
  | Expiring
  | YieldWish
  | Broken
  | Lost
  | Described
  | Explained
  | Listed;

/** Takes effects in the order in which they happen. It must not call back into who gives them. */
export type EffectSink = (effect: Effect) => void;

/** Something happened to a name, for those who watch. */
export interface Happening {
  readonly what: EventName;
  readonly name: string;
  readonly party: Party;
  /** Of a loss, or of a break what its reason was. */
  readonly reason?: string;
}
