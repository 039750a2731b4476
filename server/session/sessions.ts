/**
 * The sessions of one daemon: who is here, and to whom an effect of the store belongs.
 *
 * | from | to | when |
 * |---|---|---|
 * | – | OPEN | a client said hello [open] |
 * | OPEN | DETACHED | its connection ended, and it has a grace [leave] |
 * | DETACHED | OPEN | its client resumed it, within the grace [resume] |
 * | OPEN | OPEN | its client resumed it from another connection: the old one is told, and closed [resume] |
 * | OPEN, DETACHED | ENDED | it said bye, was kicked, or the daemon is done with it [end] |
 * | OPEN | ENDED | its connection ended, and it has no grace [leave] |
 * | DETACHED | ENDED | its grace is over [tick] |
 *
 * - OPEN: the store knows it; its listener hears of every effect; it has no deadline.
 * - DETACHED: the store knows it, and its locks and waits go on; nobody hears of effects: what they did is in the store, and losses are remembered;
 *   its deadline is the end of its grace.
 * - ENDED: the store has forgotten it, with its locks and waits; nothing reaches its listener any more; nobody can resume it.
 *
 * @module
 */
import type { ClientProfile, Resume } from "../../client/protocol/messages.ts";
import type { Clock } from "../base/clock.ts";
import { Deadlines } from "../base/deadlines.ts";
import type { LogFields } from "../base/log.ts";
import type { Effect, Happening, SessionId, Store } from "../store/store.ts";
import type { Gate } from "./access.ts";
import { CommandClock } from "./command_clock.ts";
import type { SessionListener } from "./listener.ts";
import type { Observer } from "./observer.ts";
import type { OpenOptions, OpenRefusal, ResumeOptions } from "./opening.ts";
import { Secret } from "./secret.ts";
import { Session } from "./session.ts";
import { checkSessions } from "./session_check.ts";
import { veil } from "./veil.ts";
import { Watches, type WatchesOptions } from "./watches.ts";

export type { SessionListener } from "./listener.ts";
export type { Observer } from "./observer.ts";
export type { LockWish, Session } from "./session.ts";

/** What the sessions of a daemon stand on. */
export interface SessionsOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Knows who may open a session. */
  readonly gate: Gate;
  /** Makes an id that was never used and cannot be guessed. */
  readonly newId: () => string;
  /** Makes a secret that cannot be guessed. */
  readonly newSecret: () => string;
  readonly limits: WatchesOptions["limits"] & {
    readonly graceMsMax: number;
    readonly detachedSessionsMax: number;
    readonly lossesPerSessionMax: number;
  };
  /** Writes down what an administrator does. */
  readonly audit: (event: string, fields: LogFields) => void;
  /** Looks on, for metrics and traces. */
  readonly observer?: Observer | undefined;
}

/** The sessions of one daemon. */
export class Sessions {
  readonly store: Store;
  readonly clock: Clock;
  /** Knows who a request comes from. */
  readonly gate: Gate;
  readonly audit: SessionsOptions["audit"];
  /** Looks on, if somebody does. */
  readonly observer: Observer | undefined;
  readonly commands: CommandClock;
  /** How often something happened since the start. */
  readonly counts = { opened: 0, resumed: 0, refused: 0, watchesRefused: 0 };
  /** Who watches which names. */
  readonly watches: Watches;
  readonly #options: SessionsOptions;
  readonly #sessions = new Map<SessionId, Session>();
  readonly #detached = new Deadlines<Session>();
  /** What is compared when there is no such session, so that it takes as long as if there were. */
  readonly #decoy: Secret;
  #drainEndsMs: number | undefined;
  /** When the next access ends by itself, as far as was known at the last look, in milliseconds since 1970. */
  #withdrawalWallMs: number;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.audit = options.audit;
    this.gate = options.gate;
    this.#withdrawalWallMs = options.gate.nextEndWallMs;
    this.observer = options.observer;
    this.commands = new CommandClock(options.clock);
    this.store = options.store;
    this.watches = new Watches({
      limits: options.limits,
      tell: (effect) => {
        if (effect.type === "refused" && effect.code === "LIMIT") this.counts.watchesRefused++;
        this.#sessions.get(effect.session)?.listener?.hear(effect);
      },
      unsentBytes: (session) => this.#unsentBytes(session),
      mayHear: (session, name) => this.#sessions.get(session)?.access.allows("read", name) ?? false,
      listen: (isWanted) => options.store.watch(isWanted ? this.#onHappening : undefined),
    });
    this.clock = options.clock;
    this.#decoy = new Secret(options.newSecret());
  }

  /** How many there are, detached ones too. */
  get size(): number {
    return this.#sessions.size;
  }

  /** How many are detached. */
  get detachedCount(): number {
    return this.#detached.size;
  }

  /** Whether the daemon leaves service. */
  get draining(): boolean {
    return this.#drainEndsMs !== undefined;
  }

  /** When {@link tick} has something to do: monotonic milliseconds, or Infinity. */
  get nextDueMs(): number {
    const endsMs = this.#withdrawalWallMs === Infinity
      ? Infinity
      : this.clock.now() + this.#withdrawalWallMs - this.clock.wallMs();
    return Math.min(this.#detached.nextMs(), this.watches.nextDueMs, endsMs);
  }

  /** All sessions, in no order. */
  all(): Iterable<Session> {
    return this.#sessions.values();
  }

  /** The session with that id, if there is one. */
  find(id: string): Session | undefined {
    return this.#sessions.get(id as SessionId);
  }

  /** The grace that a session gets that asks for one. */
  graceFor(wishedMs: number | undefined): number {
    return Math.min(wishedMs ?? 0, this.#options.limits.graceMsMax);
  }

  /** Why no session is opened now, or undefined. */
  refusal(graceMs = 0): OpenRefusal | undefined {
    if (this.draining) {
      return { code: "DRAINING", message: "Cannot open a session: the daemon leaves service" };
    }
    const { detachedSessionsMax } = this.#options.limits;
    // Asked at the door: a grace that was promised is kept, so there can be as many more as there are connections.
    if (graceMs === 0 || this.detachedCount < detachedSessionsMax) return undefined;
    this.counts.refused++;
    const state = `${detachedSessionsMax} are detached, which is detachedSessionsMax`;
    return { code: "LIMIT", message: `Cannot open a session with a grace: ${state}` };
  }

  /** Opens a session for a listener; undefined when there is a {@link refusal}. */
  open(
    listener: SessionListener,
    client: ClientProfile | undefined,
    { access, graceMs: wishedMs, transport = "tcp" }: OpenOptions,
  ): Session | undefined {
    const graceMs = this.graceFor(wishedMs);
    if (this.refusal(graceMs)) return undefined;
    const { newId, newSecret } = this.#options;
    const session = new Session({
      id: newId() as SessionId,
      client,
      access,
      listener,
      transport,
      graceMs,
      secret: graceMs > 0 ? new Secret(newSecret()) : undefined,
      sinceWallMs: this.clock.wallMs(),
    }, this);
    this.counts.opened++;
    this.#sessions.set(session.id, session);
    this.store.openSession(session.id, client, this.clock.now());
    return session;
  }

  /**
   * Has `listener` speak for a session from now on; undefined when there is no such session, that is not its secret, or it is another subject's.
   * Whoever spoke for it is hung up on.
   */
  resume(
    listener: SessionListener,
    { session: id, secret }: Resume,
    { access, transport }: ResumeOptions,
  ): Session | undefined {
    const session = this.#sessions.get(id as SessionId);
    const isProven = (session?.secret ?? this.#decoy).is(secret);
    // A secret that leaked is of no use without a token of the same subject.
    if (!isProven || !session?.secret || session.access.subject !== access.subject) return undefined;
    const before = session.listener;
    this.counts.resumed++;
    this.#disarm(session);
    session.attach(listener, access, transport);
    this.watches.heardAgain(session.id, this.clock.now());
    before?.hangUp("the session was resumed by another connection");
    return session;
  }

  /** How much time holders have left, in milliseconds; undefined while the daemon is in service. */
  get drainsInMs(): number | undefined {
    if (this.#drainEndsMs === undefined) return undefined;
    return Math.max(0, Math.round(this.#drainEndsMs - this.clock.now()));
  }

  /** Takes an effect of the store to the session that it belongs to. */
  readonly deliver = (effect: Effect): void => {
    this.observer?.told(effect, this.commands.now());
    // A session that ended between the command and a late effect needs no word of it.
    const session = this.#sessions.get(effect.session);
    if (!session) return;
    // Also what is told now: the connection may have ended without our knowledge.
    if (effect.type === "lost" && session.graceMs > 0) {
      session.remember(effect, this.#options.limits.lossesPerSessionMax);
    }
    session.listener?.hear(veil(effect, session.access));
  };

  /** See {@link Session.leave}. */
  leave(session: Session, listener: SessionListener): void {
    if (session.listener !== listener) return;
    if (session.graceMs === 0) return this.end(session);
    session.detach();
    session.dueMs = this.clock.now() + session.graceMs;
    this.#detached.add(session);
  }

  /** See {@link Session.end}. */
  end(session: Session): void {
    if (!this.#sessions.delete(session.id)) return;
    this.#disarm(session);
    session.ended();
    this.watches.endSession(session.id);
    const now = this.clock.now();
    this.observer?.ended(session.id, now);
    this.store.endSession(session.id, now);
  }

  /** Ends the sessions whose access is over, with their locks, and tells their clients why. */
  endWithdrawn(): void {
    this.#withdrawalWallMs = this.gate.nextEndWallMs;
    for (const session of [...this.#sessions.values()]) {
      const { listener, id, client, access: { subject, ended } } = session;
      if (ended === undefined) continue;
      this.audit("session.withdrawn", { session: id, subject, client, reason: ended });
      session.end();
      listener?.hangUp(ended);
    }
  }

  /** Ends the sessions whose grace is over. */
  tick(now: number): void {
    for (let due = this.#detached.takeDue(now); due; due = this.#detached.takeDue(now)) this.end(due);
    this.watches.tick(now);
    if (this.clock.wallMs() >= this.#withdrawalWallMs) this.endWithdrawn();
  }

  /** Takes no more sessions and no more locks, and ends every wait. Locks stay with their sessions, for so many ms. */
  drain(closesInMs: number): void {
    const now = this.clock.now();
    this.#drainEndsMs = now + closesInMs;
    this.store.drain(now);
    for (const { listener } of this.#sessions.values()) listener?.drain(closesInMs);
  }

  /** Hangs up on the sessions that hold nothing, or on all. Answers how many are left. */
  hangUp(whom: "idle" | "all"): number {
    for (const session of [...this.#sessions.values()]) {
      if (whom === "idle" && this.store.locksOf(session.id) > 0) continue;
      const { listener } = session;
      session.end();
      listener?.hangUp();
    }
    return this.size;
  }

  /** Throws an AssertionError when a rule of the header is broken. */
  checkInvariants(): void {
    checkSessions(this);
  }

  readonly #onHappening = (happening: Happening): void => {
    this.watches.happened(happening, this.clock.now());
  };

  #unsentBytes(id: SessionId): number {
    const listener = this.#sessions.get(id)?.listener;
    return listener ? listener.unsentBytes ?? 0 : Infinity;
  }

  #disarm(session: Session): void {
    this.#detached.remove(session);
    session.dueMs = Infinity;
  }
}
