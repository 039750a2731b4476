/**
 * The seam between a lock and its session.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import type { LockError } from "./errors.ts";
import type { Life } from "./keeper.ts";
import type { Lock, LockListeners } from "./lock.ts";
import type { ConvertAnswer, RenewAnswer } from "./protocol/messages.ts";
import type { ModeName } from "./protocol/modes.ts";

/** What a lock asks of its session. Rejected with `NOT_HELD` when the server knows no such lock. */
export interface LockRequests {
  release(lock: number): Promise<unknown>;
  verify(lock: number): Promise<unknown>;
  setValue(lock: number, value: string): Promise<unknown>;
  /** How long the session surely lives, in milliseconds; what is due in it is done by the call. */
  sessionRemainingMs(): number;
  /** When the last renewal that a pilot made for the lock was sent; -Infinity when none was. */
  confirmedMs(lock: number): number;
  /** The lock lives as long from now on, by each renewal. */
  lifeChanged(lock: number, lifeMs: number): void;
  /** The lock is lost by our own clock: nobody renews it any more. */
  abandon(lock: number): void;
  /** A lock was disposed of, and its release failed. */
  releaseFailed(lock: Lock, error: LockError): void;
  /** Calls `onDone` at the moment that the answer comes. */
  convert(
    wish: { readonly lock: number; readonly mode: ModeName; readonly wait: number | undefined },
    onDone: (answer: ConvertAnswer) => void,
    signal: AbortSignal | undefined,
  ): Promise<void>;
  /** Calls `onDone` at the moment that the answer comes. */
  renew(
    wish: { readonly lock: number; readonly ttl: number | undefined },
    onDone: (answer: RenewAnswer) => void,
  ): Promise<void>;
}

/** What a lock is made of, beside its grant. */
export interface LockOptions {
  readonly requests: LockRequests;
  readonly clock: Clock;
  readonly life: Life;
  /** By the clock: the grant was not earlier. */
  readonly sinceMs: number;
  readonly listeners: LockListeners;
}
