/**
 * What the sessions of a daemon stand on, and how they are opened and gone on with.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { LogFields } from "../base/log.ts";
import type { Store } from "../store/store.ts";
import type { Access, Gate } from "./access.ts";
import type { Observer } from "./observer.ts";
import type { WatchesOptions } from "./watches.ts";

/** What the sessions of a daemon stand on. */
export interface SessionsOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Knows who may open a session. */
  readonly gate: Gate;
  /** Makes an id that was never used and cannot be guessed. */
  readonly newId: () => string;
  /** Makes a secret that cannot be guessed. */
  readonly newSecret: () => string;
  readonly limits: WatchesOptions["limits"] & {
    readonly graceMsMax: number;
    readonly detachedSessionsMax: number;
    readonly lossesPerSessionMax: number;
  };
  /** Writes down what an administrator does. */
  readonly audit: (event: string, fields: LogFields) => void;
  /** Looks on, for metrics and traces. */
  readonly observer?: Observer | undefined;
}

/** How a session is opened. */
export interface OpenOptions {
  /**
   * Who opens it: what the `gate` of the sessions said. There is no default, so that no interface can forget
   * to ask.
   */
  readonly access: Access;
  /** How long it shall outlive its connection, in milliseconds. */
  readonly graceMs?: number | undefined;
  /** What its connection is, for people. */
  readonly transport?: string;
}

/** How a session is gone on with. */
export interface ResumeOptions {
  /** The id of the hello. */
  readonly attempt: number;
  readonly access: Access;
  /** What its connection is, for people. */
  readonly transport: string;
}

/** Why no session is opened. */
export interface OpenRefusal {
  readonly code: "DRAINING" | "LIMIT";
  readonly message: string;
}

/** Why no session is opened now, or undefined. */
export function refuseOpening(
  { draining, detachedCount }: { readonly draining: boolean; readonly detachedCount: number },
  graceMs: number,
  { detachedSessionsMax }: SessionsOptions["limits"],
): OpenRefusal | undefined {
  if (draining) return { code: "DRAINING", message: "Cannot open a session: the daemon leaves service" };
  // Asked at the door: a grace that was promised is kept, so there can be as many more as there are
  // connections.
  if (graceMs === 0 || detachedCount < detachedSessionsMax) return undefined;
  const state = `${detachedSessionsMax} are detached, which is detachedSessionsMax`;
  return { code: "LIMIT", message: `Cannot open a session with a grace: ${state}` };
}
