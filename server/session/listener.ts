/**
 * Who speaks for a session.
 *
 * @module
 */
import type { Effect } from "../store/store.ts";
import type { WatchEffect } from "./watches.ts";

/**
 * Who speaks for a session: it puts effects into the words of its dialect. It must not call back into the
 * session.
 */
export interface SessionListener {
  /** How many bytes were said to the client and not sent; absent in a dialect that knows no watches. */
  readonly unsentBytes?: number;
  /** Something happened to the session. */
  hear(effect: Effect | WatchEffect): void;
  /** The daemon leaves service; the connection is closed when the last lock is gone, or in so many ms. */
  drain(closesInMs: number): void;
  /**
   * The session has ended, or somebody else speaks for it: say what is left to be said, and hang up. `reason`
   * is why, for people; absent when the daemon leaves service.
   */
  hangUp(reason?: string): void;
}
