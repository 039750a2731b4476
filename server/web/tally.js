/**
 * What the charts show: every step of two seconds one sample, for the last five minutes. Pure.
 *
 * @module
 */

/** How long a sample counts, in milliseconds, and how many are kept. */
export const STEP_MS = 2_000;
export const SAMPLES_MAX = 150;
/** Waits of so many samples make one p99: a single one often has none. */
const WAIT_SAMPLES = 5;
/** Waits that are kept of one sample; a daemon may grant more in two seconds than a page should remember. */
const WAITS_MAX = 2_000;

/**
 * @typedef {object} Sample What one step had; null where it is not known.
 * @property {number | null} held
 * @property {number | null} waiting
 * @property {number | null} grantsPerSecond
 * @property {number | null} p99Ms
 */

/** Counts grants, and keeps samples. */
export class Tally {
  /** @type {Sample[]} */
  #samples = [];
  /** @type {number[][]} */
  #waits = [];
  /** @type {number[]} */
  #now = [];
  #grants = 0;
  #hasGap = true;

  /** The samples, the oldest first. @returns {readonly Sample[]} */
  get samples() {
    return this.#samples;
  }

  /**
   * A request was granted after so many milliseconds.
   *
   * @param {number} waitMs
   */
  granted(waitMs) {
    this.#grants++;
    if (this.#now.length < WAITS_MAX) this.#now.push(Math.max(0, waitMs));
  }

  /** Events are missing in this step: its grants cannot be counted. */
  gap() {
    this.#hasGap = true;
  }

  /**
   * A step is over.
   *
   * @param {{ readonly held: number | null, readonly waiting: number | null }} counts
   */
  step({ held, waiting }) {
    this.#waits.push(this.#now);
    if (this.#waits.length > WAIT_SAMPLES) this.#waits.shift();
    const grantsPerSecond = this.#hasGap ? null : this.#grants * 1_000 / STEP_MS;
    this.#samples.push({ held, waiting, grantsPerSecond, p99Ms: percentile99(this.#waits.flat()) });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
    this.#now = [];
    this.#grants = 0;
    this.#hasGap = held === null;
  }
}

/**
 * The value that 99 of 100 are not above; null of none.
 *
 * @param {readonly number[]} values
 */
export function percentile99(values) {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? null;
}
