/**
 * A lock with what only its session may do to it.
 *
 * ```text
 * HELD      → RELEASING [release]                     the server was asked to end it
 * HELD      → LOST      [lose, #over, lapse]          the signal is aborted: the lock's own end, or that of its session, or of what its server vouches for
 * HELD      → RELEASED  [withdrawn]                   a cancel gave it back before anybody saw it
 * RELEASING → RELEASED  [#release]                    the answer came, or the session ended
 * RELEASING → HELD      [#release]                    the server could not do it: release may be called again
 * ```
 *
 * The keeper works while it is HELD, and then only.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import { ConnectionError, LockError, LockLostError } from "./errors.ts";
import { Keeper } from "./keeper.ts";
import type { ConvertOptions, Lock, LockListeners } from "./lock.ts";
import type { LockOptions, LockRequests } from "./lock_requests.ts";
import type {
  ConvertAnswer,
  GrantAnswer,
  Guarantee,
  LossReason,
  Party,
  ValueBlock,
} from "./protocol/messages.ts";
import type { Mode, ModeName } from "./protocol/modes.ts";

/** A {@link Lock}, and the handle that its session has on it. */
export class SessionLock implements Lock {
  readonly name: string;
  readonly names: readonly string[];
  readonly guarantee: Guarantee;
  readonly id: number;
  readonly values: ReadonlyMap<string, ValueBlock>;
  readonly #requests: LockRequests;
  readonly #clock: Clock;
  readonly #listeners: LockListeners;
  readonly #keeper: Keeper;
  readonly #controller = new AbortController();
  readonly #tokens: Map<string, number>;
  #mode: Mode;
  #expires: number | undefined;
  #held = true;
  /** Lost by our own clock: the server may still hold it for us. */
  #isForsaken = false;
  #released: Promise<void> | undefined;

  constructor(grant: GrantAnswer, { requests, clock, life, sinceMs, listeners }: LockOptions) {
    this.name = grant.name;
    this.#tokens = new Map((grant.all ?? [grant]).map(({ name, token }) => [name, token]));
    this.names = [...this.#tokens.keys()];
    this.values = new Map(
      (grant.all ?? [grant]).flatMap(({ name, value }) =>
        value === undefined ? [] : [[name, value] as const]
      ),
    );
    this.guarantee = grant.guarantee;
    this.id = grant.lock;
    this.#mode = grant.mode;
    this.#expires = grant.expires;
    this.#requests = requests;
    this.#clock = clock;
    this.#listeners = listeners;
    const actions = {
      renew: () => this.#renew(undefined),
      warn: () => this.#warn(),
      confirmedMs: () => requests.confirmedMs(this.id),
      lose: (reason: LossReason, cause: unknown) => this.#over(reason, cause),
    };
    this.#keeper = new Keeper(life, { sinceMs, clock, actions });
  }

  get mode(): Mode {
    return this.#mode;
  }

  get token(): number {
    return this.#tokens.get(this.name)!;
  }

  get tokens(): ReadonlyMap<string, number> {
    return this.#tokens;
  }

  get value(): ValueBlock | undefined {
    return this.values.get(this.name);
  }

  get expires(): number | undefined {
    return this.#expires;
  }

  get held(): boolean {
    // The timers may be late where the program left no time for them.
    if (this.#held && this.#keeper.remainingMs === 0) this.#keeper.wake();
    if (this.#held && this.#requests.sessionRemainingMs() === 0) this.lapse(undefined);
    return this.#held;
  }

  /** The life that renewals give it, when the client makes them; undefined when it does not. */
  get renewedLifeMs(): number | undefined {
    return this.#held ? this.#keeper.renewedLifeMs : undefined;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  remaining(): number {
    return this.held ? Math.min(this.#keeper.remainingMs, this.#requests.sessionRemainingMs()) : 0;
  }

  assertHeld(): void {
    if (this.held) return;
    throw this.signal.aborted ? this.signal.reason : new LockError({
      code: "NOT_HELD",
      message: `Cannot go on with ${this.name}: it was released`,
    });
  }

  async convert(mode: ModeName, { wait, signal }: ConvertOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    this.assertHeld();
    const onDone = (answer: ConvertAnswer) => {
      this.#mode = answer.mode;
      this.#tokens.set(this.name, answer.token);
    };
    try {
      await this.#requests.convert({ lock: this.id, mode, wait }, onDone, signal);
    } catch (error) {
      throw this.#refusal(error);
    }
  }

  async renew(ttl?: number): Promise<void> {
    this.assertHeld();
    await this.#renew(ttl);
  }

  async verify(): Promise<boolean> {
    if (!this.held) return false;
    try {
      await this.#requests.verify(this.id);
      return this.held;
    } catch (error) {
      if (error instanceof LockError && error.code === "NOT_HELD") return false;
      throw error;
    }
  }

  async setValue(text: string): Promise<void> {
    this.assertHeld();
    await this.#requests.setValue(this.id, text);
  }

  release(): Promise<void> {
    if (this.#released === undefined) {
      this.#released = this.held ? this.#release() : this.#releaseLost();
      // Whoever does not wait for the release does not care how it ends.
      this.#released.catch(() => {});
    }
    return this.#released;
  }

  toJSON(): ReturnType<Lock["toJSON"]> {
    const { names, mode, token, guarantee, held, expires } = this;
    return { names, mode, token, guarantee, held, expires };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.release();
    } catch (error) {
      if (!(error instanceof LockError)) throw error;
      // A loss was told by the signal.
      if (!(error instanceof LockLostError)) this.#requests.releaseFailed(this, error);
    }
  }

  /** The lock ended on the other side. Does nothing when it is being or was released. */
  lose(reason: LossReason, cause?: unknown): void {
    this.#isForsaken = false;
    if (!this.#held) return;
    this.#held = false;
    this.#keeper.stop();
    this.#controller.abort(new LockLostError(this, reason, cause));
  }

  /**
   * The server does not vouch for it any more, and may come to think that it is held all the same: it is
   * given back.
   */
  lapse(cause: unknown): void {
    if (!this.#held) return;
    this.#over("store", cause);
    void this.release();
  }

  /** A cancel gave the lock back. */
  withdrawn(): void {
    this.#isForsaken = false;
    if (!this.#held) return;
    this.#held = false;
    this.#keeper.stop();
    this.#released = Promise.resolve();
  }

  /** Takes note of what a pilot did for it, which will not be known later. */
  look(): void {
    this.#keeper.look();
  }

  /** The server says that the lock will end soon. */
  expiring(): void {
    if (this.#held) this.#keeper.expiring();
  }

  /** Its session will end soon, unless something is heard of the server. */
  sessionExpiring(): void {
    if (this.#held) this.#warn();
  }

  /** The server says that somebody waits for what the lock holds. */
  yieldTo(by: Party): void {
    const { onYield } = this.#listeners;
    if (this.#held && onYield !== undefined) queueMicrotask(() => onYield(this, by));
  }

  #warn(): void {
    const { onExpiring } = this.#listeners;
    if (onExpiring !== undefined) queueMicrotask(() => onExpiring(this));
  }

  /** The lock ended by our own clock. */
  #over(reason: LossReason, cause: unknown): void {
    this.lose(reason, cause);
    this.#isForsaken = true;
    this.#requests.abandon(this.id);
  }

  async #renew(ttl: number | undefined): Promise<void> {
    const sentMs = this.#clock.now();
    const asked = this.#keeper.renewing(ttl);
    try {
      await this.#requests.renew({ lock: this.id, ttl }, ({ expires, expiresIn }) => {
        if (!this.#held) return;
        this.#expires = expires;
        this.#keeper.renewed(sentMs, { ttlMs: ttl, leftMs: expiresIn, asked });
        const lifeMs = ttl === undefined ? undefined : this.renewedLifeMs;
        if (lifeMs !== undefined) this.#requests.lifeChanged(this.id, lifeMs);
      });
    } catch (error) {
      this.#keeper.notRenewed(error, asked);
      throw this.#refusal(error);
    }
  }

  /**
   * What an error of a request says about the lock: without a lock at the server it is lost, if it was not
   * given back.
   */
  #refusal(error: unknown): unknown {
    if (!(error instanceof LockError) || error.code !== "NOT_HELD") return error;
    this.lose("expired", error);
    return this.signal.aborted ? this.signal.reason : error;
  }

  async #release(): Promise<void> {
    this.#held = false;
    this.#keeper.stop();
    try {
      await this.#requests.release(this.id);
    } catch (error) {
      // Gone before the release came, or with the session: either way it is not held, which is what was
      // wanted.
      if (error instanceof ConnectionError || (error instanceof LockError && error.code === "NOT_HELD")) {
        return;
      }
      this.#held = true;
      this.#released = undefined;
      this.#keeper.resume();
      throw error;
    }
  }

  async #releaseLost(): Promise<void> {
    // The server may not think that it is over: its holder is done, so that others need not wait until it
    // does.
    if (this.#isForsaken) {
      await this.#requests.release(this.id).catch((error) => {
        if (!(error instanceof LockError)) throw error;
      });
    }
    throw this.signal.reason;
  }
}
