/**
 * The seam between the client and what carries its messages: text frames in both directions, in order.
 *
 * @module
 */

/** Who listens to a transport. Neither function may throw. */
export interface TransportEvents {
  /** One frame came, without a line end. */
  onMessage(text: string): void;
  /** The transport ended, for whatever reason; called once, and nothing comes after it. */
  onClose(cause: Error | undefined): void;
}

/** An open channel to a server. */
export interface Transport {
  /**
   * Sends one frame, without a line end. It never waits and never throws; once the transport ended it does
   * nothing.
   */
  send(text: string): void;
  /**
   * Renews on its own what it is told to, also while the program leaves no time for anything; absent where
   * nobody does.
   */
  readonly pilot?: Pilot;
  /**
   * Sends what was given to it, then ends the channel; `onClose` follows soon even if the peer is silent.
   * Idempotent.
   */
  close(): void;
}

/** What a pilot keeps: a lock, by its id, the session itself, or the validity of what it holds. */
export type Kept = number | "session" | "validity";

/** Renews locks, and gives signs of life for a session, in a thread of its own. */
export interface Pilot {
  /**
   * Renews it whenever a quarter of its life has gone by, from now on, until it is dropped or the transport
   * ends.
   */
  keep(kept: Kept, lifeMs: number): void;
  /** Renews it no more. */
  drop(kept: Kept): void;
  /**
   * When the last renewal that was done was sent, by the client's clock or earlier; -Infinity when none was.
   * One that brought less than a whole life counts as sent that much earlier.
   */
  confirmedMs(kept: Kept): number;
}

/**
 * Opens a channel. Until it is open a failure rejects the promise and nothing is heard of it; from then on
 * the events say all. An abort of the signal given to the maker of the function rejects the promise with the
 * signal's reason.
 */
export type OpenTransport = (events: TransportEvents) => Promise<Transport>;
