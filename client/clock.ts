/**
 * Time as the client sees it: monotonic, so that nobody who sets a wall clock takes or lengthens a lock. It
 * stands still while the computer sleeps; a lock that ended meanwhile is told by the server, or by the
 * connection, which did not survive.
 *
 * @module
 */

/** What tells the time, and wakes. */
export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  now(): number;
  /** Calls `run` once, so many milliseconds from now, however many. Gives the function that prevents it. */
  after(ms: number, run: () => void): () => void;
}

/** Longest time that a timer of the runtimes counts, in milliseconds. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The clock of the runtime. */
export const RUNTIME_CLOCK: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    const due = performance.now() + ms;
    let timer: ReturnType<typeof setTimeout>;
    const sleep = () => {
      const left = Math.max(0, due - performance.now());
      timer = left > TIMER_MS_MAX ? setTimeout(sleep, TIMER_MS_MAX) : setTimeout(run, left);
    };
    sleep();
    return () => clearTimeout(timer);
  },
};
