/**
 * How locks and waits end without the wish of their sessions: their time is over, somebody breaks them, the
 * store lost them, or the daemon leaves service.
 *
 * @module
 */
import type { LossReason } from "../../client/protocol/messages.ts";
import type { Answers } from "./answers.ts";
import type { Refusal } from "./claims.ts";
import type { Break } from "./commands.ts";
import { Conversion } from "./conversion.ts";
import { partyOf } from "./description.ts";
import type { SessionId } from "./effect.ts";
import type { Granting } from "./granting.ts";
import type { LockRequest, Place } from "./request.ts";
import type { SessionLocks } from "./session_locks.ts";

/** What endings stand on. */
export interface EndingsOptions {
  readonly granting: Granting;
  readonly answers: Answers;
  readonly sessions: ReadonlyMap<SessionId, SessionLocks>;
  readonly epochMs: number;
}

/** Ends locks and waits of one lock table. */
export class Endings {
  readonly #granting: Granting;
  readonly #answers: Answers;
  readonly #sessions: ReadonlyMap<SessionId, SessionLocks>;
  readonly #epochMs: number;

  constructor({ granting, answers, sessions, epochMs }: EndingsOptions) {
    this.#granting = granting;
    this.#answers = answers;
    this.#sessions = sessions;
    this.#epochMs = epochMs;
  }

  /** Does what is due: ends waits, warns holders, ends locks. */
  expire(now: number): void {
    const { deadlines } = this.#granting;
    for (let due = deadlines.takeDue(now); due; due = deadlines.takeDue(now)) {
      if (due instanceof Conversion) {
        this.#answers.blocked(due, due.waitMs === 0 ? "BUSY" : "TIMEOUT");
        this.#granting.converting.end(due);
        this.#granting.resettle(due.place.resource, now);
      } else if (due.state === "held") this.#expireLock(due, now);
      else {
        this.#answers.blocked(due, due.wanted.waitMs === 0 ? "BUSY" : "TIMEOUT");
        this.#answers.gaveUp(due);
        this.#granting.end(due, "died");
        this.resettle(due, now);
      }
    }
  }

  /**
   * Ends the locks of a name that have this token, whoever holds them; or refuses, when there is none. An NL
   * lock keeps nobody out, so it is never what was meant: it only has the token of those that it stands
   * beside.
   */
  break({ session, request, name, token, reason }: Break, now: number): void {
    const resource = this.#granting.resources.get(name);
    const held = [...resource?.held ?? []].filter((place) =>
      place.request.state === "held" && !place.orphan && place.mode !== "NL"
    );
    const meant = held.filter((place) => place.token === token);
    if (!resource || meant.length === 0) {
      const state = held.length === 0 ? "nobody here holds it" : `it is held with token ${held[0]?.token}`;
      const message = `Cannot break ${name} with token ${token}: ${state}`;
      this.#answers.refused(session, request, {
        code: held.length === 0 ? "NOT_HELD" : "STALE_TOKEN",
        message,
      });
      return;
    }
    const parties = meant.map((place) => partyOf(place, this.#epochMs));
    this.#answers.broke(session, request, parties);
    this.#lose(meant, { reason: "broken", why: reason }, now);
  }

  /**
   * The claim on a name is gone: every lock on it ends, and its holders are told. Waiters keep their places.
   */
  lose(name: string, reason: LossReason, now: number): void {
    const resource = this.#granting.resources.get(name);
    if (!resource) return;
    const held = [...resource.held];
    this.#lose(held, { reason }, now);
    for (const place of held) {
      const isGiven = place.request.state === "admitting" && !place.asked;
      if (isGiven) this.#granting.setBack(place, "outside", now);
    }
    this.#granting.resettle(resource, now);
  }

  /** Ends every wait with that refusal: the daemon leaves service. Locks stay. */
  refuseWaiters(refusal: Refusal, now: number): void {
    for (const { requests, conversions } of this.#sessions.values()) {
      for (const conversion of [...conversions.values()]) {
        this.#answers.refused(conversion.request.session.id, conversion.id, refusal);
        this.#granting.converting.end(conversion);
      }
      for (const request of [...requests.values()]) {
        if (request.state === "held") continue;
        this.giveUp(request, refusal);
        this.#granting.end(request, "died");
      }
    }
    for (const resource of [...this.#granting.resources.values()]) this.#granting.resettle(resource, now);
  }

  /** Grants what a request that ended was in the way of. */
  resettle({ places }: LockRequest, now: number): void {
    for (const { resource } of places) this.#granting.resettle(resource, now);
  }

  /** Tells a session that one of its waits ends; it has to be ended after. */
  giveUp(request: LockRequest, refusal: Refusal): void {
    this.#answers.refused(request.session.id, request.id, refusal);
    this.#answers.gaveUp(request);
  }

  #expireLock(request: LockRequest, now: number): void {
    const { endsMs, sinceMs, wanted: { maxHoldMs = Infinity } } = request;
    if (request.dueMs < endsMs) {
      // Even if the end has come as well: what fell due between goes first.
      request.dueMs = endsMs;
      this.#granting.deadlines.add(request);
      if (now < endsMs) this.#answers.expiring(request, now);
      return;
    }
    this.#lose([request.place], { reason: endsMs === sinceMs + maxHoldMs ? "max-hold" : "expired" }, now);
  }

  /** Ends the locks that places belong to, each with all its names. */
  #lose(places: readonly Place[], { reason, why }: { reason: LossReason; why?: string }, now: number): void {
    const lost = places.filter(({ request, orphan }) => request.state === "held" && !orphan);
    for (const place of lost) {
      this.#granting.converting.abort(place.request);
      this.#granting.end(place.request, "died");
      this.#answers.lost(place, reason, why);
    }
    for (const { request } of lost) this.resettle(request, now);
  }
}
