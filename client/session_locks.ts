/**
 * The locks of one session: asks for them, hands on what the server says of them, and gives back what nobody
 * wants any more.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import { type ConnectionError, LockError, LockTimeoutError } from "./errors.ts";
import { type Asked, type Exchange, isSettledFirst } from "./exchange.ts";
import type { Lock, LockListeners } from "./lock.ts";
import type { GrantAnswer, HelloAnswer, Labels, Push } from "./protocol/messages.ts";
import type { ModeName } from "./protocol/modes.ts";
import type { LockRequests } from "./lock_requests.ts";
import { SessionLock } from "./session_lock.ts";
import type { Pilot } from "./transport/transport.ts";

/**
 * How long after its end the answer to a wait may come, in milliseconds: a second for the server ([I-17] of
 * `docs/guarantees.md`), and one for the network.
 */
const ANSWER_MS = 2_000;

/** The fields of an acquire; undefined counts as absent. */
export interface Wish {
  readonly name?: string | undefined;
  readonly names?: readonly string[] | undefined;
  readonly mode: ModeName | undefined;
  readonly wait: number | undefined;
  readonly owner: string | undefined;
  readonly reason: string | undefined;
  readonly labels: Labels | undefined;
  readonly ttl: number | undefined;
  readonly maxHold: number | undefined;
  readonly yield: boolean | undefined;
}

/** What becomes of a wish while it waits, and later. */
export interface Handling {
  readonly signal: AbortSignal | undefined;
  /** False: the lock is renewed by its holder alone. */
  readonly renew: boolean;
  readonly listeners: LockListeners;
}

/** What the locks need of their session. */
export interface SessionLocksOptions {
  readonly exchange: Exchange;
  readonly clock: Clock;
  /** Whether requests go out now. */
  readonly isConnected: () => boolean;
  /** Who renews locks when the program has no time; undefined where nobody does. */
  readonly pilot: () => Pilot | undefined;
  /** See `LockRequests`. */
  readonly sessionRemainingMs: () => number;
  /** How long the locks are surely the session's own, in milliseconds; what is due is done by the call. */
  readonly validMs: () => number;
  /** Asks the server to vouch for them. */
  readonly prove: () => Promise<void>;
  /** See `LockRequests`. */
  readonly releaseFailed: (lock: Lock, error: LockError) => void;
}

/** The locks of one session, by their ids. */
export class SessionLocks {
  readonly #exchange: Exchange;
  readonly #clock: Clock;
  readonly #isConnected: () => boolean;
  readonly #pilot: () => Pilot | undefined;
  readonly #validMs: () => number;
  readonly #prove: () => Promise<void>;
  readonly #locks = new Map<number, SessionLock>();
  readonly #requests: LockRequests;

  constructor(options: SessionLocksOptions) {
    const { exchange, clock, isConnected, pilot, sessionRemainingMs, releaseFailed } = options;
    this.#validMs = options.validMs;
    this.#prove = options.prove;
    this.#exchange = exchange;
    this.#clock = clock;
    this.#isConnected = isConnected;
    this.#pilot = pilot;
    this.#requests = {
      release: (lock) => this.#release(lock),
      verify: (lock) => this.#forgetting(lock, exchange.ask("verify", { lock })),
      setValue: (lock, value) => this.#forgetting(lock, exchange.ask("set", { lock, value })),
      convert: (wish, onDone, signal) =>
        this.#convert(exchange.send("convert", wish, onDone), { waitMs: wish.wait, signal }, wish.lock),
      abandon: (lock) => pilot()?.drop(lock),
      renew: (wish, onDone) => this.#forgetting(wish.lock, exchange.send("renew", wish, onDone).answer),
      confirmedMs: (lock) => pilot()?.confirmedMs(lock) ?? -Infinity,
      lifeChanged: (lock, lifeMs) => pilot()?.keep(lock, lifeMs),
      sessionRemainingMs,
      releaseFailed,
    };
  }

  /** How many locks there are, those that are being released too. */
  get size(): number {
    return this.#locks.size;
  }

  /**
   * Asks for a lock. An abort of the signal ends the wait, and the promise is rejected with the signal's
   * reason only after the server confirmed that nothing is left of the request; a lock that was granted
   * meanwhile is given back. While there is no connection the promise is rejected at once, and the server is
   * told when there is one again.
   *
   * @throws {LockTimeoutError} also when the wait is over and nothing is heard of the server; it is told
   *   later that nobody wants the lock.
   */
  async acquire(wish: Wish, { signal, renew, listeners }: Handling): Promise<SessionLock> {
    signal?.throwIfAborted();
    const { ttl: ttlMs, maxHold: maxHoldMs } = wish;
    const sentMs = this.#clock.now();
    let isLate = false;
    const { id, answer } = this.#exchange.send("acquire", wish, (grant: GrantAnswer) => {
      const nowMs = this.#clock.now();
      isLate = nowMs - sentMs > Math.min(ttlMs ?? Infinity, maxHoldMs ?? Infinity) / 3 ||
        this.#validMs() === 0;
      const lock = new SessionLock(grant, {
        requests: this.#requests,
        clock: this.#clock,
        life: { ttlMs, maxHoldMs, renew },
        sinceMs: isLate ? nowMs : sentMs,
        listeners,
      });
      this.#locks.set(lock.id, lock);
      this.#pilotLock(lock);
      return lock;
    });
    // After a wait nobody here knows how long the grant was on its way. A renewal has a beginning that is
    // known, and tells what is left.
    const confirmed = answer.then((lock) => isLate ? this.#confirmed(lock) : lock);
    const end = await this.#endOf(confirmed, { waitMs: wish.wait, signal });
    if (end === undefined) return await confirmed;
    const withdrawn = this.#withdraw({ id, answer: confirmed });
    if (end.isAnswered) await withdrawn;
    throw end.reason;
  }

  /** Gives all locks back with one request. Gives how many locks there were at the server. */
  releaseAll(): Promise<number> {
    // At the moment of the answer: what was granted before it, and asked for before the request, was given
    // back too ([P-45]).
    const { id: request, answer } = this.#exchange.send("releaseAll", {}, ({ released }) => {
      for (const lock of [...this.#locks.values()].filter(({ id }) => id < request)) {
        lock.withdrawn();
        this.#forget(lock.id);
      }
      return released;
    });
    return answer;
  }

  /** The server says something of a lock. */
  onPush(push: Push & { readonly lock: number }): void {
    const lock = this.#locks.get(push.lock);
    switch (push.push) {
      case "lost":
        lock?.lose(push.reason);
        this.#forget(push.lock);
        break;
      case "expiring":
        lock?.expiring();
        break;
      case "yield":
        lock?.yieldTo(push.by);
        break;
    }
  }

  /** The session was gone on with: what the server does not know any more has ended. */
  onResumed({ locks: held = [], waiting = [], lost = [] }: HelloAnswer): void {
    const living = new Set([...held.map(({ lock }) => lock), ...waiting]);
    for (const [id, lock] of this.#locks) {
      // One whose release is on its way stays until that is answered.
      if (living.delete(id) || !lock.held) continue;
      lock.lose(lost.find(({ lock }) => lock === id)?.reason ?? "session");
      this.#forget(id);
    }
    // Refused while the server could not know what had become of it: nobody wants it.
    for (const request of living) {
      if (!this.#exchange.has(request)) this.#exchange.ask("cancel", { request }).catch(() => {});
    }
    for (const lock of this.#locks.values()) this.#pilotLock(lock);
  }

  /** The connection is lost, and with it what its pilot knows. */
  onDetached(): void {
    for (const lock of this.#locks.values()) lock.look();
  }

  /** The session will end soon, unless something is heard of the server. */
  warn(): void {
    for (const lock of this.#locks.values()) lock.sessionExpiring();
  }

  /** Nobody vouches for the locks any more. */
  lapse(cause: unknown): void {
    for (const lock of this.#locks.values()) lock.lapse(cause);
  }

  /** The session has ended. */
  loseAll(error: ConnectionError): void {
    for (const lock of this.#locks.values()) lock.lose("session", error);
    this.#locks.clear();
  }

  /** Has the pilot renew a lock that the client renews. */
  #pilotLock(lock: SessionLock): void {
    const lifeMs = lock.renewedLifeMs;
    if (lifeMs !== undefined) this.#pilot()?.keep(lock.id, lifeMs);
  }

  /** A lock has ended. */
  #forget(lock: number): void {
    this.#locks.delete(lock);
    this.#pilot()?.drop(lock);
  }

  /**
   * Waits for the answer to a request that waits at the server; gives undefined when it came, else why nobody
   * waits for it any more, and whether the server can be expected to answer what is asked next.
   */
  async #endOf(
    answer: Promise<unknown>,
    { waitMs, signal }: { readonly waitMs: number | undefined; readonly signal: AbortSignal | undefined },
  ): Promise<{ readonly reason: unknown; readonly isAnswered: boolean } | undefined> {
    const overdue = new AbortController();
    const message = `Cannot lock: nothing was heard of the server for the wait of ${waitMs} ms`;
    const stop = waitMs === undefined
      ? () => {}
      : this.#clock.after(waitMs + ANSWER_MS, () =>
        overdue.abort(new LockTimeoutError({ code: "TIMEOUT", message })));
    try {
      if (await isSettledFirst(answer, signal, waitMs === undefined ? undefined : overdue.signal)) {
        return undefined;
      }
    } finally {
      stop();
    }
    if (signal?.aborted) return { reason: signal.reason, isAnswered: this.#isConnected() };
    return { reason: overdue.signal.reason, isAnswered: false };
  }

  async #release(lock: number): Promise<void> {
    try {
      await this.#exchange.ask("release", { lock });
    } finally {
      this.#forget(lock);
    }
  }

  /** A conversion that was done before its cancel came is done. */
  async #convert(
    asked: Asked<void>,
    limits: { readonly waitMs: number | undefined; readonly signal: AbortSignal | undefined },
    lock: number,
  ): Promise<void> {
    const end = await this.#endOf(asked.answer, limits);
    if (end === undefined) return await this.#forgetting(lock, asked.answer);
    const withdrawn = this.#exchange.withdraw(asked);
    if (!end.isAnswered || (await withdrawn).result.status === "rejected") throw end.reason;
  }

  /** Makes sure that an acquire neither is nor becomes a lock. */
  async #withdraw(asked: Asked<SessionLock>): Promise<void> {
    const { cancel, result } = await this.#exchange.withdraw(asked);
    this.#forget(asked.id);
    if (result.status === "rejected") return;
    // A lock that was granted before the cancel came was released by it.
    if (cancel.status === "fulfilled") result.value.withdrawn();
    else await result.value[Symbol.asyncDispose]();
  }

  /** The answer; a lock that it says is not held will not be heard of again. */
  async #forgetting<T>(lock: number, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof LockError && error.code === "NOT_HELD") this.#forget(lock);
      throw error;
    }
  }

  /** The lock, once a renewal showed that it is still there, and the server vouches for it. */
  async #confirmed(lock: SessionLock): Promise<SessionLock> {
    try {
      if (this.#validMs() === 0) await this.#prove();
      await lock.renew();
      return lock;
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw error;
    }
  }
}
