/**
 * What a program does with locks: acquire, try, hold while something runs, look who holds.
 *
 * @module
 */
import { type ConnectionError, LockError } from "./errors.ts";
import type { Lock } from "./lock.ts";
import type { Guarantee, HelloAnswer, ListAnswer, NameState, WhoAnswer } from "./protocol/messages.ts";
import type { ModeName } from "./protocol/modes.ts";
import type { OpenSession, Session } from "./session.ts";

/** How to ask for a lock. */
export interface AcquireOptions {
  /** Default `EX`. */
  readonly mode?: ModeName | undefined;
  /** Milliseconds until the server gives up: 0 = try once, absent = wait for ever. */
  readonly wait?: number | undefined;
  /** Why, for people who wait for it: at most 256 bytes. */
  readonly reason?: string | undefined;
  /** Ends the wait, and nothing else: a lock that was granted is not touched by it. */
  readonly signal?: AbortSignal | undefined;
}

/** How to try for a lock: an acquire that never waits. */
export type TryOptions = Omit<AcquireOptions, "wait">;

/** Which names to list. */
export interface ListOptions {
  /** Only names that begin so. */
  readonly prefix?: string | undefined;
}

/** Who holds and who waits for a name. */
export type NameReport = Omit<WhoAnswer, "id" | "ok">;

/**
 * A connection to a daemon, and the session that lives on it: all locks of a client end with it. Made by `connect`.
 *
 * Any number of tasks may share a client. Their requests conflict like those of strangers, also with each other.
 */
export class Client implements AsyncDisposable {
  readonly #session: Session;
  readonly #hello: HelloAnswer;

  /** @internal Clients are made by `connect`. */
  constructor({ session, hello }: OpenSession) {
    this.#session = session;
    this.#hello = hello;
  }

  /** Id of the session, as others see it. It authorises nothing. */
  get session(): string {
    return this.#hello.session;
  }

  /** Where exclusion comes from. */
  get guarantee(): Guarantee {
    return this.#hello.guarantee;
  }

  /** What the daemon calls itself, and its version. */
  get server(): { readonly name: string; readonly version: string } {
    return this.#hello.server;
  }

  /** Resolves when the connection has ended: to null after {@link close}, else to what ended it. Never rejects. */
  get closed(): Promise<ConnectionError | null> {
    return this.#session.closed;
  }

  /**
   * Waits for a lock.
   *
   * @throws {LockTimeoutError} when `wait` ran out.
   * @throws {ConnectionError} when the connection ended.
   * @throws {LockError} when it was refused otherwise: `BUSY`, `QUEUE_FULL`, `BAD_REQUEST` for a bad name, …
   * @throws the reason of `signal`, once the server confirmed that nothing is left of the wait.
   */
  async acquire(name: string, options: AcquireOptions = {}): Promise<Lock> {
    const { mode, wait, reason, signal } = options;
    return await this.#session.acquire({ name, mode, wait, reason }, signal);
  }

  /** Like {@link acquire}, but never waits: null when somebody else holds or waits for the lock in a conflicting mode. */
  async tryAcquire(name: string, options: TryOptions = {}): Promise<Lock | null> {
    try {
      return await this.acquire(name, { ...options, wait: 0 });
    } catch (error) {
      if (error instanceof LockError && error.code === "BUSY") return null;
      throw error;
    }
  }

  /** Holds a lock while `body` runs, and gives its result. See the other form. */
  request<T>(name: string, body: (lock: Lock) => T | PromiseLike<T>): Promise<Awaited<T>>;
  /**
   * Holds a lock while `body` runs, releases it, and gives the result of `body`. An error of `body` is never hidden by what
   * the release meets.
   *
   * @throws {LockLostError} when `body` succeeded but the lock was lost before it ended: its work was not guarded to the end.
   * @throws like {@link acquire}.
   */
  request<T>(
    name: string,
    options: AcquireOptions,
    body: (lock: Lock) => T | PromiseLike<T>,
  ): Promise<Awaited<T>>;
  async request<T>(
    name: string,
    ...rest: [Body<T>] | [AcquireOptions, Body<T>]
  ): Promise<Awaited<T>> {
    const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest;
    const lock = await this.acquire(name, options);
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

  /** Tells who holds and who waits for a name. */
  async who(name: string): Promise<NameReport> {
    const { id: _id, ok: _ok, ...report } = await this.#session.ask("who", { name });
    return report;
  }

  /**
   * Goes through all names that are held or waited for at this daemon, sorted. They are fetched page by page, so a name that
   * comes or goes meanwhile may be missed.
   */
  async *list({ prefix }: ListOptions = {}): AsyncGenerator<NameState, void, undefined> {
    let after: string | null | undefined;
    do {
      const page: ListAnswer = await this.#session.ask("list", { prefix, after });
      yield* page.names;
      after = page.next;
    } while (after !== null);
  }

  /** Ends the connection, and with it all locks and waits of this client. Idempotent; resolves when it has ended. */
  close(): Promise<void> {
    return this.#session.close();
  }

  /** Like {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

type Body<T> = (lock: Lock) => T | PromiseLike<T>;
