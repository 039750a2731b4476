/**
 * How late the event loop is: a timer that should fire at a fixed beat, and how much later it does. A daemon
 * that is late answers late, and hears heartbeats late. (The histogram of `node:perf_hooks` does not measure
 * on this runtime.)
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { Distribution } from "./distribution.ts";

/** How often the event loop is looked at, in milliseconds. */
export const LAG_INTERVAL_MS = 500;

/** Bounds of the lag in seconds. */
const LAG_BOUNDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The lag of the event loop of this process. */
export class EventLoopLag implements Disposable {
  /** All that was measured; there is one cell. */
  readonly lags = new Distribution(LAG_BOUNDS);
  readonly #clock: Clock;
  readonly #timer: ReturnType<typeof setInterval>;
  #expectedMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#expectedMs = clock.now() + LAG_INTERVAL_MS;
    this.#timer = setInterval(() => this.beat(), LAG_INTERVAL_MS);
  }

  /** The timer fired. */
  beat(): void {
    const now = this.#clock.now();
    this.lags.note(0, Math.max(0, now - this.#expectedMs) / 1_000);
    this.#expectedMs = now + LAG_INTERVAL_MS;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
