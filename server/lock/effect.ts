/**
 * What happens to sessions: the answers and notices that the lock table and the stores give, as values. Whoever performs
 * them (the session layer) finds the session's connection and speaks its dialect.
 *
 * @module
 */
import type { ErrorCode } from "../../client/protocol/codes.ts";
import type { CancelledState, LossReason, NameState, Party } from "../../client/protocol/messages.ts";
import type { Mode } from "../../client/protocol/modes.ts";

/** Names a session, everywhere; public, authorises nothing. */
export type SessionId = string & { readonly brand: "SessionId" };

/** An acquire was granted, or was found granted when it was asked for again. */
export interface Granted {
  readonly type: "granted";
  readonly session: SessionId;
  /** The id of the acquire. */
  readonly request: number;
  readonly name: string;
  readonly mode: Mode;
  readonly token: number;
}

/** A request was refused and changed nothing, or a wait ended without a grant. */
export interface Refused {
  readonly type: "refused";
  readonly session: SessionId;
  readonly request: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly blockedBy?: readonly Party[];
}

/** A release was carried out. */
export interface Released {
  readonly type: "released";
  readonly session: SessionId;
  /** The id of the release. */
  readonly request: number;
  readonly lock: number;
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
export type Effect = Granted | Refused | Released | Cancelled | Lost | Described | Listed;

/** Takes effects in the order in which they happen. It must not call back into who gives them. */
export type EffectSink = (effect: Effect) => void;
