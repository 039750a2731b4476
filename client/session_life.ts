/**
 * How long a session can be relied on when nothing is heard of its server, and how long what it holds can.
 *
 * Two things end by themselves. The *grace*: after it the session is gone. The *validity* of its locks
 * ([P-18] of `docs/protocol.md`), where the server vouches for them only for a time: after it they are lost,
 * and the session goes on. Both are counted from when a sign of life that was answered was *asked for*, and
 * asked for anew when a third of the time has gone by.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import { Keeper } from "./keeper.ts";
import type { HelloAnswer } from "./protocol/messages.ts";
import type { Kept, Pilot } from "./transport/transport.ts";

/** What a life needs of its session. */
export interface SessionLifeOptions {
  /** When the hello was sent, by the clock. */
  readonly sentMs: number;
  readonly clock: Clock;
  /** Gives signs of life when the program has no time; undefined where nobody does. */
  readonly pilot: () => Pilot | undefined;
  /** Asks for a sign of life, and tells {@link SessionLife.proved}. */
  readonly prove: () => Promise<void>;
  /** A third of a time is left. */
  readonly warn: () => void;
  /** Nothing was heard for the grace. */
  readonly onOver: () => void;
  /** Nobody vouches for the locks any more; `cause` is why the server did not, if it said so. */
  readonly onLapsed: (cause: unknown) => void;
}

/** The life of one session. */
export class SessionLife {
  /** Keeps the session; undefined without a grace. */
  readonly #grace: Keeper | undefined;
  /**
   * Keeps what it holds; undefined where the server vouches for that as long as it lives. It stands still
   * from a lapse to the next proof.
   */
  readonly #validity: Keeper | undefined;
  readonly #graceMs: number | undefined;
  readonly #validForMs: number | undefined;
  readonly #pilot: () => Pilot | undefined;
  #isOver = false;

  constructor({ grace, validFor }: HelloAnswer, options: SessionLifeOptions) {
    const { sentMs, clock, pilot, prove, warn, onOver, onLapsed } = options;
    this.#graceMs = grace;
    this.#validForMs = validFor;
    this.#pilot = pilot;
    const keeper = (kept: Kept, ttlMs: number | undefined, lose: (cause: unknown) => void) =>
      ttlMs === undefined ? undefined : new Keeper({ ttlMs, renew: true }, {
        sinceMs: sentMs,
        clock,
        actions: {
          renew: prove,
          warn,
          confirmedMs: () => pilot()?.confirmedMs(kept) ?? -Infinity,
          lose: (_reason, cause) => lose(cause),
        },
      });
    this.#grace = keeper("session", grace, onOver);
    this.#validity = keeper("validity", validFor, onLapsed);
  }

  /** How long the session surely lives, in milliseconds. What is due is done by the call. */
  get graceMs(): number {
    return remainingOf(this.#grace);
  }

  /** How long its locks are surely its own, in milliseconds. What is due is done by the call. */
  get validMs(): number {
    const validMs = remainingOf(this.#validity);
    if (validMs > 0 && !this.#isOver) this.#validity?.resume();
    return validMs;
  }

  /**
   * A sign of life was given that was asked for at `sentMs`; the server vouches for the locks for so long.
   */
  proved(sentMs: number, validFor: number = 0): void {
    this.#grace?.renewed(sentMs);
    // As if it had been sent earlier, where the server vouches for less than at first.
    this.#validity?.renewed(sentMs + validFor - this.#validForMs!);
    void this.validMs;
  }

  /** Has the pilot of a new connection give signs of life. */
  confide(): void {
    const pilot = this.#pilot();
    if (this.#graceMs !== undefined) pilot?.keep("session", this.#graceMs);
    if (this.#validForMs !== undefined) pilot?.keep("validity", this.#validForMs);
  }

  /** Takes note of what a pilot did, which will not be known later. */
  look(): void {
    this.#grace?.look();
    this.#validity?.look();
  }

  /** The session has ended. */
  stop(): void {
    this.#isOver = true;
    this.#grace?.stop();
    this.#validity?.stop();
  }
}

function remainingOf(keeper: Keeper | undefined): number {
  const remainingMs = keeper?.remainingMs ?? Infinity;
  if (remainingMs === 0) keeper!.wake();
  return remainingMs;
}
