/**
 * What sessions are told, in the words of the lock table.
 *
 * @module
 */
import type { Fenced, HeldLock } from "../../../client/protocol/messages.ts";
import type { ErrorCode } from "../../../client/protocol/codes.ts";
import type { Granted, Refused, SessionId } from "../../lock/effect.ts";
import type { Acquire, Convert } from "../../lock/commands.ts";
import type { LockTableLimits } from "../../lock/refusals.ts";
import { wallTime } from "../../lock/description.ts";
import type { Refusal } from "../../lock/claims.ts";
import type { ClusterSession } from "./cluster_session.ts";
import type { Mirror } from "./mirror.ts";
import type { Ticket } from "./ticket.ts";

/** The ticket is held. `epochMs` is the wall clock at monotonic zero. */
export function granted(ticket: Ticket, epochMs: number): Granted {
  const { session: { id }, mode, grips, endsMs } = ticket;
  const expires = wallTime(endsMs, epochMs);
  const fenced = grips.map(({ name, token, value }) => value ? { name, token, value } : { name, token });
  return {
    type: "granted",
    session: id,
    request: ticket.id,
    mode,
    fenced: fenced as unknown as readonly [Fenced, ...Fenced[]],
    ...(expires === undefined ? {} : { expires }),
  };
}

/** A lock as its own client sees it. */
export function heldLock({ id, mode, grips, endsMs }: Ticket, epochMs: number): HeldLock {
  const expires = wallTime(endsMs, epochMs);
  const [first] = grips;
  return {
    lock: id,
    name: first?.name ?? "",
    mode,
    token: first?.token ?? 0,
    ...(expires === undefined ? {} : { expires }),
    ...(grips.length > 1 ? { all: grips.map(({ name, token }) => ({ name, token })) } : {}),
  };
}

/** A request that was refused. */
export function refused(
  session: SessionId,
  request: number,
  { code, message }: { readonly code: ErrorCode; readonly message: string },
): Refused {
  return { type: "refused", session, request, code, message };
}

/** The session holds no such lock. */
export function notHeld(session: SessionId, request: number, what: string): Refused {
  return refused(session, request, {
    code: "NOT_HELD",
    message: `Cannot ${what}: the session holds no such lock`,
  });
}

/** etcd does not say. */
export function unavailable(
  session: SessionId,
  request: number,
  what: string,
  why = "etcd does not answer",
): Refused {
  return refused(session, request, { code: "STORE_UNAVAILABLE", message: `Cannot ${what}: ${why}` });
}

/** What a request is called in a sentence. */
export function describeNames({ names, mode }: Pick<Acquire, "names" | "mode">): string {
  const shown = names.slice(0, 2).join(", ");
  return `${shown}${names.length > 2 ? ` and ${names.length - 2} more` : ""} in ${mode}`;
}

/**
 * Whether an acquire whose id is not above all earlier ones is the retry of a living one; undefined: it is.
 */
export function refuseRepeat(session: ClusterSession, wanted: Acquire): Refusal | undefined {
  const subject = `Cannot lock ${wanted.names[0]} as request ${wanted.request}`;
  const living = session.tickets.get(wanted.request);
  if (!living) {
    const turning = [...session.tickets.values()].some((one) => one.turning?.request === wanted.request);
    if (turning) return { code: "BAD_REQUEST", message: `${subject}: that id is in use for a conversion` };
    const fault = "that request has ended, or its id is below one that was used before";
    return { code: "NOT_HELD", message: `${subject}: ${fault}` };
  }
  const { names, mode } = living.wanted;
  if (mode === wanted.mode && [...names].sort().join() === [...wanted.names].sort().join()) return undefined;
  return {
    code: "BAD_REQUEST",
    message: `${subject}: that id is in use for ${describeNames(living.wanted)}`,
  };
}

/** Whether the session may have so many names more. */
export function refuseLock(
  session: ClusterSession,
  wanted: Acquire,
  { locksPerSessionMax }: LockTableLimits,
): Refusal | undefined {
  if (session.names + wanted.names.length <= locksPerSessionMax) return undefined;
  const fault = `the session has ${locksPerSessionMax} locks and waits, which is locksPerSessionMax`;
  return { code: "LIMIT", message: `Cannot lock ${wanted.names[0]}: ${fault}` };
}

/**
 * Whether a session may wait for these names, with a request of that id; what is under way counts as waiting.
 */
export function refuseWait(
  session: ClusterSession,
  { names, count, request }: {
    /** Those in whose queues it is to stand. */
    readonly names: readonly string[];
    readonly count: number;
    readonly request: number;
  },
  { mirror, limits: { queueLengthMax, waitersPerSessionMax } }: {
    readonly mirror: Mirror;
    readonly limits: LockTableLimits;
  },
): Refusal | undefined {
  const full = names.find((name) => (mirror.resources.get(name)?.waiting ?? 0) >= queueLengthMax);
  const subject = full === undefined ? "Cannot wait" : `Cannot wait for ${full}`;
  // Counting is spared those who have not that many requests at all.
  const waits = session.names + session.tickets.size < waitersPerSessionMax ? 0 : session.waits(request);
  if (waits + count > waitersPerSessionMax) {
    const fault = `the session has ${waits} waits of ${waitersPerSessionMax}, which is waitersPerSessionMax`;
    return { code: "LIMIT", message: `${subject}: ${fault}` };
  }
  if (full === undefined) return undefined;
  const waiting = mirror.resources.get(full)?.waiting;
  return { code: "QUEUE_FULL", message: `${subject}: ${waiting} requests do, which is queueLengthMax` };
}

/**
 * Why a lock that is held may not be converted; `isConverting` when a conversion of its session has the id of
 * the command.
 */
export function faultOfConversion(
  { session, grips, turning }: Ticket,
  { request }: Convert,
  isConverting: boolean,
): string | undefined {
  if (!turning && (isConverting || session.tickets.has(request))) return `the id ${request} is in use`;
  if (grips.length > 1) return `it is a lock of ${grips.length} names`;
  return turning ? `it is being converted to ${turning.mode}` : undefined;
}
