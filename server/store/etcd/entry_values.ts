/**
 * What the values of keys say, as JSON: who a session is, what a request wants, why a lock ended, what was
 * left on a name.
 *
 * @module
 */
import type { ClientProfile, Labels, LossReason } from "../../../client/protocol/messages.ts";
import { type Mode, MODES } from "../../../client/protocol/modes.ts";
import type { Acquire } from "../../lock/commands.ts";
import type { SessionId } from "../../lock/effect.ts";

/** Of a session. */
export interface SessionValue {
  /** The run of the daemon that speaks for it. */
  readonly run: string;
  /** What that daemon is called, for people. */
  readonly daemon: string;
  readonly client?: ClientProfile;
  readonly graceMs: number;
  /** SHA-256 of its secret, in hexadecimal digits; absent without a grace. */
  readonly digest?: string;
  /** Whose it is. */
  readonly subject?: string;
  /** When it was opened, in milliseconds since 1970. */
  readonly sinceMs: number;
  /** The last attempt to resume it; absent: nobody has. */
  readonly attempt?: number;
}

/** Of a lock or a wait: the same below each of its names. */
export interface RequestValue {
  /** All its names, sorted. */
  readonly names: readonly string[];
  readonly owner?: string;
  readonly reason?: string;
  readonly labels?: Labels;
  readonly ttlMs?: number;
  readonly maxHoldMs?: number;
  readonly yieldNotice?: true;
  /** When it began to wait, or was granted, in milliseconds since 1970. */
  readonly sinceMs: number;
  /** When the lock ends by itself, in milliseconds since 1970. */
  readonly expiresMs?: number;
  /** When the wait is over, in milliseconds since 1970. */
  readonly waitEndsMs?: number;
  /** Its token, when that is not the revision at which its key was made. */
  readonly token?: number;
}

/** Of a conversion that waits. */
export interface ConversionValue {
  readonly from: Mode;
  readonly lock: number;
  /** The id of the convert. */
  readonly request: number;
  readonly sinceMs: number;
  /** When the wait is over, in milliseconds since 1970. */
  readonly waitEndsMs?: number;
}

/** Why a lock ended. */
export interface NoteValue {
  readonly reason: LossReason;
  /** In the words of whoever broke it. */
  readonly why?: string;
  readonly name: string;
  readonly token: number;
  /** Names the break that did it. */
  readonly by?: string;
}

/** What was left on a name. */
export interface BlockValue {
  readonly text: string;
  /** False when its writer died. */
  readonly valid: boolean;
  /** The id of the request that set it and has not let go since. */
  readonly open?: string;
}

/** The value of a key; undefined when it is not what we write. */
export function parseValue<T>(text: string, isOne: (value: Partial<T>) => boolean): T | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && isOne(value as Partial<T>) ? value as T : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export const isSession = ({ run, graceMs }: Partial<SessionValue>) => {
  return typeof run === "string" && typeof graceMs === "number";
};
export const isRequest = ({ names, sinceMs }: Partial<RequestValue>) => {
  return Array.isArray(names) && names.every((name) => typeof name === "string") &&
    typeof sinceMs === "number";
};
export const isConversion = ({ from, lock, request }: Partial<ConversionValue>) => {
  return MODES.some((mode) => mode === from) && typeof lock === "number" && typeof request === "number";
};
export const isNote = ({ reason, name }: Partial<NoteValue>) => {
  return typeof reason === "string" && typeof name === "string";
};
export const isBlock = ({ text, valid }: Partial<BlockValue>) => {
  return typeof text === "string" && typeof valid === "boolean";
};

/** What is written of a request. */
export function requestValue(
  { names, owner, reason, labels, ttlMs, maxHoldMs, yieldNotice }: Acquire,
  { sinceMs, expiresMs, waitEndsMs, token }: {
    readonly sinceMs: number;
    readonly expiresMs?: number | undefined;
    readonly waitEndsMs?: number | undefined;
    readonly token?: number | undefined;
  },
): RequestValue {
  return {
    names: names.length > 1 ? [...names].sort() : names,
    ...(owner === undefined ? {} : { owner }),
    ...(reason === undefined ? {} : { reason }),
    ...(labels === undefined ? {} : { labels }),
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(maxHoldMs === undefined ? {} : { maxHoldMs }),
    ...(yieldNotice ? { yieldNotice } : {}),
    sinceMs,
    ...(expiresMs === undefined ? {} : { expiresMs }),
    ...(waitEndsMs === undefined ? {} : { waitEndsMs }),
    ...(token === undefined ? {} : { token }),
  };
}

/** The value of a waiting request once it is granted at `nowMs` (since 1970): its life begins. */
export function grantedValue(value: RequestValue, nowMs: number): RequestValue {
  const lifeMs = Math.min(value.ttlMs ?? Infinity, value.maxHoldMs ?? Infinity);
  const { waitEndsMs: _over, ...kept } = value;
  return { ...kept, sinceMs: nowMs, ...(lifeMs === Infinity ? {} : { expiresMs: nowMs + lifeMs }) };
}

/** What was asked for, as far as it is written. */
export function acquireOf(session: SessionId, request: number, mode: Mode, value: RequestValue): Acquire {
  const { names, owner, reason, labels, ttlMs, maxHoldMs, yieldNotice } = value;
  return {
    session,
    request,
    names,
    mode,
    waitMs: Infinity,
    owner,
    reason,
    labels,
    ttlMs,
    maxHoldMs,
    yieldNotice,
  };
}

/** Names a request in all sessions for ever. */
export function requestId(session: string, request: number): string {
  return `${session}.${request}`;
}

/** The session and the number in the id of a request; of a conversion, those of its lock. */
export function splitId(id: string): { readonly session: SessionId; readonly request: number } {
  const [session = "", request = "0"] = id.split(".");
  return { session: session as SessionId, request: Number(request) };
}
