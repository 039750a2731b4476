/**
 * Those who wait for something to come about, each for its own time.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import { ConnectionError } from "./errors.ts";

interface Waiter<T> {
  readonly turn: number;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

/** How somebody waits. */
export interface WaitOptions {
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Its place among those who wait; last unless given. */
  readonly turn?: number | undefined;
}

/** Those who wait for one thing. */
export class Waiters<T> {
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter<T>>();
  /** Why it did not come about until now. */
  reason: ConnectionError | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Waits for it. Those with a lower turn hear of it first.
   *
   * @throws {ConnectionError} when it did not come within `limitMs`.
   * @throws the reason of `signal`.
   */
  async wait({ limitMs, signal, turn = Infinity }: WaitOptions): Promise<T> {
    let waiter!: Waiter<T>;
    const promise = new Promise<T>((resolve, reject) => waiter = { turn, resolve, reject });
    const cancel = this.#clock.after(limitMs, () => waiter.reject(this.#timeOut(limitMs)));
    const onAbort = () => waiter.reject(signal!.reason);
    signal?.addEventListener("abort", onAbort);
    this.#waiters.add(waiter);
    try {
      return await promise;
    } finally {
      cancel();
      signal?.removeEventListener("abort", onAbort);
      this.#waiters.delete(waiter);
    }
  }

  /** It came about. */
  resolveAll(value: T): void {
    this.reason = undefined;
    const inTurn = [...this.#waiters].sort((one, other) => one.turn < other.turn ? -1 : 1);
    for (const waiter of inTurn) waiter.resolve(value);
  }

  /** It never will. */
  rejectAll(error: ConnectionError): void {
    for (const waiter of this.#waiters) waiter.reject(error);
  }

  #timeOut(limitMs: number): ConnectionError {
    const { code, message } = this.reason ?? {};
    const why = message === undefined ? "" : `: ${message}`;
    const told = `Cannot reach a server: no answer within ${Math.round(limitMs)} ms${why}`;
    return new ConnectionError(told, { ...(code === undefined ? {} : { code }), cause: this.reason });
  }
}

/** Resolves after that time, or when the signal aborts. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const end = () => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    signal.addEventListener("abort", end);
  });
}
