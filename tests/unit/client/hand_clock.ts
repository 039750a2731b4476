/**
 * A clock that a test winds by hand.
 *
 * @module
 */
import type { Clock } from "../../../client/clock.ts";

interface Alarm {
  readonly dueMs: number;
  readonly run: () => void;
}

/** Time goes on when the test says so. */
export class HandClock implements Clock {
  readonly #alarms = new Set<Alarm>();
  #nowMs = 0;

  /** How many alarms are set. */
  get alarms(): number {
    return this.#alarms.size;
  }

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): () => void {
    const alarm = { dueMs: this.#nowMs + ms, run };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Lets so many milliseconds go by, with all that is due in them, in order. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#alarms].sort((one, other) => one.dueMs - other.dueMs);
      if (next === undefined || next.dueMs > endMs) break;
      this.#alarms.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.run();
      for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    }
    this.#nowMs = endMs;
  }

  /** Lets time go by while the program is too busy for its alarms. */
  stall(ms: number): void {
    this.#nowMs += ms;
  }
}
