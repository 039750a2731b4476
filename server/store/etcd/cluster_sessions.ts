/**
 * The sessions of this daemon: makes their leases, keeps them, suspends and loses sessions whose leases
 * cannot be kept, and ends them.
 *
 * @module
 */
import type { SessionId } from "../../lock/effect.ts";
import type { SessionTerms } from "../store.ts";
import type { ClientProfile } from "../../../client/protocol/messages.ts";
import { EtcdFault } from "./calls.ts";
import { ANSWER_MS, type Cluster } from "./cluster.ts";
import { ClusterSession, type SessionStage } from "./cluster_session.ts";
import { isSession, parseValue, type SessionValue } from "./entry_values.ts";
import { Guarding, sessionText } from "./guarding.ts";
import { LeaseKeeper } from "./lease_keeper.ts";
import { get, put, remove, unchanged } from "./transaction.ts";

/**
 * Of the time that a lease is relied on: by how much two clocks may differ in it, and the holder be told
 * late.
 */
const MARGIN = 0.05;
/** Leases are numbered at random below this: JavaScript counts so far, and nobody meets another's number. */
const LEASES = Number.MAX_SAFE_INTEGER;

/** What becomes of sessions is told to whoever has their tickets. */
export interface SessionsListener {
  /** What the session held is lost: nobody can say any more that it was not given to others. */
  suspended(session: ClusterSession): void;
  /** It can be relied on again. */
  active(session: ClusterSession): void;
  /** It has ended, and nobody here wished it: another daemon has it, or its lease is over. */
  gone(session: ClusterSession, movedTo: string | undefined): void;
}

/** The sessions of this daemon. */
export class ClusterSessions {
  readonly all = new Map<SessionId, ClusterSession>();
  readonly #cluster: Cluster;
  readonly #listener: SessionsListener;
  readonly #keeper: LeaseKeeper;
  readonly #byLease = new Map<number, ClusterSession>();
  /** What is asked for sessions. */
  readonly guarding: Guarding;
  /** When the next one may have to be suspended. */
  #checkDueMs = Infinity;

  constructor(cluster: Cluster, listener: SessionsListener) {
    this.#cluster = cluster;
    this.#listener = listener;
    const { calls, clock, times } = cluster.parts;
    this.guarding = new Guarding(cluster, (session, movedTo) => this.gone(session, movedTo));
    this.#keeper = new LeaseKeeper({
      calls,
      clock,
      ...times,
      listener: {
        renewed: (lease, sentMs) => this.#renewed(lease, sentMs),
        gone: (lease) => this.#leaseGone(lease),
      },
    });
  }

  /** When {@link tick} has something to do. */
  get nextDueMs(): number {
    return Math.min(this.#keeper.nextDueMs, this.#checkDueMs);
  }

  /**
   * Makes a session known; etcd hears of it when it asks for something, or at once if another daemon may have
   * to find it.
   */
  open(id: SessionId, client: ClientProfile | undefined, { graceMs, digest, subject }: SessionTerms): void {
    const sinceMs = this.#cluster.wallMs;
    const session = new ClusterSession(id, client, { graceMs, digest, subject, sinceMs });
    this.all.set(id, session);
    if (graceMs > 0) this.begin(session);
  }

  /**
   * Has other daemons know, as soon as etcd does, that earlier attempts to resume a session were overtaken by
   * one here.
   */
  resumed(id: SessionId, attempt: number): void {
    const session = this.all.get(id);
    if (!session) return;
    session.attempt = attempt;
    void this.#cluster.later(this.#note(session));
  }

  /** Makes the lease of a session, unless it has one. */
  begin(session: ClusterSession): void {
    if (session.stage !== "local") return;
    session.stage = "opening";
    session.opened = this.#cluster.later(this.#begin(session));
  }

  /** Ends a session: its keys and its lease go. */
  end(session: ClusterSession, keys: readonly string[]): void {
    const { stage, lease } = session;
    this.#forget(session);
    if (stage === "local") return;
    void this.#cluster.later(this.#end(session, lease, keys));
  }

  /** Lets another daemon have a session, which lives on until its lease ends. */
  leave(session: ClusterSession): boolean {
    const { stage, options: { graceMs } } = session;
    if (graceMs === 0 || stage === "over") return false;
    this.#forget(session);
    return true;
  }

  /** For how long nothing that a session has, or gets, can be another's, unless it was told. */
  validForMs({ stage, validUntilMs, options: { graceMs } }: ClusterSession, now: number): number {
    const untilMs = stage === "local" ? this.#reliedUntil(now) : validUntilMs;
    // A lease outlives what its daemon relies on by the grace: within it the session goes on elsewhere.
    return untilMs + graceMs - now;
  }

  tick(now: number): void {
    this.#keeper.tick(now);
    if (now < this.#checkDueMs) return;
    this.#checkDueMs = Infinity;
    for (const session of this.all.values()) {
      this.check(session, now);
      if (session.stage === "active") this.#checkDueMs = Math.min(this.#checkDueMs, session.validUntilMs);
    }
  }

  /**
   * Suspends a session whose lease was not renewed in time. Looked at before anything is said for it: a timer
   * may come late.
   */
  check(session: ClusterSession, now: number): void {
    if (session.stage !== "active" || now < session.validUntilMs) return;
    session.stage = "suspended";
    this.#cluster.parts.log.warn("etcd.session_suspended", { session: session.id });
    this.#keeper.hurry(session.lease);
    this.#listener.suspended(session);
  }

  /** The key of a session of ours was put: by us, or by whoever took it over. */
  seen(id: SessionId, value: SessionValue): void {
    const session = this.all.get(id);
    if (!session || value.run === this.#cluster.parts.run) return;
    this.gone(session, value.daemon);
  }

  /** The key of a session is gone. */
  unseen(id: SessionId): void {
    const session = this.all.get(id);
    if (session) this.gone(session);
  }

  /**
   * An adopted session begins to live here, as soon as its lease is renewed: it may have been about to end.
   * Answers its stage: ACTIVE, or OVER when it had ended, or OPENING when nobody said in time; then it is
   * left as it was.
   */
  async admit(session: ClusterSession): Promise<SessionStage> {
    const { now, parts: { times } } = this.#cluster;
    this.all.set(session.id, session);
    this.#byLease.set(session.lease, session);
    session.stage = "opening";
    const { promise, resolve } = Promise.withResolvers<void>();
    session.opened = promise;
    session.proven = resolve;
    this.#keeper.add(session.lease, now - times.leaseMs);
    this.#keeper.tick(now);
    await Promise.race([promise, this.#cluster.pause(ANSWER_MS)]);
    const { stage } = session;
    if (stage === "opening") this.#listener.suspended(session);
    return stage;
  }

  close(): void {
    this.#keeper.close();
  }

  async #begin(session: ClusterSession): Promise<void> {
    const { calls, layout, times } = this.#cluster.parts;
    const key = layout.session(session.id);
    session.lease = Math.floor(Math.random() * (LEASES - 1)) + 1;
    const firstMs = this.#cluster.now;
    session.validUntilMs = this.#reliedUntil(firstMs);
    for (let attempt = 0;; attempt++) {
      if (session.stage !== "opening" || this.#cluster.isClosed) return;
      try {
        const sentMs = this.#cluster.now;
        const ttlS = Math.ceil((times.leaseMs + session.options.graceMs) / 1_000);
        const was = await calls.grantLease(session.lease, ttlS);
        const outcome = await calls.transact({
          when: [{ key, of: "created", is: "equal", revision: 0 }],
          then: [put(key, sessionText(session, this.#cluster), session.lease)],
          otherwise: [get(key)],
        });
        const entry = outcome.answers[0]?.entries[0];
        session.epoch = outcome.succeeded ? outcome.revision : entry?.modified ?? 0;
        this.#cluster.wrote(outcome.succeeded ? outcome.revision : 0);
        // A lease that an attempt made which was not answered has lived since then.
        return this.#opened(session, was === "made" ? sentMs : firstMs);
      } catch (error) {
        if (!(error instanceof EtcdFault)) throw error;
        if (!error.ambiguous) this.#cluster.parts.log.error("etcd.refuses", { error: error.message });
        await this.#cluster.rest(attempt);
      }
    }
  }

  async #note(session: ClusterSession): Promise<void> {
    try {
      await this.guarding.fence(session);
    } catch (error) {
      // Whatever is written of the session next tells it.
      if (!(error instanceof EtcdFault)) throw error;
    }
  }

  #opened(session: ClusterSession, sentMs: number): void {
    // It ended while it was being made: whoever ended it waits for this.
    if (session.stage !== "opening") return;
    session.stage = "active";
    session.opened = undefined;
    this.#byLease.set(session.lease, session);
    this.#keeper.add(session.lease, sentMs);
    this.#renewed(session.lease, sentMs);
  }

  async #end(session: ClusterSession, lease: number, keys: readonly string[]): Promise<void> {
    const { calls, layout, times } = this.#cluster.parts;
    const key = layout.session(session.id);
    // A lease that was being made is made by now, or is in a moment.
    await session.opened;
    const endsMs = this.#cluster.now + times.leaseMs + session.options.graceMs;
    for (let attempt = 0; this.#cluster.now < endsMs && !this.#cluster.isClosed; attempt++) {
      try {
        const { epoch } = session;
        const outcome = await calls.transact({
          when: [unchanged(key, epoch)],
          then: [remove(key), ...keys.map(remove)],
          otherwise: [get(key)],
        });
        const entry = outcome.answers[0]?.entries[0];
        const value = entry && parseValue<SessionValue>(entry.value, isSession);
        // Resumed elsewhere: it is not ours to end.
        if (entry && value?.run !== this.#cluster.parts.run) return;
        if (entry) session.epoch = entry.modified;
        else return await calls.revokeLease(lease);
      } catch (error) {
        if (!(error instanceof EtcdFault)) throw error;
        await this.#cluster.rest(attempt);
      }
    }
  }

  #renewed(lease: number, sentMs: number): void {
    const session = this.#byLease.get(lease);
    if (!session) return;
    session.validUntilMs = Math.max(session.validUntilMs, this.#reliedUntil(sentMs));
    this.#checkDueMs = Math.min(this.#checkDueMs, session.validUntilMs);
    if (session.stage === "suspended" && this.#cluster.now < session.validUntilMs) {
      session.stage = "active";
      this.#cluster.parts.log.info("etcd.session_active", { session: session.id });
      this.#listener.active(session);
    } else if (session.stage === "opening") {
      session.stage = "active";
      session.opened = undefined;
      session.proven?.();
    }
    this.#cluster.parts.wake();
  }

  /** How long a lease can be relied on that was alive at `sentMs`. */
  #reliedUntil(sentMs: number): number {
    return sentMs + this.#cluster.parts.times.leaseMs * (1 - MARGIN);
  }

  #leaseGone(lease: number): void {
    const session = this.#byLease.get(lease);
    if (session) this.gone(session);
  }

  /** A session has ended, and nobody here wished it; harmless when it has. */
  gone(session: ClusterSession, movedTo?: string): void {
    if (session.stage === "over") return;
    this.#forget(session);
    this.#listener.gone(session, movedTo);
  }

  #forget(session: ClusterSession): void {
    session.stage = "over";
    session.proven?.();
    this.all.delete(session.id);
    this.#byLease.delete(session.lease);
    this.#keeper.remove(session.lease);
  }
}
