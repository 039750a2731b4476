/**
 * Who and what messages tell of: parties, names, values. `messages.ts` has the messages themselves.
 *
 * @module
 */
import type { Mode } from "./modes.ts";

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
  readonly owner?: string;
  readonly reason?: string;
  readonly labels?: Labels;
  /** When the lock ends by itself, if it does. */
  readonly expires?: number;
  /** The daemon that it is at, when that is not the one that was asked. */
  readonly daemon?: string;
  /** The mode that a held lock is to be converted to, while that waits. */
  readonly convertingTo?: Mode;
}

/** Free words that a client hangs on a lock, for people and their tools. */
export type Labels = Readonly<Record<string, string>>;

/** One step of a circle of waits: this one waits for `name`, which the next one holds or waits for. */
export interface CycleParty extends Party {
  readonly name: string;
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

/** What an earlier holder left on a name. */
export interface ValueBlock {
  readonly text: string;
  /** False when its last writer died without releasing: look at what it was about before trusting it. */
  readonly valid: boolean;
}

/** One name of a lock, with its fencing token. */
export interface Fenced {
  readonly name: string;
  readonly token: number;
  /** Absent when nobody ever set one. */
  readonly value?: ValueBlock;
}

/** Why a lock ended although its holder did not release it. */
export type LossReason = "store" | "broken" | "expired" | "max-hold" | "session";
