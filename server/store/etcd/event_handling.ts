/**
 * What this daemon makes of what happened in the cluster: grants and losses of its own sessions, notices,
 * circles to break, what those who watch are told, and names where somebody of its own may be first now.
 *
 * @module
 */
import { partyOf } from "../../lock/description.ts";
import type { Happening } from "../../lock/effect.ts";
import { Conversion, type Waiter } from "../../lock/conversion.ts";
import { CONFLICTS, MODE_BIT } from "../../lock/mode.ts";
import type { LockRequest, Place } from "../../lock/request.ts";
import type { CycleStep } from "../../lock/wait_graph.ts";
import type { Acquiring } from "./acquiring.ts";
import type { Cluster } from "./cluster.ts";
import type { ClusterSessions } from "./cluster_sessions.ts";
import type { Converting } from "./converting.ts";
import type { ClusterEvent, News } from "./mirror_changes.ts";
import type { Promoting } from "./promoting.ts";
import type { Tickets } from "./tickets.ts";

/** What is done about events. */
export interface EventParts {
  readonly cluster: Cluster;
  readonly sessions: ClusterSessions;
  readonly tickets: Tickets;
  readonly acquiring: Acquiring;
  readonly converting: Converting;
  readonly promoting: Promoting;
}

/** Handles events for one daemon. */
export class EventHandling {
  /** Hears what happens to which name; absent while nobody watches. */
  watcher: ((happening: Happening) => void) | undefined = undefined;
  readonly #parts: EventParts;

  constructor(parts: EventParts) {
    this.#parts = parts;
  }

  /** Something happened. */
  handle({ events, touched }: News): void {
    const { cluster, tickets, promoting } = this.#parts;
    for (const event of events) this.#handle(event);
    for (const name of touched) promoting.look(name);
    tickets.reachedNow(cluster.parts.mirror.revision);
    cluster.parts.wake();
  }

  #handle(event: ClusterEvent): void {
    const { sessions, tickets, converting } = this.#parts;
    switch (event.what) {
      case "waiting":
        this.#tellHolders(event.request);
        return this.#happened("waiting", event.request);
      case "granted": {
        this.#happened("granted", event.request);
        const ticket = this.#ticketOf(event.request);
        return ticket && tickets.confirm(ticket);
      }
      case "gave-up":
        this.#happened("gave-up", event.request, event.session ? "session" : undefined);
        return this.#gaveUp(event.request, event.session);
      case "ended":
        this.#tellEnd(event);
        return this.#ended(event);
      case "converting":
        return this.#tellHolders(event.conversion.place, event.conversion);
      case "converted": {
        this.#happened("converted", event.request);
        const ticket = this.#ticketOf(event.request);
        return ticket && converting.converted(ticket);
      }
      case "not-converted": {
        const ticket = this.#ticketOf(event.conversion.request);
        return ticket && converting.forgotten(ticket, event.conversion.id);
      }
      case "circle":
        return this.breakCircle(event.waiter, event.cycle);
      case "session":
        return sessions.seen(event.id, event.session.value);
      case "session-gone":
        return sessions.unseen(event.id);
    }
  }

  #ended({ request, reason }: ClusterEvent & { readonly what: "ended" }): void {
    const { tickets } = this.#parts;
    const ticket = this.#ticketOf(request);
    // Of a session that is gone its own end tells.
    if (!ticket || ticket.state !== "held" || ticket.isLeaving || reason === "session") return;
    this.#parts.converting.abort(ticket);
    tickets.lose(ticket, reason ?? "store");
  }

  #gaveUp(request: LockRequest, isSessionGone: boolean): void {
    const ticket = this.#ticketOf(request);
    if (!ticket || ticket.state !== "waiting" || ticket.isLeaving || isSessionGone) return;
    const { session: { id } } = ticket;
    const message = `Cannot lock ${ticket.grip.name}: its wait was removed from etcd`;
    this.#parts.tickets.refuse(ticket, {
      type: "refused",
      session: id,
      request: ticket.id,
      code: "CANCELLED",
      message,
    });
  }

  /** Withdraws a wait of ours that would be for ever. */
  breakCircle(waiter: Waiter, cycle: readonly CycleStep[]): void {
    const { cluster, acquiring, converting } = this.#parts;
    const isConversion = waiter instanceof Conversion;
    const ticket = this.#ticketOf(isConversion ? waiter.request : waiter);
    const effect = cluster.capture(() => cluster.answers.deadlocked(waiter, cycle));
    if (!ticket || !effect) return;
    if (!isConversion) void acquiring.withdraw(ticket, { effect, grants: true });
    else if (ticket.turning) void converting.withdraw(ticket.turning, effect);
  }

  /** Tells holders of ours who wish it that somebody waits for what they have. */
  #tellHolders(waiter: LockRequest | Place, conversion?: Conversion): void {
    const places = "places" in waiter ? waiter.places : [waiter];
    for (const place of places) {
      const mode = conversion?.mode ?? place.mode;
      if (place.resource.yieldNotices === 0) continue;
      for (const holder of place.resource.held) {
        if (!holder.request.wanted.yieldNotice || holder === place) continue;
        const isWanted = (CONFLICTS[mode] & MODE_BIT[holder.mode]) !== 0;
        if (isWanted && this.#ticketOf(holder.request)) this.#parts.cluster.answers.yieldTo(holder, place);
      }
    }
  }

  #tellEnd({ request, reason, why }: ClusterEvent & { readonly what: "ended" }): void {
    if (reason === undefined) return this.#happened("released", request);
    this.#happened(reason === "broken" ? "broken" : "lost", request, why ?? reason);
  }

  #happened(what: Happening["what"], { places }: LockRequest, reason?: string): void {
    if (!this.watcher) return;
    for (const place of places) {
      const happening = { what, name: place.resource.name, party: partyOf(place, 0) };
      this.watcher(reason === undefined ? happening : { ...happening, reason });
    }
  }

  #ticketOf({ session: { id }, id: request }: LockRequest) {
    return this.#parts.tickets.find(id, request);
  }
}
