/**
 * Keeps something that ends by itself, a lock or a whole session: renews it in time, warns of its end, and
 * declares it lost before the server may give it away, whatever comes or does not come from there.
 *
 * A life is counted from the moment when the request that began it was *sent*: the server began to count
 * later, so it ends its count later. It is cut short by a margin for clocks that run at different speeds, and
 * for the holder to stop.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import { LockError } from "./errors.ts";
import { LIFE_MS_MIN } from "./protocol/limits.ts";
import type { LossReason } from "./protocol/messages.ts";

/** Of a life: by how much two clocks may differ in it. Each may be wrong by one in a hundred. */
const DRIFT = 0.02;
/** Of a life, and in milliseconds: how long a holder has to stop, at most. */
const STOP = 0.03;
const STOP_MS_MAX = 1_000;

/** What a keeper may do to what it keeps. */
export interface KeeperActions {
  /** Asks the server for another life, and tells {@link Keeper.renewed}. */
  renew(): Promise<void>;
  /** A third of a life is left. */
  warn(): void;
  /** When the last renewal that somebody else made for it was sent; -Infinity or absent when nobody does. */
  confirmedMs?(): number;
  /** It is over, as far as this client can know. */
  lose(reason: LossReason, cause: unknown): void;
}

/** How long it lives. */
export interface Life {
  /** Milliseconds from the grant or the last renewal; absent: no end by silence. */
  readonly ttlMs?: number | undefined;
  /** Milliseconds from the grant, renewed or not. */
  readonly maxHoldMs?: number | undefined;
  /** False: the program renews, or nobody. */
  readonly renew: boolean;
}

/** One end that it will have. */
interface Deadline {
  sinceMs: number;
  readonly lifeMs: number;
  readonly reason: LossReason;
  isWarned: boolean;
}

/** The keeper of one lock, or of one session. Points in time are those of its clock. */
export class Keeper {
  readonly #clock: Clock;
  readonly #actions: KeeperActions;
  readonly #renews: boolean;
  readonly #hold: Deadline | undefined;
  #lease: Deadline | undefined;
  /**
   * Lives that were asked for: the shortest counts before its answer, whatever else is answered meanwhile.
   */
  readonly #asked = new Set<AskedLife>();
  #renewalMs = Infinity;
  #isRenewing = false;
  /** Why the last renewal failed. */
  #cause: unknown;
  #isStopped = false;
  #disarm = () => {};

  /** Begins to keep. The life began at `sinceMs`, or later. */
  constructor(life: Life, { sinceMs, clock, actions }: KeeperOptions) {
    this.#clock = clock;
    this.#actions = actions;
    this.#renews = life.renew;
    if (life.maxHoldMs !== undefined) this.#hold = deadline(sinceMs, life.maxHoldMs, "max-hold");
    if (life.ttlMs !== undefined) this.#live(sinceMs, life.ttlMs);
    this.#arm();
  }

  /** Milliseconds until it has to be taken for lost; not below 0, infinite when it does not end by itself. */
  get remainingMs(): number {
    this.look();
    const ends = this.#deadlines().map(endOf);
    return Math.max(0, Math.min(...ends) - this.#clock.now());
  }

  /** Its life when it is renewed here; undefined when it is not. */
  get renewedLifeMs(): number | undefined {
    return this.#renews ? this.#lease?.lifeMs : undefined;
  }

  /** Takes note of the renewals that others made. */
  look(): void {
    const confirmedMs = this.#actions.confirmedMs?.() ?? -Infinity;
    const lease = this.#lease;
    if (lease !== undefined && confirmedMs > lease.sinceMs) this.#live(confirmedMs, lease.lifeMs);
  }

  /** A renewal is being sent. Gives what stands for it, if it asks for a life of its own. */
  renewing(ttlMs: number | undefined): AskedLife | undefined {
    // What is no life will not be sent either.
    if (ttlMs === undefined || !(ttlMs >= LIFE_MS_MIN)) return undefined;
    const asked = deadline(this.#clock.now(), ttlMs, "expired");
    this.#asked.add(asked);
    this.#arm();
    return asked;
  }

  /**
   * A renewal that was sent then was done; the server said then, or later, that so much is left before all
   * ends.
   */
  renewed(sentMs: number, { ttlMs, leftMs, asked }: RenewedLife = {}): void {
    if (asked !== undefined) this.#asked.delete(asked);
    this.#cause = undefined;
    const lifeMs = ttlMs ?? this.#lease?.lifeMs;
    // One that went out before a later one was done (it was sent again over another connection) says nothing
    // new.
    const isNews = ttlMs !== undefined || sentMs >= (this.#lease?.sinceMs ?? sentMs);
    if (lifeMs !== undefined && isNews) this.#live(sentMs, lifeMs);
    const hold = this.#hold;
    // The server began to count a hold when it granted the lock, which may have been long before the grant
    // came here.
    if (hold !== undefined && leftMs !== undefined && leftMs < (lifeMs ?? Infinity)) {
      hold.sinceMs = Math.min(hold.sinceMs, sentMs + leftMs - hold.lifeMs);
    }
    this.#arm();
  }

  /** A renewal was not done. */
  notRenewed(cause: unknown, asked?: AskedLife): void {
    if (asked !== undefined) this.#asked.delete(asked);
    this.#cause = cause;
    this.#arm();
  }

  /** The server says that the lock will end soon. */
  expiring(): void {
    this.look();
    const next = this.#deadlines().sort((one, other) => endOf(one) - endOf(other))[0];
    if (next !== undefined) this.#warn(next);
  }

  /** Does what is due: its timer calls it, and whoever finds out that the timer is late. */
  wake(): void {
    if (this.#isStopped) return;
    const now = this.#clock.now();
    this.look();
    const over = this.#deadlines().find((one) => endOf(one) <= now);
    if (over !== undefined) {
      this.stop();
      return this.#actions.lose(over.reason, this.#cause);
    }
    for (const one of this.#deadlines()) if (warningOf(one) <= now) this.#warn(one);
    if (this.#renewalMs <= now && !this.#isRenewing) void this.#renew();
    this.#arm();
  }

  /** Sets no timer any more, until {@link resume}. */
  stop(): void {
    this.#isStopped = true;
    this.#disarm();
  }

  /** Goes on after a {@link stop}. */
  resume(): void {
    this.#isStopped = false;
    this.#arm();
  }

  /** The life began at `sinceMs`: what came before does not count. */
  #live(sinceMs: number, lifeMs: number): void {
    this.#lease = deadline(sinceMs, lifeMs, "expired");
    this.#renewalMs = this.#renews ? sinceMs + lifeMs / 3 : Infinity;
  }

  #deadlines(): Deadline[] {
    return [this.#hold, this.#lease, ...this.#asked].filter((one) => one !== undefined);
  }

  #arm(): void {
    this.#disarm();
    if (this.#isStopped) return;
    const times = this.#deadlines().flatMap((one) =>
      one.isWarned ? [endOf(one)] : [warningOf(one), endOf(one)]
    );
    if (!this.#isRenewing) times.push(this.#renewalMs);
    const next = Math.min(...times);
    if (next === Infinity) return;
    this.#disarm = this.#clock.after(Math.max(0, next - this.#clock.now()), () => this.wake());
  }

  #warn(soon: Deadline): void {
    if (soon.isWarned) return;
    soon.isWarned = true;
    this.#actions.warn();
  }

  /** Never throws: what a failure leads to is an end. */
  async #renew(): Promise<void> {
    const startedMs = this.#clock.now();
    this.#isRenewing = true;
    try {
      await this.#actions.renew();
    } catch (error) {
      if (!(error instanceof LockError)) throw error;
    } finally {
      this.#isRenewing = false;
      // A renewal in vain, or one that brought less than a whole life, leaves time for others.
      if (this.#lease !== undefined) {
        const { sinceMs, lifeMs } = this.#lease;
        this.#renewalMs = startedMs + (sinceMs + lifeMs - startedMs) / 3;
      }
      this.#arm();
    }
  }
}

/** A life that was asked for, and not answered yet. */
export type AskedLife = Deadline;

/** What a renewal brought. */
export interface RenewedLife {
  /** What {@link Keeper.renewing} gave for it. */
  readonly asked?: AskedLife | undefined;
  /** The life from now on, when it is another one. */
  readonly ttlMs?: number | undefined;
  /** Milliseconds until the end, by the server's count. */
  readonly leftMs?: number | undefined;
}

/** How a {@link Keeper} begins. */
export interface KeeperOptions {
  readonly sinceMs: number;
  readonly clock: Clock;
  readonly actions: KeeperActions;
}

function deadline(sinceMs: number, lifeMs: number, reason: LossReason): Deadline {
  return { sinceMs, lifeMs, reason, isWarned: false };
}

function endOf({ sinceMs, lifeMs }: Deadline): number {
  return sinceMs + lifeMs - lifeMs * DRIFT - Math.min(lifeMs * STOP, STOP_MS_MAX);
}

function warningOf({ sinceMs, lifeMs }: Deadline): number {
  return sinceMs + lifeMs * 2 / 3;
}
