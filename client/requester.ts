/**
 * Whoever asks for locks: acquire, try, hold while something runs.
 *
 * @module
 */
import { ConnectionError, LockError, LockTimeoutError } from "./errors.ts";
import type { Lock, LockListeners } from "./lock.ts";
import type { Presence } from "./presence.ts";
import type { Labels } from "./protocol/messages.ts";
import type { ModeName } from "./protocol/modes.ts";
import type { Session } from "./session.ts";
import type { Handling, Wish } from "./session_locks.ts";
import type { WaitOptions } from "./waiters.ts";

/** How to ask for a lock. */
export interface AcquireOptions extends LockListeners {
  /** Default `EX`. */
  readonly mode?: ModeName | undefined;
  /** Milliseconds until the server gives up: 0 = try once, absent = wait for ever. */
  readonly wait?: number | undefined;
  /** Why, for people who wait for it: at most 256 bytes. */
  readonly reason?: string | undefined;
  /**
   * Words for people and their tools, shown wherever the lock is: at most 8, names and values at most 64
   * bytes each.
   */
  readonly labels?: Labels | undefined;
  /** The flow of control that asks, 1 to 64 bytes: see `Client.owner`. */
  readonly owner?: string | undefined;
  /**
   * The lock ends so many milliseconds after its last renewal, 100 to 366 days. Absent: it ends with the
   * connection only.
   */
  readonly ttl?: number | undefined;
  /**
   * False: a lock with a `ttl` is renewed by calls of `lock.renew` alone. Otherwise the client does it,
   * whenever a third of the `ttl` has gone by.
   */
  readonly renew?: boolean | undefined;
  /** The lock ends so many milliseconds after its grant, renewed or not, 100 to 366 days. */
  readonly maxHold?: number | undefined;
  /** Ends the wait, and nothing else: a lock that was granted is not touched by it. */
  readonly signal?: AbortSignal | undefined;
}

/** How to try for a lock: an acquire that never waits. */
export type TryOptions = Omit<AcquireOptions, "wait">;

/** What runs while a lock is held. */
type Body<T> = (lock: Lock) => T | PromiseLike<T>;

/** What all requests of a requester share, unless they say otherwise. */
export interface RequestDefaults {
  readonly owner?: string | undefined;
  readonly reason?: string | undefined;
  readonly labels?: Labels | undefined;
}

/** Asks for locks: a client, or one flow of control in it (see `Client.owner`). */
export class Requester {
  readonly #presence: Presence;
  readonly #defaults: RequestDefaults;

  /** @internal Made by clients. */
  constructor(presence: Presence, defaults: RequestDefaults) {
    this.#presence = presence;
    this.#defaults = defaults;
  }

  /**
   * Waits for a lock: of one name, or of several, which are granted all or none and are one lock.
   *
   * When the server leaves service or the session ends while it waits, it waits on in the next session, at
   * the end of the queue there; `wait` goes on counting.
   *
   * ```ts ignore
   * await using lock = await client.acquire("invoice/42", { mode: "PR", wait: 5_000 });
   * await db.query(sql, [lock.token]);
   * ```
   *
   * @throws {LockTimeoutError} when `wait` ran out.
   * @throws {ConnectionError} when no server could be reached for the client's `connectTimeoutMs`, or the
   *   client was closed.
   * @throws {LockError} when it was refused otherwise: `BUSY`, `DEADLOCK`, `QUEUE_FULL`, `BAD_REQUEST` for a
   *   bad name, …
   * @throws {LockLostError} when it was granted, but its `ttl` ran out on the way.
   * @throws the reason of `signal`, once the server confirmed that nothing is left of the wait.
   */
  async acquire(names: string | readonly string[], options: AcquireOptions = {}): Promise<Lock> {
    const { mode, wait, ttl, maxHold, signal, onYield, onExpiring } = options;
    const { owner, reason, labels } = this.#defaults;
    const wish = {
      mode,
      wait,
      reason: options.reason ?? reason,
      labels: options.labels ?? labels,
      owner: options.owner ?? owner,
      ttl,
      maxHold,
      yield: onYield && true,
    };
    return await this.#acquire(
      typeof names === "string" ? { name: names, ...wish } : { names, ...wish },
      { signal, renew: options.renew ?? true, listeners: { onYield, onExpiring } },
    );
  }

  /**
   * Like {@link acquire}, but never waits: null when somebody else holds or waits for the lock in a
   * conflicting mode.
   *
   * ```ts ignore
   * await using lock = await client.tryAcquire(["a", "b"]);
   * if (lock === null) return;
   * ```
   *
   * @throws like {@link acquire}.
   */
  async tryAcquire(names: string | readonly string[], options: TryOptions = {}): Promise<Lock | null> {
    try {
      return await this.acquire(names, { ...options, wait: 0 });
    } catch (error) {
      if (error instanceof LockError && error.code === "BUSY") return null;
      throw error;
    }
  }

  /** Holds a lock while `body` runs, and gives its result. See the other form. */
  request<T>(names: string | readonly string[], body: Body<T>): Promise<Awaited<T>>;
  /**
   * Holds a lock while `body` runs, releases it, and gives the result of `body`. An error of `body` is never
   * hidden by what the release meets.
   *
   * ```ts ignore
   * const total = await client.request("invoice/42", { wait: 30_000, reason: "rebill" }, async (lock) => {
   *   const response = await fetch(url, { signal: lock.signal, headers: { "Fencing-Token": String(lock.token) } });
   *   return await response.json();
   * });
   * ```
   *
   * @throws {LockLostError} when `body` succeeded but the lock was lost before it ended: its work was not
   *   guarded to the end.
   * @throws like {@link acquire}.
   */
  request<T>(names: string | readonly string[], options: AcquireOptions, body: Body<T>): Promise<Awaited<T>>;
  async request<T>(
    names: string | readonly string[],
    ...rest: [Body<T>] | [AcquireOptions, Body<T>]
  ): Promise<Awaited<T>> {
    const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest;
    const lock = await this.acquire(names, options);
    let result: Awaited<T>;
    try {
      result = await body(lock);
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw error;
    }
    await lock.release();
    return result;
  }

  /** Asks in one session after the other, until one of them decides. */
  async #acquire(wish: Wish, handling: Handling): Promise<Lock> {
    const { clock } = this.#presence;
    const startMs = clock.now();
    const turn = this.#presence.nextTurn();
    const waitMs = wish.wait ?? Infinity;
    for (let moves = 0;; moves++) {
      const leftMs = Math.max(0, waitMs - (clock.now() - startMs));
      // With a session there is nothing to wait for: requests go out in the order in which they were made.
      const session = this.#presence.current ??
        await this.#session({ signal: handling.signal, turn, limitMs: waitMs > 0 ? leftMs : Infinity });
      // A wait that began elsewhere goes on here.
      const wait = moves === 0 || waitMs === Infinity ? wish.wait : Math.ceil(leftMs);
      try {
        return await session.locks.acquire({ ...wish, wait }, handling);
      } catch (error) {
        if (wait === 0 && waitMs > 0 && error instanceof LockError && error.code === "BUSY") {
          throw new LockTimeoutError({ ...error, code: "TIMEOUT", message: error.message });
        }
        if (!this.#movesOn(session, error)) throw error;
      }
    }
  }

  /** The session to ask, within what is left of the wait. */
  async #session({ limitMs, ...rest }: WaitOptions): Promise<Session> {
    const untilMs = this.#presence.clock.now() + limitMs;
    try {
      // A wait that is no number is refused by name before anything is sent.
      return await this.#presence.session({ ...rest, limitMs: Number.isNaN(limitMs) ? Infinity : limitMs });
    } catch (error) {
      const isTooLate = error instanceof ConnectionError && this.#presence.clock.now() >= untilMs;
      if (!isTooLate) throw error;
      throw new LockTimeoutError({ code: "TIMEOUT", message: error.message, cause: error });
    }
  }

  /**
   * True when the request was decided by the end of its session, or of its server, and another one can be
   * asked.
   */
  #movesOn(session: Session, error: unknown): boolean {
    if (!(error instanceof LockError) || !this.#presence.hasLeft(session)) return false;
    return error.code === "DRAINING" || (error instanceof ConnectionError && session.end !== undefined);
  }
}
