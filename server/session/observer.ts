/**
 * Who looks on: what sessions ask for and what they are told, for metrics and traces. It decides nothing and
 * must not call back.
 *
 * The seam is here, between the dialects and the stores, because here every interface and every store passes,
 * and what the session itself refuses (rights, drain) as well as what the store does.
 *
 * @module
 */
import type { Acquire, Convert, Effect, SessionId } from "../store/store.ts";

/** Looks on. Times are monotonic milliseconds. */
export interface Observer {
  /**
   * A session asks for a lock. The same id again, while it lives, is a retry. An effect will tell what came
   * of it.
   */
  asked(wanted: Acquire, now: number): void;
  /** A session asks for another mode of a lock. An effect will tell what came of it. */
  converts(command: Convert, now: number): void;
  /** A session is told something, whether or not anybody hears it. */
  told(effect: Effect, now: number): void;
  /** A session has ended, with all that it held and waited for. */
  ended(session: SessionId, now: number): void;
}

/** An observer that has others look on, in their order. */
export function observers(first: Observer, ...others: readonly Observer[]): Observer {
  if (others.length === 0) return first;
  const all = [first, ...others];
  return {
    asked: (wanted, now) => all.forEach((each) => each.asked(wanted, now)),
    converts: (command, now) => all.forEach((each) => each.converts(command, now)),
    told: (effect, now) => all.forEach((each) => each.told(effect, now)),
    ended: (session, now) => all.forEach((each) => each.ended(session, now)),
  };
}
