/**
 * Ends waits and locks that somebody does not want any more, or whose time is over.
 *
 * @module
 */
import type { SessionId } from "../../lock/effect.ts";
import type { Acquiring } from "./acquiring.ts";
import type { Cluster } from "./cluster.ts";
import type { ClusterSessions } from "./cluster_sessions.ts";
import type { Converting } from "./converting.ts";
import type { LettingGo } from "./letting_go.ts";
import { describeNames, refused, unavailable } from "./replies.ts";
import type { OwedReplies } from "./reply.ts";
import type { Ticket } from "./ticket.ts";
import type { Tickets } from "./tickets.ts";

/** What cancelling stands on. */
export interface CancellingParts {
  readonly cluster: Cluster;
  readonly sessions: ClusterSessions;
  readonly tickets: Tickets;
  readonly acquiring: Acquiring;
  readonly converting: Converting;
  readonly lettingGo: LettingGo;
  readonly replies: OwedReplies;
}

/** Cancels for one daemon. */
export class Cancelling {
  readonly #parts: CancellingParts;

  constructor(parts: CancellingParts) {
    this.#parts = parts;
  }

  cancel(id: SessionId, request: number, target: number): void {
    const session = this.#parts.sessions.all.get(id);
    const reply = this.#parts.replies.owe(id, request, `cancel ${target}`);
    const say = (was: "waiting" | "held" | "ended") => {
      this.#parts.replies.give(reply, { type: "cancelled", session: id, request, target, was });
    };
    const turning = session && this.#parts.converting.find(session.tickets.values(), target);
    if (turning) {
      const message = `Stopped converting ${turning.ticket.grip.name}: cancelled`;
      const effect = refused(id, target, { code: "CANCELLED", message });
      void this.#parts.converting.withdraw(turning, effect, () => say("ended")).then(() => say("waiting"));
      return;
    }
    const ticket = session?.tickets.get(target);
    if (!session || !ticket) {
      // An acquire that comes after its own cancel must not be granted either.
      if (session) session.highestId = Math.max(session.highestId, target);
      return say("ended");
    }
    const leave = () => {
      void this.#parts.lettingGo.leave(ticket, (isDone) => say(isDone ? "held" : "ended"));
    };
    if (ticket.state === "held") return leave();
    const effect = refused(id, target, { code: "CANCELLED", message: "Stopped waiting: cancelled" });
    void this.#parts.acquiring.withdraw(ticket, { effect, grants: false }).then(() => {
      // Its wait was over as well, and found it granted before this came to its turn.
      if (ticket.state === "held") leave();
      else say("waiting");
    });
  }

  drain(): void {
    const refusal = { code: "DRAINING", message: "Cannot go on waiting: the daemon leaves service" } as const;
    for (const session of this.#parts.sessions.all.values()) {
      // Its client goes on at another daemon, with its places.
      if (session.options.graceMs > 0) continue;
      for (const ticket of session.tickets.values()) {
        const { turning, state, isLeaving } = ticket;
        if (turning && !turning.isLeaving) {
          void this.#parts.converting.withdraw(turning, refused(session.id, turning.request, refusal));
        }
        if (state === "held" || isLeaving) continue;
        void this.#parts.acquiring.withdraw(ticket, {
          effect: refused(session.id, ticket.id, refusal),
          grants: false,
        });
      }
    }
  }

  /** Does what is due for tickets. */
  tick(now: number): void {
    const { deadlines } = this.#parts.tickets;
    for (let ticket = deadlines.takeDue(now); ticket; ticket = deadlines.takeDue(now)) this.#due(ticket, now);
  }

  #due(ticket: Ticket, now: number): void {
    if (ticket.state === "held") return this.#dueLock(ticket, now);
    const isOver = ticket.wanted.waitMs > 0 && now >= ticket.patienceEndsMs;
    if (ticket.state === "waiting" && !ticket.isLeaving) {
      const effect = this.#parts.acquiring.blocked(ticket, "TIMEOUT");
      return void this.#parts.acquiring.withdraw(ticket, { effect, grants: true });
    }
    const { session: { id }, wanted } = ticket;
    const timeout = isOver ? this.#parts.acquiring.blocked(ticket, "TIMEOUT") : undefined;
    // It was asked for and not answered: when nobody is known to be in its way, etcd is.
    const isBlocked = timeout?.type === "refused" && (timeout.blockedBy?.length ?? 0) > 0;
    const silence = unavailable(id, ticket.id, `lock ${describeNames(wanted)}`);
    const effect = ticket.farewell ?? (isBlocked ? timeout : silence);
    this.#parts.tickets.answer(ticket, effect);
    if (!ticket.isLeaving) void this.#parts.acquiring.withdraw(ticket, { effect, grants: false });
  }

  #dueLock(ticket: Ticket, now: number): void {
    const { endsMs, grantedMs, session, id, wanted: { maxHoldMs = Infinity } } = ticket;
    if (ticket.dueMs >= endsMs) {
      this.#parts.converting.abort(ticket);
      return this.#parts.lettingGo.expire(ticket, endsMs === grantedMs + maxHoldMs ? "max-hold" : "expired");
    }
    this.#parts.tickets.arm(ticket, endsMs);
    if (now >= endsMs) return;
    const expiresInMs = Math.max(0, Math.round(endsMs - now));
    this.#parts.cluster.emit({ type: "expiring", session: session.id, lock: id, expiresInMs });
  }
}
