/**
 * The sessions of one daemon: who is here, and to whom an effect of the store belongs.
 *
 * ```text
 *   open ──▶ OPEN ──▶ ENDED      [end]: its connection ended, or the daemon is done with it
 * ```
 *
 * - OPEN: the store knows it; its listener hears of every effect.
 * - ENDED: the store has forgotten it, with its locks and waits; nothing reaches its listener any more.
 *
 * @module
 */
import type { ClientProfile } from "../../client/protocol/messages.ts";
import type { Mode } from "../../client/protocol/modes.ts";
import type { Clock } from "../base/clock.ts";
import type { Effect, ListQuery, SessionId, Store } from "../store/store.ts";

/** Who speaks for a session: it puts effects into the words of its dialect. It must not call back into the session. */
export interface SessionListener {
  /** Something happened to the session. */
  hear(effect: Effect): void;
  /** The daemon leaves service; the connection is closed when the last lock is gone, or in so many ms. */
  drain(closesInMs: number): void;
  /** The daemon is done with the session: say what is left to be said, and hang up. */
  hangUp(): void;
}

/** What the sessions of a daemon stand on. */
export interface SessionsOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Makes an id that was never used and cannot be guessed. */
  readonly newId: () => string;
}

/** Asks for a lock. */
export interface LockWish {
  readonly name: string;
  readonly mode: Mode;
  /** 0 = try once; Infinity = wait for ever. */
  readonly waitMs: number;
  readonly reason: string | undefined;
}

/** One session. Every method but {@link end} is answered by one effect, see `Store`. */
export class Session {
  constructor(
    readonly id: SessionId,
    readonly listener: SessionListener,
    readonly sessions: Sessions,
  ) {}

  /** Asks for a lock, under an id that rises with every acquire of the session. */
  acquire(request: number, wish: LockWish): void {
    this.sessions.acquire(this, request, wish);
  }

  /** Gives the lock back that was granted as `lock`. */
  release(request: number, lock: number): void {
    const { store, clock } = this.sessions;
    store.release(this.id, request, lock, clock.now());
  }

  /** Makes sure that the acquire `target` neither is nor becomes a grant. */
  cancel(request: number, target: number): void {
    const { store, clock } = this.sessions;
    store.cancel(this.id, request, target, clock.now());
  }

  /** Asks who holds and who waits for a name. */
  who(request: number, name: string): void {
    const { store, clock } = this.sessions;
    store.who(this.id, request, name, clock.now());
  }

  /** Asks for the names that are held or waited for. */
  list(request: number, query: ListQuery): void {
    const { store, clock } = this.sessions;
    store.list(this.id, request, query, clock.now());
  }

  /** Ends the session with its locks and waits; harmless when it has ended. */
  end(): void {
    this.sessions.end(this);
  }
}

/** The sessions of one daemon. */
export class Sessions {
  readonly store: Store;
  readonly clock: Clock;
  readonly #newId: () => string;
  readonly #open = new Map<SessionId, Session>();
  #draining = false;

  constructor({ store, clock, newId }: SessionsOptions) {
    this.store = store;
    this.clock = clock;
    this.#newId = newId;
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Whether the daemon leaves service. */
  get draining(): boolean {
    return this.#draining;
  }

  /** Opens a session for a listener; undefined when the daemon takes no more, because it leaves service. */
  open(listener: SessionListener, client: ClientProfile | undefined): Session | undefined {
    if (this.#draining) return undefined;
    const session = new Session(this.#newId() as SessionId, listener, this);
    this.#open.set(session.id, session);
    this.store.openSession(session.id, client, this.clock.now());
    return session;
  }

  /** Takes an effect of the store to the session that it belongs to. */
  readonly deliver = (effect: Effect): void => {
    // A session that ended between the command and a late effect needs no word of it.
    this.#open.get(effect.session)?.listener.hear(effect);
  };

  /** See {@link Session.acquire}. */
  acquire({ id }: Session, request: number, wish: LockWish): void {
    if (this.#draining && !this.store.repeats(id, request)) {
      const message = `Cannot lock ${wish.name}: the daemon leaves service`;
      return this.deliver({ type: "refused", session: id, request, code: "DRAINING", message });
    }
    this.store.acquire({ session: id, request, ...wish }, this.clock.now());
  }

  /** See {@link Session.end}. */
  end({ id }: Session): void {
    if (this.#open.delete(id)) this.store.endSession(id, this.clock.now());
  }

  /** Takes no more sessions and no more locks, and ends every wait. Locks stay with their sessions, for so many ms. */
  drain(closesInMs: number): void {
    this.#draining = true;
    this.store.drain(this.clock.now());
    for (const { listener } of this.#open.values()) listener.drain(closesInMs);
  }

  /** Hangs up on the sessions that hold nothing, or on all. Answers how many are left. */
  hangUp(whom: "idle" | "all"): number {
    for (const session of [...this.#open.values()]) {
      if (whom === "idle" && this.store.locksOf(session.id) > 0) continue;
      session.end();
      session.listener.hangUp();
    }
    return this.#open.size;
  }
}
