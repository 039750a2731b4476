/**
 * The messages about sessions and about the daemon itself: hello with grace and resume, signs of life, and
 * what an administrator asks. A part of `messages.ts`, which says what holds for all of them.
 *
 * @module
 */
import type { ClientProfile, Fenced, Guarantee, LossReason } from "./messages.ts";
import type { Mode } from "./modes.ts";

/** First message of a connection: opens a session, or goes on with one. */
export interface HelloRequest {
  readonly id: number;
  readonly op: "hello";
  /** The protocol version that the client speaks. */
  readonly version: number;
  /** Proves who one is, where the daemon wants that; it does not look at it elsewhere. */
  readonly token?: string;
  readonly client?: ClientProfile;
  /** How many ms the session outlives its connection. Absent or 0: it ends with it. */
  readonly grace?: number;
  /** The session to go on with; then neither {@link client} nor {@link grace}. */
  readonly resume?: Resume;
}

/** Proves that a session is one's own. */
export interface Resume {
  readonly session: string;
  readonly secret: string;
}

/** Answer to a hello. */
export interface HelloAnswer {
  readonly id: number;
  readonly ok: true;
  readonly version: number;
  /** The session's id: public, it authorises nothing. */
  readonly session: string;
  readonly guarantee: Guarantee;
  readonly server: { readonly name: string; readonly version: string };
  readonly limits: {
    readonly frameBytesMax: number;
    readonly locksPerSessionMax: number;
    readonly waitersPerSessionMax: number;
  };
  /** After so many ms of silence each side asks the other for a sign of life; 0 or absent: never. */
  readonly heartbeatMs?: number;
  /**
   * For how many ms the server vouches for all that the session holds or will be granted, unless it says
   * otherwise: see [P-18]. Absent: as long as it lives.
   */
  readonly validFor?: number;
  /** How many ms the session outlives its connection: at most what was asked for. Absent: it does not. */
  readonly grace?: number;
  /**
   * What a later hello resumes the session with: to be kept to oneself. Only of a new session with a grace.
   */
  readonly secret?: string;
  /** True when the session was gone on with; then the rest is there. */
  readonly resumed?: true;
  /** The locks that the session holds now. */
  readonly locks?: readonly HeldLock[];
  /** The ids of the acquires and converts that wait. */
  readonly waiting?: readonly number[];
  /** The locks that it lost, the last ones, also those that it was told of before. */
  readonly lost?: readonly LostLock[];
}

/** A lock as its own session sees it. */
export interface HeldLock {
  readonly lock: number;
  /** Of several names the first. */
  readonly name: string;
  readonly mode: Mode;
  readonly token: number;
  /** When it ends by itself; absent when it does not. */
  readonly expires?: number;
  /** All names with their tokens; only of a lock of several. */
  readonly all?: readonly Fenced[];
}

/** A lock that ended although its holder did not release it. */
export interface LostLock {
  readonly lock: number;
  readonly name: string;
  readonly token: number;
  readonly reason: LossReason;
}

/** A sign of life. */
export interface PingRequest {
  readonly id: number;
  readonly op: "ping";
}

/** Ends the session at once, its grace too. */
export interface ByeRequest {
  readonly id: number;
  readonly op: "bye";
}

/** Gives back all locks of the session. What waits goes on waiting. */
export interface ReleaseAllRequest {
  readonly id: number;
  readonly op: "releaseAll";
}

/** Asks for the sessions of the daemon, in order of their ids. */
export interface SessionsRequest {
  readonly id: number;
  readonly op: "sessions";
  /** Only sessions after this one: the `next` of the answer before. */
  readonly after?: string;
  /** Most sessions in the answer, 1 to 1,000. */
  readonly limit?: number;
}

/** Ends a session of somebody else. */
export interface KickRequest {
  readonly id: number;
  readonly op: "kick";
  readonly session: string;
  /** Why: its client is told, and the audit. */
  readonly reason: string;
}

/** Asks how the daemon does. */
export interface StatusRequest {
  readonly id: number;
  readonly op: "status";
}

/** Makes the daemon leave service and end. */
export interface DrainRequest {
  readonly id: number;
  readonly op: "drain";
}

/** Any request about sessions or the daemon. */
export type SessionRequest =
  | HelloRequest
  | PingRequest
  | ByeRequest
  | ReleaseAllRequest
  | SessionsRequest
  | KickRequest
  | StatusRequest
  | DrainRequest;

/** Answer to a bye, a kick and a watch. */
export interface DoneAnswer {
  readonly id: number;
  readonly ok: true;
}

/** Answer to a ping. */
export interface PingAnswer extends DoneAnswer {
  /** As in the answer to the hello, from now on. */
  readonly validFor?: number;
}

/** Answer to a releaseAll. */
export interface ReleaseAllAnswer {
  readonly id: number;
  readonly ok: true;
  /** How many locks were given back; one of several names counts once. */
  readonly released: number;
}

/** One session as others see it. */
export interface SessionState {
  readonly session: string;
  /** Whom it belongs to: proven by a token, unlike what {@link client} says. */
  readonly subject?: string;
  readonly client?: ClientProfile;
  /** Whether a connection speaks for it now. */
  readonly state: "connected" | "detached";
  /** What its connection is, or the last one was: `tcp`, `websocket`, … */
  readonly transport: string;
  /** When it was opened. */
  readonly since: number;
  /** How many ms it outlives its connection; absent when it does not. */
  readonly grace?: number;
  /** When it ends unless it is resumed; only of a detached one. */
  readonly expires?: number;
  /** How many locks it holds, and how many of its requests wait. */
  readonly locks: number;
  readonly waits: number;
}

/** Answer to a sessions. */
export interface SessionsAnswer {
  readonly id: number;
  readonly ok: true;
  readonly sessions: readonly SessionState[];
  /** What to pass as `after` for the rest, or null when this was all. */
  readonly next: string | null;
}

/** How a daemon does. */
export interface DaemonStatus {
  readonly version: string;
  /** What the daemon calls itself. */
  readonly server: string;
  /** In ms. */
  readonly uptime: number;
  readonly guarantee: Guarantee;
  /** Where exclusion comes from, e.g. `directory`. */
  readonly store: string;
  /** The directory of the store, if it is on one. */
  readonly directory?: string;
  readonly draining: boolean;
  readonly counts: {
    readonly connections: number;
    /** All sessions, detached ones too. */
    readonly sessions: number;
    readonly detached: number;
    readonly locks: number;
    readonly waiters: number;
  };
  /** Every limit of the daemon by its name. */
  readonly limits: Readonly<Record<string, number>>;
}

/** Answer to a status. */
export interface StatusAnswer extends DaemonStatus {
  readonly id: number;
  readonly ok: true;
}

/** Answer to a drain. */
export interface DrainAnswer {
  readonly id: number;
  readonly ok: true;
  /** How many ms holders have at most. */
  readonly closesIn: number;
}

/** Any answer about sessions or the daemon that is not an error. */
export type SessionAnswer =
  | HelloAnswer
  | DoneAnswer
  | PingAnswer
  | ReleaseAllAnswer
  | SessionsAnswer
  | StatusAnswer
  | DrainAnswer;

/** Asks a silent client for a sign of life: any frame will do. */
export interface PingPush {
  readonly push: "ping";
}

/** Tells a client why its connection is closed now: somebody kicked its session, or resumed it elsewhere. */
export interface ClosingPush {
  readonly push: "closing";
  readonly reason: string;
}
