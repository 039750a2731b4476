/**
 * The one file that reads clocks. Everything else is given the time as an argument, so that it can be
 * simulated.
 *
 * @module
 */

/** A source of time. */
export interface Clock {
  /** Monotonic milliseconds, with fractions: for durations and deadlines. Its zero means nothing. */
  now(): number;
  /** Milliseconds since 1970-01-01 UTC: for people and for other processes; it may jump. */
  wallMs(): number;
}

/** The clocks of this machine. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  wallMs: () => Date.now(),
};
