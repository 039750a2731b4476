/**
 * Finds out that a server is gone that did not say so: one that was silent for a heartbeat is asked for a
 * sign of life, and given up when none comes ([P-17] of `docs/protocol.md`).
 *
 * Beats are counted, not milliseconds: a client that stood still itself finds what the server said meanwhile
 * before it counts the next beat.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import { SILENT_BEATS_MAX } from "./protocol/limits.ts";

/** What a heartbeat needs. */
export interface HeartbeatOptions {
  readonly clock: Clock;
  /** Milliseconds from beat to beat. */
  readonly everyMs: number;
  /** Asks for a sign of life. */
  readonly ask: () => void;
  /** The server was silent for so many milliseconds at least. Nothing is called after it. */
  readonly giveUp: (silentMs: number) => void;
}

/** Watches one connection, from its making until it is stopped or gives up. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #silentBeats = 0;
  #heard = true;
  #cancel: () => void;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#cancel = this.#next();
  }

  /** The server said something. */
  heard(): void {
    this.#heard = true;
  }

  /** Ends it. Idempotent. */
  stop(): void {
    this.#cancel();
  }

  #next(): () => void {
    const { clock, everyMs } = this.#options;
    return clock.after(everyMs, () => this.#beat());
  }

  #beat(): void {
    const { everyMs, ask, giveUp } = this.#options;
    this.#silentBeats = this.#heard ? 0 : this.#silentBeats + 1;
    this.#heard = false;
    if (this.#silentBeats === SILENT_BEATS_MAX) return giveUp(SILENT_BEATS_MAX * everyMs);
    this.#cancel = this.#next();
    if (this.#silentBeats === 1) ask();
  }
}
