/**
 * Messages about locks: asking for them, changing them, giving them back.
 *
 * @module
 */
import type { Mode, ModeName } from "./modes.ts";
import type { Fenced, Guarantee, Labels, Party, ValueBlock } from "./parties.ts";

/**
 * Asks for a lock of one name, or of several that are granted all or none. Its `id` names the wait, and the
 * lock when it is granted.
 */
export interface AcquireRequest {
  readonly id: number;
  readonly op: "acquire";
  /** Either this or {@link names}. */
  readonly name?: string;
  /** 1 to {@link NAMES_PER_REQUEST_MAX}, none twice. */
  readonly names?: readonly string[];
  /** Absent: `EX`. */
  readonly mode?: ModeName;
  /** 0 = try once; a number = give up after so many ms; absent = wait for ever. */
  readonly wait?: number;
  /** The flow of control that asks: the unit of deadlock detection. */
  readonly owner?: string;
  /** Why, for people. */
  readonly reason?: string;
  readonly labels?: Labels;
  /** The lock ends so many ms after its grant or last renewal. Absent: never by itself. */
  readonly ttl?: number;
  /** The lock ends so many ms after its grant, renewed or not. */
  readonly maxHold?: number;
  /** The holder wishes to be told when somebody waits for what it holds. */
  readonly yield?: boolean;
}

/** Gives a lock back. */
export interface ReleaseRequest {
  readonly id: number;
  readonly op: "release";
  /** The id of the acquire that was granted. */
  readonly lock: number;
}

/** Asks for another mode of a lock that is held. */
export interface ConvertRequest {
  readonly id: number;
  readonly op: "convert";
  /** The id of the acquire that was granted. */
  readonly lock: number;
  readonly mode: ModeName;
  /** As of an acquire. When it runs out the old mode is still held. */
  readonly wait?: number;
}

/** Lets a lock live longer. */
export interface RenewRequest {
  readonly id: number;
  readonly op: "renew";
  readonly lock: number;
  /** How many ms from now, and by each renewal to come. Absent: as it was given before. */
  readonly ttl?: number;
}

/** Asks the kernel whether a lock is still held. */
export interface VerifyRequest {
  readonly id: number;
  readonly op: "verify";
  readonly lock: number;
}

/** Leaves a value on the name of a lock, for later holders. */
export interface SetRequest {
  readonly id: number;
  readonly op: "set";
  /** Of one name, held in PW or EX. */
  readonly lock: number;
  /** At most {@link VALUE_BYTES_MAX} bytes of UTF-8. */
  readonly value: string;
}

/** Makes sure that an acquire neither is nor becomes a grant. */
export interface CancelRequest {
  readonly id: number;
  readonly op: "cancel";
  /** The id of the acquire, or of the convert. */
  readonly request: number;
}

/** Ends the locks of a name that have this token, whoever holds them. */
export interface BreakRequest {
  readonly id: number;
  readonly op: "break";
  readonly name: string;
  readonly token: number;
  /** Why: the holder is told, and the audit. */
  readonly reason: string;
}

/** Answer to an acquire that was granted. */
export interface GrantAnswer {
  readonly id: number;
  readonly ok: true;
  /** Equal to `id`: what release names. */
  readonly lock: number;
  /** Of several names the first, in the order of the names. */
  readonly name: string;
  readonly mode: Mode;
  /** The fencing token of that name: greater than that of every earlier conflicting grant of it. */
  readonly token: number;
  readonly guarantee: Guarantee;
  /** The value block of that name; absent when nobody ever set one. */
  readonly value?: ValueBlock;
  /** All names with their tokens; only of a lock of several. */
  readonly all?: readonly Fenced[];
  /** When the lock ends by itself; absent when it does not. */
  readonly expires?: number;
}

/** Answer to a release. */
export interface ReleaseAnswer {
  readonly id: number;
  readonly ok: true;
  readonly lock: number;
}

/** Answer to a convert that was done. */
export interface ConvertAnswer {
  readonly id: number;
  readonly ok: true;
  readonly lock: number;
  readonly mode: Mode;
  /** A new one after a conversion upward. */
  readonly token: number;
}

/** Answer to a renew. */
export interface RenewAnswer {
  readonly id: number;
  readonly ok: true;
  readonly lock: number;
  /** When the lock ends now; absent when it does not end by itself. */
  readonly expires?: number;
  /** The same as a duration in ms, from the answer on: it does not depend on what the clocks are set to. */
  readonly expiresIn?: number;
}

/** Answer to a verify: the lock is held. */
export interface VerifyAnswer {
  readonly id: number;
  readonly ok: true;
  readonly lock: number;
  readonly token: number;
}

/** Answer to a set. */
export interface SetAnswer {
  readonly id: number;
  readonly ok: true;
  readonly lock: number;
}

/**
 * What a cancelled request was when the cancel reached it: a wait, a lock (now released), a watch, or none of
 * them any more.
 */
export type CancelledState = "waiting" | "held" | "watching" | "ended";

/** Answer to a cancel. */
export interface CancelAnswer {
  readonly id: number;
  readonly ok: true;
  readonly request: number;
  readonly was: CancelledState;
}

/** Answer to a break. */
export interface BreakAnswer {
  readonly id: number;
  readonly ok: true;
  /** Whose locks it ended. */
  readonly broken: readonly Party[];
}
