/**
 * What the daemon's clock shows, told from the `Date` headers of its answers: how long a lock is held is
 * counted by the clock that it was granted by, whatever the clock of the browser says. Pure.
 *
 * A `Date` header has whole seconds, cut off. So when it says D, the daemon's clock showed something from D
 * up to D + 1 s at a moment between request and answer: each answer bounds how far the clocks are apart, and
 * what fits all answers is soon known to some ten milliseconds.
 *
 * @module
 */

const DATE_STEP_MS = 1_000;

/** The daemon's clock as seen from the browser. */
export class ServerClock {
  #leastMs = -Infinity;
  #mostMs = Infinity;

  /** How much the daemon's clock is ahead of the browser's, in milliseconds; 0 before the first answer. */
  get aheadMs() {
    return this.#mostMs === Infinity ? 0 : (this.#leastMs + this.#mostMs) / 2;
  }

  /**
   * Takes note of an answer. All times are milliseconds since 1970; `dateMs` is the daemon's, the others are
   * the browser's.
   *
   * @param {{ readonly dateMs: number, readonly sentMs: number, readonly receivedMs: number }} answer
   */
  note({ dateMs, sentMs, receivedMs }) {
    if (!Number.isFinite(dateMs)) return;
    const leastMs = dateMs - receivedMs;
    const mostMs = dateMs + DATE_STEP_MS - sentMs;
    const fits = leastMs <= this.#mostMs && mostMs >= this.#leastMs;
    // One of the clocks was set: what was known does not hold any more.
    this.#leastMs = fits ? Math.max(this.#leastMs, leastMs) : leastMs;
    this.#mostMs = fits ? Math.min(this.#mostMs, mostMs) : mostMs;
  }

  /**
   * What the daemon's clock shows when the browser's shows `browserMs`.
   *
   * @param {number} browserMs
   */
  at(browserMs) {
    return browserMs + this.aheadMs;
  }
}
