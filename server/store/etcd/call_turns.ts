/**
 * How many calls are under way at a time. etcd answers each of very many that come at once too late, and what
 * is too late is asked again: thousands of clients that come back together would keep it busy with answers
 * that nobody waits for any more. Pure but for the promises that it hands out.
 *
 * @module
 */

/**
 * So many are under way at most: more than keep a cluster busy, fewer than a slow one answers within the call
 * deadline.
 */
export const CALLS_MAX = 128;

/** How many that had their turn are forgotten at a time. */
const FORGOTTEN_AT_A_TIME = 1_024;

/** Turns, first come, first served. */
export class CallTurns {
  readonly #waiting: (() => void)[] = [];
  /** Those before this one in `#waiting` have had their turn. */
  #next = 0;
  #taken = 0;

  /** Does the work when its turn comes. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#taken < CALLS_MAX) this.#taken++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      this.#pass();
    }
  }

  #pass(): void {
    const next = this.#waiting[this.#next];
    if (next === undefined) this.#taken--;
    else this.#next++;
    if (next === undefined || this.#next === FORGOTTEN_AT_A_TIME) {
      this.#waiting.splice(0, this.#next);
      this.#next = 0;
    }
    // The turn goes from one to the next.
    next?.();
  }
}
