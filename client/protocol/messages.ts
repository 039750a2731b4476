/**
 * The messages of the native protocol, the same on TCP (one JSON object a line) and on WebSocket (one JSON
 * object a text frame). `docs/protocol.md` is normative; this file is its shape in TypeScript.
 *
 * A client sends requests, the server sends answers (one for each request, in any order) and pushes.
 * Durations are milliseconds, points in time are milliseconds since 1970-01-01 UTC by the server's clock.
 *
 * @module
 */
import type { ErrorCode } from "./codes.ts";
import type { Mode } from "./modes.ts";
import type { ClosingPush, PingPush, SessionAnswer, SessionRequest } from "./session_messages.ts";
import type { EventPush, ExplainAnswer, ExplainRequest, ResyncPush, WatchRequest } from "./watch_messages.ts";
import type { CycleParty, LossReason, NameState, Party } from "./parties.ts";
import type {
  AcquireRequest,
  BreakAnswer,
  BreakRequest,
  CancelAnswer,
  CancelRequest,
  ConvertAnswer,
  ConvertRequest,
  GrantAnswer,
  ReleaseAnswer,
  ReleaseRequest,
  RenewAnswer,
  RenewRequest,
  SetAnswer,
  SetRequest,
  VerifyAnswer,
  VerifyRequest,
} from "./lock_messages.ts";

export type * from "./lock_messages.ts";
export type * from "./parties.ts";
export type * from "./session_messages.ts";
export type * from "./watch_messages.ts";

/** Asks who holds and who waits for one name. */
export interface WhoRequest {
  readonly id: number;
  readonly op: "who";
  readonly name: string;
}

/** Asks for the names that this daemon's sessions hold or wait for, in order of the names. */
export interface ListRequest {
  readonly id: number;
  readonly op: "list";
  /** Only names that begin so; absent: all. */
  readonly prefix?: string;
  /** Only names after this one: the `next` of the answer before. */
  readonly after?: string;
  /** Most names in the answer, 1 to {@link LIST_NAMES_MAX}. */
  readonly limit?: number;
}

/** Any request. */
export type Request =
  | SessionRequest
  | AcquireRequest
  | ReleaseRequest
  | ConvertRequest
  | RenewRequest
  | VerifyRequest
  | SetRequest
  | CancelRequest
  | BreakRequest
  | WhoRequest
  | ExplainRequest
  | WatchRequest
  | ListRequest;

/** The operations of the native protocol. */
export type Operation = Request["op"];

/** Answer to a who. */
export interface WhoAnswer extends NameState {
  readonly id: number;
  readonly ok: true;
  /**
   * The strongest mode that other processes seem to hold, or null: `EX` where one keeps everybody out, `PR`
   * where readers could still enter. Filled by asking the kernel; it knows neither who nor since when.
   */
  readonly outside: Mode | null;
  /**
   * One of those who hold it at another daemon, as far as that has said: some ms after the grant, and not of
   * other programs.
   */
  readonly outsideHolder?: Party;
}

/** Answer to a list. */
export interface ListAnswer {
  readonly id: number;
  readonly ok: true;
  readonly names: readonly NameState[];
  /** What to pass as `after` for the rest, or null when this was all. */
  readonly next: string | null;
}

/** What an error tells. */
export interface ErrorBody {
  readonly code: ErrorCode;
  /** For people only. */
  readonly message: string;
  /** Who stands in the way: with `BUSY` and `TIMEOUT`, at most {@link BLOCKED_BY_MAX}. */
  readonly blockedBy?: readonly Party[];
  /** Who would wait for whom, beginning with the refused one: with `DEADLOCK`. */
  readonly cycle?: readonly CycleParty[];
}

/** Answer to a request that was refused; `id` is null when the request could not even be read. */
export interface ErrorAnswer {
  readonly id: number | null;
  readonly ok: false;
  readonly error: ErrorBody;
}

/** Any answer. */
export type Answer =
  | SessionAnswer
  | GrantAnswer
  | ReleaseAnswer
  | ConvertAnswer
  | RenewAnswer
  | VerifyAnswer
  | SetAnswer
  | CancelAnswer
  | BreakAnswer
  | WhoAnswer
  | ExplainAnswer
  | ListAnswer
  | ErrorAnswer;

/** Tells a holder that a lock of its is gone. */
export interface LostPush {
  readonly push: "lost";
  readonly lock: number;
  readonly name: string;
  readonly token: number;
  readonly reason: LossReason;
}

/** Tells a holder that a lock of its will end soon, unless it is renewed and may be. */
export interface ExpiringPush {
  readonly push: "expiring";
  readonly lock: number;
  /** In ms. */
  readonly expiresIn: number;
}

/** Tells a holder who wished it that somebody waits for what it holds. */
export interface YieldPush {
  readonly push: "yield";
  readonly lock: number;
  readonly name: string;
  /** Who waits. */
  readonly by: Party;
}

/**
 * Tells a client that the daemon leaves service, and after how many ms at most it will close the connection.
 */
export interface DrainingPush {
  readonly push: "draining";
  readonly closesIn: number;
}

/** Any message that the server sends unasked. */
export type Push =
  | LostPush
  | ExpiringPush
  | YieldPush
  | DrainingPush
  | PingPush
  | ClosingPush
  | EventPush
  | ResyncPush;

/** Anything that the server sends. */
export type ServerMessage = Answer | Push;
