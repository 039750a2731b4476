/**
 * The sessions of one daemon: who is here, and to whom an effect of the store belongs.
 * What states one can be in is drawn in `session_check.ts`.
 *
 * @module
 */
import type { ClientProfile, LostLock, Resume } from "../../client/protocol/messages.ts";
import type { Clock } from "../base/clock.ts";
import { Deadlines } from "../base/deadlines.ts";
import type { Happening, SessionGone, SessionId, Store, StoreEffect } from "../store/store.ts";
import { type Overtaken, overtaken } from "../store/overtaken.ts";
import type { Gate } from "./access.ts";
import { breakRecord } from "./break_record.ts";
import { CommandClock } from "./command_clock.ts";
import type { SessionListener } from "./listener.ts";
import type { Observer } from "./observer.ts";
import type { OpenOptions, OpenRefusal, ResumeOptions, SessionsOptions } from "./opening.ts";
import { refuseOpening } from "./opening.ts";
import { Secret } from "./secret.ts";
import { Session } from "./session.ts";
import { checkSessions } from "./session_check.ts";
import { veil } from "./veil.ts";
import { Watches } from "./watches.ts";

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
  readonly counts = { opened: 0, resumed: 0, refused: 0, watchesRefused: 0, httpRefused: 0 };
  /** Who watches which names. */
  readonly watches: Watches;
  readonly #options: SessionsOptions;
  readonly #sessions = new Map<SessionId, Session>();
  readonly #detached = new Deadlines<Session>();
  /** What is compared when there is no such session, so that it takes as long as if there were. */
  readonly #decoy: Secret;
  #drainEndsMs: number | undefined;
  /** When the next access ends by itself, as was known at the last look: milliseconds since 1970. */
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

  /** It leaves service, and what it has can be resumed at other daemons. */
  get isLeaving(): boolean {
    return this.draining && this.store.adoptSession !== undefined;
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
    const refusal = refuseOpening(this, graceMs, this.#options.limits);
    if (refusal?.code === "LIMIT") this.counts.refused++;
    return refusal;
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
    const terms = { graceMs, digest: session.secret?.digest, subject: access.subject };
    this.store.openSession(session.id, client, this.clock.now(), terms);
    return session;
  }

  /**
   * Has `listener` speak for a session from now on; undefined when there is no such session, that is not its
   * secret, or it is another subject's. Whoever spoke for it is hung up on. A resume that a later one has
   * overtaken is refused.
   */
  resume(
    listener: SessionListener,
    { session: id, secret }: Resume,
    { attempt, access, transport }: ResumeOptions,
  ): Session | undefined | Overtaken {
    const session = this.#sessions.get(id as SessionId);
    const isProven = (session?.secret ?? this.#decoy).is(secret);
    // A secret that leaked is of no use without a token of the same subject.
    if (!isProven || !session?.secret || session.access.subject !== access.subject) return undefined;
    const refusal = overtaken(attempt, session.lastAttempt);
    if (refusal) return refusal;
    session.lastAttempt = attempt;
    this.store.resumed?.(session.id, attempt);
    const before = session.listener;
    this.counts.resumed++;
    this.#disarm(session);
    session.attach(listener, access, transport);
    this.watches.heardAgain(session.id, this.clock.now());
    before?.hangUp("the session was resumed by another connection");
    return session;
  }

  /** A session that another daemon had is here from now on, with what it lost on the way. */
  admit(session: Session, lost: readonly LostLock[]): void {
    this.counts.resumed++;
    this.#sessions.set(session.id, session);
    for (const loss of lost) session.remember(loss, this.#options.limits.lossesPerSessionMax);
  }

  /** How much time holders have left, in milliseconds; undefined while the daemon is in service. */
  get drainsInMs(): number | undefined {
    if (this.#drainEndsMs === undefined) return undefined;
    return Math.max(0, Math.round(this.#drainEndsMs - this.clock.now()));
  }

  /** Takes an effect of the store to the session that it belongs to. */
  readonly deliver = (effect: StoreEffect): void => {
    if (effect.type === "session-gone") return this.#lose(effect);
    this.observer?.told(effect, this.commands.now());
    if (effect.type === "broken") this.audit("lock.broken", breakRecord(effect));
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
    if (this.#forget(session)) this.store.endSession(session.id, this.clock.now());
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

  /** Takes no more sessions and locks, and ends every wait. Sessions keep their locks, for so many ms. */
  drain(closesInMs: number): void {
    const now = this.clock.now();
    this.#drainEndsMs = now + closesInMs;
    this.store.drain(now);
    for (const session of [...this.#sessions.values()]) {
      session.listener?.drain(closesInMs);
      // What can be resumed at another daemon need not wait for the end of this one.
      if (this.store.adoptSession && session.graceMs > 0) this.#part(session);
    }
  }

  /** Hangs up on the sessions that hold nothing, or on all. Answers how many are left. */
  hangUp(whom: "idle" | "all"): number {
    for (const session of [...this.#sessions.values()]) {
      if (whom === "all" || this.store.locksOf(session.id) === 0) this.#part(session);
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

  /**
   * Hangs up on a session. What it has is left to its client, who may resume it at another daemon, or believe
   * in it for its grace; else it ends.
   */
  #part(session: Session): void {
    const { listener, id } = session;
    if (this.store.locksOf(id) > 0 && this.store.leaveSession?.(id)) this.#forget(session);
    else session.end();
    listener?.hangUp();
  }

  /** Nobody is here of that id any more; false when nobody was. */
  #forget(session: Session): boolean {
    if (!this.#sessions.delete(session.id)) return false;
    this.#disarm(session);
    session.ended();
    this.watches.endSession(session.id);
    this.observer?.ended(session.id, this.clock.now());
    return true;
  }

  /** The store cannot keep a session for us any more. */
  #lose({ session: id, message, isResumable }: SessionGone): void {
    const session = this.#sessions.get(id);
    const listener = session?.listener;
    if (session && this.#forget(session)) listener?.hangUp(isResumable ? undefined : message);
  }

  #unsentBytes(id: SessionId): number {
    const listener = this.#sessions.get(id)?.listener;
    return listener ? listener.unsentBytes ?? 0 : Infinity;
  }

  #disarm(session: Session): void {
    this.#detached.remove(session);
    session.dueMs = Infinity;
  }
}
