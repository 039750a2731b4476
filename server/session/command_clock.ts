/**
 * The time of the command that is being carried out: what happens within it, for whoever looks on, happens at
 * that time. Reading the clock again for each effect would be a good part of what looking on costs.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";

/** A clock that stands still within a command. */
export class CommandClock {
  readonly #clock: Pick<Clock, "now">;
  #commandMs = NaN;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** The time for a command, in monotonic milliseconds; {@link now} is that time until it is {@link done}. */
  begin(): number {
    return this.#commandMs = this.#clock.now();
  }

  /** The command is carried out: what comes of it later has a time of its own. */
  done(): void {
    this.#commandMs = NaN;
  }

  /** The time of the command, or else the time. */
  now(): number {
    return Number.isNaN(this.#commandMs) ? this.#clock.now() : this.#commandMs;
  }
}
