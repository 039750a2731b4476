/**
 * The locks of DoubleDutch clients: HTTP locks that are found by name and key.
 *
 * @module
 */
import type { DutchLock } from "../dialect/double_dutch.ts";
import { Refusal } from "../dialect/rest_problem.ts";
import type { Clock } from "../base/clock.ts";
import type { Caller, HttpClient } from "./callers.ts";
import type { HttpLock, HttpLocks } from "./http_locks.ts";
import { isSameText } from "./lock_keys.ts";

/** What a DoubleDutch client asks for. */
export interface DutchWish {
  readonly name: string;
  readonly lifetimeMs: number;
  readonly timeoutMs: number;
}

/** The locks of DoubleDutch clients at one daemon. */
export class DutchLocks {
  readonly #locks: HttpLocks;
  readonly #clock: Clock;
  /** What is held, by its name: it is held in EX, so there is one. */
  readonly #held = new Map<string, HttpLock>();

  constructor(locks: HttpLocks, clock: Clock) {
    this.#locks = locks;
    this.#clock = clock;
  }

  /** Asks for a lock; its key when it is held. Rejects with a {@link Refusal}. */
  async get(
    { name, lifetimeMs, timeoutMs }: DutchWish,
    client: HttpClient & { readonly signal: AbortSignal },
  ): Promise<{
    readonly key: string;
    readonly lock: HttpLock;
  }> {
    const wish = { names: [name], mode: "EX", waitMs: timeoutMs, ttlMs: lifetimeMs } as const;
    let hasEnded = false;
    const onEnd = () => {
      hasEnded = true;
      if (this.#held.get(name) === held.lock) this.#held.delete(name);
    };
    const held: { lock?: HttpLock } = {};
    const lock = held.lock = await this.#locks.acquire({ wish }, { ...client, onEnd });
    if (!hasEnded) this.#held.set(name, lock);
    return { key: this.#locks.keyOf(lock), lock };
  }

  /**
   * Gives a lock back. Rejects with a {@link Refusal} when that is no key to it, or it is another caller's.
   */
  async release(
    { name, key }: { readonly name: string; readonly key: string },
    caller: Caller,
  ): Promise<void> {
    const held = this.#held.get(name);
    const lock = held?.session.belongsTo(caller) ? held : undefined;
    // Compared in any case: how long it takes tells nothing.
    const fits = isSameText(lock ? this.#locks.keyOf(lock) : name, key);
    if (!lock || !fits) {
      throw new Refusal({
        code: "NOT_HELD",
        message: `Cannot release ${name}: nobody holds it with that key`,
      });
    }
    await this.#locks.release(lock);
  }

  /** Gives a lock back whose key did not reach its client. */
  unsent(lock: HttpLock): void {
    this.#locks.unsent(lock);
  }

  /** What is held, of the names that the caller may read; of keys, those of its own. */
  list({ withKeys }: { readonly withKeys: boolean }, caller: Caller): DutchLock[] {
    const wallMs = this.#clock.wallMs();
    return [...this.#held].flatMap(([lockname, lock]) => {
      if (!caller.allows("read", lockname)) return [];
      const isTold = withKeys && lock.session.belongsTo(caller);
      const { expires } = lock.session.holding(lock.request) ?? {};
      if (expires === undefined) return [];
      const remaining = Math.max(0, Math.ceil((expires - wallMs) / 1_000));
      return { lockname, sessiontoken: isTold ? this.#locks.keyOf(lock) : "", remaining };
    });
  }
}
