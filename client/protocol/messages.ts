/**
 * The messages of the native protocol, the same on TCP (one JSON object a line) and on WebSocket (one JSON object a
 * text frame). `docs/protocol.md` is normative; this file is its shape in TypeScript.
 *
 * A client sends requests, the server sends answers (one for each request, in any order) and pushes.
 * Durations are milliseconds, points in time are milliseconds since 1970-01-01 UTC by the server's clock.
 *
 * @module
 */
import type { ErrorCode } from "./codes.ts";
import type { Mode, ModeName } from "./modes.ts";

/** Where exclusion comes from: one kernel, an NFSv4 server, or an etcd majority. */
export type Guarantee = "local" | "nfs" | "quorum";

/** What a client says of itself; others see it when it stands in their way. */
export interface ClientProfile {
  /** What the program calls itself, for people, e.g. `billing-1`. */
  readonly name?: string;
  /** The host it runs on. */
  readonly host?: string;
  /** Its process id there. */
  readonly pid?: number;
}

/** First message of a connection: opens a session that is bound to the connection. */
export interface HelloRequest {
  readonly id: number;
  readonly op: "hello";
  /** The protocol version that the client speaks. */
  readonly version: number;
  readonly client?: ClientProfile;
}

/** Asks for a lock. Its `id` is the name of the wait, and of the lock when it is granted. */
export interface AcquireRequest {
  readonly id: number;
  readonly op: "acquire";
  readonly name: string;
  /** Absent: `EX`. */
  readonly mode?: ModeName;
  /** 0 = try once; a number = give up after so many ms; absent = wait for ever. */
  readonly wait?: number;
  /** Why, for people. */
  readonly reason?: string;
}

/** Gives a lock back. */
export interface ReleaseRequest {
  readonly id: number;
  readonly op: "release";
  /** The id of the acquire that was granted. */
  readonly lock: number;
}

/** Makes sure that an acquire neither is nor becomes a grant. */
export interface CancelRequest {
  readonly id: number;
  readonly op: "cancel";
  /** The id of the acquire. */
  readonly request: number;
}

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
  | HelloRequest
  | AcquireRequest
  | ReleaseRequest
  | CancelRequest
  | WhoRequest
  | ListRequest;

/** The operations of the native protocol. */
export type Operation = Request["op"];

/** Answer to a hello. */
export interface HelloAnswer {
  readonly id: number;
  readonly ok: true;
  readonly version: number;
  /** The new session's id: public, it authorises nothing. */
  readonly session: string;
  readonly guarantee: Guarantee;
  readonly server: { readonly name: string; readonly version: string };
  readonly limits: {
    readonly frameBytesMax: number;
    readonly locksPerSessionMax: number;
    readonly waitersPerSessionMax: number;
  };
}

/** Answer to an acquire that was granted. */
export interface GrantAnswer {
  readonly id: number;
  readonly ok: true;
  /** Equal to `id`: what release names. */
  readonly lock: number;
  readonly name: string;
  readonly mode: Mode;
  /** The fencing token: greater than that of every earlier conflicting grant of the name. */
  readonly token: number;
  readonly guarantee: Guarantee;
}

/** Answer to a release. */
export interface ReleaseAnswer {
  readonly id: number;
  readonly ok: true;
  readonly lock: number;
}

/** What a cancelled request was when the cancel reached it: a wait, a lock (now released), or neither any more. */
export type CancelledState = "waiting" | "held" | "ended";

/** Answer to a cancel. */
export interface CancelAnswer {
  readonly id: number;
  readonly ok: true;
  readonly request: number;
  readonly was: CancelledState;
}

/** One lock or waiter as others see it. */
export interface Party {
  readonly session: string;
  /** The id of its acquire within that session. */
  readonly request: number;
  readonly mode: Mode;
  /** When it was granted, or began to wait. */
  readonly since: number;
  /** Fencing token; only of a lock. */
  readonly token?: number;
  readonly client?: ClientProfile;
  readonly reason?: string;
}

/** One lock name with those who hold it and those who wait for it, in the order of their arrival. */
export interface NameState {
  readonly name: string;
  /** The first holders: at most {@link WHO_PARTIES_MAX} in a who, {@link LIST_PARTIES_MAX} in a list. */
  readonly held: readonly Party[];
  /** The first waiters, as many at most. */
  readonly waiting: readonly Party[];
  /** How many there are in all. */
  readonly heldCount: number;
  readonly waitingCount: number;
}

/** Answer to a who. */
export interface WhoAnswer extends NameState {
  readonly id: number;
  readonly ok: true;
  /**
   * The strongest mode that other processes seem to hold, or null: `EX` where one keeps everybody out, `PR` where readers
   * could still enter. Filled by asking the kernel; it knows neither who nor since when.
   */
  readonly outside: Mode | null;
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
}

/** Answer to a request that was refused; `id` is null when the request could not even be read. */
export interface ErrorAnswer {
  readonly id: number | null;
  readonly ok: false;
  readonly error: ErrorBody;
}

/** Any answer. */
export type Answer =
  | HelloAnswer
  | GrantAnswer
  | ReleaseAnswer
  | CancelAnswer
  | WhoAnswer
  | ListAnswer
  | ErrorAnswer;

/** Why a lock ended although its holder did not release it. */
export type LossReason = "store" | "broken" | "expired" | "max-hold" | "session";

/** Tells a holder that a lock of its is gone. */
export interface LostPush {
  readonly push: "lost";
  readonly lock: number;
  readonly name: string;
  readonly token: number;
  readonly reason: LossReason;
}

/** Tells a client that the daemon leaves service, and after how many ms at most it will close the connection. */
export interface DrainingPush {
  readonly push: "draining";
  readonly closesIn: number;
}

/** Any message that the server sends unasked. */
export type Push = LostPush | DrainingPush;

/** Anything that the server sends. */
export type ServerMessage = Answer | Push;
