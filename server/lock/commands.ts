/**
 * What sessions can ask of a lock table.
 *
 * @module
 */
import type { Mode } from "../../client/protocol/modes.ts";
import type { SessionId } from "./effect.ts";

/** What a session asks for. */
export interface Acquire {
  readonly session: SessionId;
  /** Rises with every acquire of the session; the same again is a retry. */
  readonly request: number;
  /** One name, or several that are granted all or none; none twice. */
  readonly names: readonly string[];
  readonly mode: Mode;
  /** 0 = try once; Infinity = wait for ever. */
  readonly waitMs: number;
  /** The flow of control that asks, for deadlock detection. */
  readonly owner?: string | undefined;
  readonly reason?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** The lock ends so long after its grant or last renewal. Absent: never by itself. */
  readonly ttlMs?: number | undefined;
  /** The lock ends so long after its grant, renewed or not. Absent: never. */
  readonly maxHoldMs?: number | undefined;
  /** The holder is told when somebody waits for what it holds. */
  readonly yieldNotice?: boolean | undefined;
}

/** A command about a lock of a session. */
export interface LockCommand {
  readonly session: SessionId;
  /** The id of the command, for its answer. */
  readonly request: number;
  /** The id of the acquire that was granted. */
  readonly lock: number;
}

/** Asks for another mode of a lock that is held. */
export interface Convert extends LockCommand {
  readonly mode: Mode;
  /** 0 = try once; Infinity = wait for ever. */
  readonly waitMs: number;
}

/** Lets a lock live longer. */
export interface Renew extends LockCommand {
  /** How long from now, and by each renewal to come; absent: as long as it was given before. */
  readonly ttlMs?: number | undefined;
}

/** Leaves a value on the name of a lock. */
export interface SetValue extends LockCommand {
  readonly value: string;
}

/** Ends locks of others: compare and break. */
export interface Break {
  readonly session: SessionId;
  readonly request: number;
  readonly name: string;
  /** The fencing token of the lock that is meant: a later one is not hit by mistake. */
  readonly token: number;
  /** Why, for the holder and the audit. */
  readonly reason: string;
}
