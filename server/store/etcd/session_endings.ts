/**
 * What becomes of the tickets of a session that cannot be relied on, that can again, or that is over.
 *
 * @module
 */
import { Conversion, type Waiter } from "../../lock/conversion.ts";
import { type CycleStep, findCycle } from "../../lock/wait_graph.ts";
import type { Cluster } from "./cluster.ts";
import type { ClusterSession } from "./cluster_session.ts";
import type { SessionsListener } from "./cluster_sessions.ts";
import type { Converting } from "./converting.ts";
import type { Promoting } from "./promoting.ts";
import { refused } from "./replies.ts";
import type { Tickets } from "./tickets.ts";

/** What is told of sessions; its parts come later than the sessions themselves. */
export class SessionEndings implements SessionsListener {
  tickets: Tickets | undefined;
  converting: Converting | undefined;
  promoting: Promoting | undefined;
  /** Has a wait withdrawn that would be for ever. */
  breakCircle: ((waiter: Waiter, cycle: readonly CycleStep[]) => void) | undefined;
  /** Has the session forgotten here, and left in etcd. */
  forget: ((session: ClusterSession) => void) | undefined;
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /**
   * With a grace it is given up by this daemon, and what it has stays in etcd: its client goes on at a daemon
   * that etcd answers, as long as its grace allows. Without one what it held is lost, and what it waits for
   * keeps its place.
   */
  suspended(session: ClusterSession): void {
    if (session.options.graceMs > 0) return this.#leave(session);
    for (const ticket of [...session.tickets.values()]) {
      if (ticket.state !== "held") continue;
      this.converting?.abort(ticket);
      this.tickets?.lose(ticket, "store");
      this.tickets?.litter(ticket);
    }
  }

  /** What the cluster has given it counts, and what it waits for is looked at. */
  active(session: ClusterSession): void {
    this.tickets?.clean(session);
    for (const ticket of [...session.tickets.values()]) this.tickets?.confirm(ticket);
    this.#withdrawVictims(session);
    // What became free meanwhile was nobody's to take for it.
    for (const { grips, state, turning } of session.tickets.values()) {
      if (state === "waiting" || turning) { for (const { name } of grips) this.promoting?.look(name); }
    }
  }

  /** A circle that closed while no daemon had the session is broken now. */
  #withdrawVictims({ id }: ClusterSession): void {
    for (const waiter of this.#cluster.parts.mirror.victims) {
      const request = waiter instanceof Conversion ? waiter.request : waiter;
      const cycle = request.session.id === id ? findCycle(waiter) ?? [] : undefined;
      if (cycle) this.breakCircle?.(waiter, cycle);
    }
  }

  gone(session: ClusterSession, movedTo: string | undefined): void {
    const isMoved = movedTo !== undefined;
    const message = isMoved
      ? `the session was resumed at ${movedTo}`
      : "the session's lease is over: etcd could not be reached in time";
    this.#cluster.parts.log.warn("etcd.session_gone", { session: session.id, message });
    for (const ticket of [...session.tickets.values()]) {
      // Elsewhere it goes on, and is told of there.
      if (isMoved) this.tickets?.end(ticket);
      else if (ticket.state === "held") {
        this.converting?.abort(ticket);
        this.tickets?.lose(ticket, "store");
      } else {
        const refusal = { code: "SESSION_GONE", message: `Cannot lock: ${message}` } as const;
        this.tickets?.refuse(ticket, refused(session.id, ticket.id, refusal));
      }
    }
    this.#cluster.emit({ type: "session-gone", session: session.id, message, isResumable: isMoved });
  }

  #leave(session: ClusterSession): void {
    const message = "etcd did not answer in time; the session may go on at another daemon";
    this.forget?.(session);
    for (const ticket of [...session.tickets.values()]) {
      if (ticket.turning) this.converting?.forget(ticket.turning);
      this.tickets?.end(ticket);
    }
    this.#cluster.emit({ type: "session-gone", session: session.id, message, isResumable: true });
  }
}
