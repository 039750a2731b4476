/**
 * Whoever asks for locks: acquire, try, hold while something runs.
 *
 * @module
 */
import { LockError } from "./errors.ts";
import type { Lock, LockListeners } from "./lock.ts";
import type { Labels } from "./protocol/messages.ts";
import type { ModeName } from "./protocol/modes.ts";
import type { Session } from "./session.ts";

/** How to ask for a lock. */
export interface AcquireOptions extends LockListeners {
  /** Default `EX`. */
  readonly mode?: ModeName | undefined;
  /** Milliseconds until the server gives up: 0 = try once, absent = wait for ever. */
  readonly wait?: number | undefined;
  /** Why, for people who wait for it: at most 256 bytes. */
  readonly reason?: string | undefined;
  /** Words for people and their tools, shown wherever the lock is: at most 8, names and values at most 64 bytes each. */
  readonly labels?: Labels | undefined;
  /** The flow of control that asks, 1 to 64 bytes: see `Client.owner`. */
  readonly owner?: string | undefined;
  /** The lock ends so many milliseconds after its last renewal, 100 to 366 days. Absent: it ends with the connection only. */
  readonly ttl?: number | undefined;
  /** False: a lock with a `ttl` is renewed by calls of `lock.renew` alone. Otherwise the client does it, whenever a third of the `ttl` has gone by. */
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

/** Asks for locks: a client, or one flow of control in it (see `Client.owner`). */
export class Requester {
  readonly #session: Session;
  readonly #owner: string | undefined;

  /** @internal Made by clients. */
  constructor(session: Session, owner: string | undefined) {
    this.#session = session;
    this.#owner = owner;
  }

  /**
   * Waits for a lock: of one name, or of several, which are granted all or none and are one lock.
   *
   * @throws {LockTimeoutError} when `wait` ran out.
   * @throws {ConnectionError} when the connection ended.
   * @throws {LockError} when it was refused otherwise: `BUSY`, `DEADLOCK`, `QUEUE_FULL`, `BAD_REQUEST` for a bad name, …
   * @throws {LockLostError} when it was granted, but its `ttl` ran out on the way.
   * @throws the reason of `signal`, once the server confirmed that nothing is left of the wait.
   */
  async acquire(names: string | readonly string[], options: AcquireOptions = {}): Promise<Lock> {
    const { mode, wait, reason, labels, owner = this.#owner, ttl, maxHold, signal, onYield, onExpiring } =
      options;
    const wish = { mode, wait, reason, labels, owner, ttl, maxHold, yield: onYield && true };
    return await this.#session.acquire(
      typeof names === "string" ? { name: names, ...wish } : { names, ...wish },
      { signal, renew: options.renew ?? true, listeners: { onYield, onExpiring } },
    );
  }

  /** Like {@link acquire}, but never waits: null when somebody else holds or waits for the lock in a conflicting mode. */
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
   * Holds a lock while `body` runs, releases it, and gives the result of `body`. An error of `body` is never hidden by what
   * the release meets.
   *
   * @throws {LockLostError} when `body` succeeded but the lock was lost before it ended: its work was not guarded to the end.
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
}
