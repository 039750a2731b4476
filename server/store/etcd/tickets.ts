/**
 * The tickets of all sessions: where their states change, and where the keys go that nobody wants any more.
 *
 * @module
 */
import { Deadlines } from "../../base/deadlines.ts";
import type { LossReason } from "../../../client/protocol/messages.ts";
import type { Effect, SessionId } from "../../lock/effect.ts";
import { EtcdFault } from "./calls.ts";
import type { Cluster } from "./cluster.ts";
import { TRY_ANSWER_MS } from "./cluster.ts";
import type { ClusterSession } from "./cluster_session.ts";
import type { ClusterSessions } from "./cluster_sessions.ts";
import type { Hold } from "./plans.ts";
import { granted } from "./replies.ts";
import type { Ticket } from "./ticket.ts";
import { get, type Operation, remove, since, type Transaction, unchanged } from "./transaction.ts";

/** Keys that are deleted in one transaction. */
const LITTER_KEYS = 60;

/** The tickets of this daemon. */
export class Tickets {
  readonly deadlines = new Deadlines<Ticket>();
  /** How many are held. */
  heldCount = 0;
  readonly #cluster: Cluster;
  readonly #sessions: ClusterSessions;
  readonly #awaited: { readonly revision: number; readonly resolve: () => void }[] = [];

  constructor(cluster: Cluster, sessions: ClusterSessions) {
    this.#cluster = cluster;
    this.#sessions = sessions;
  }

  /** The ticket of a request of the mirror, if it is one of ours. */
  find(session: SessionId, request: number): Ticket | undefined {
    const known = this.#sessions.all.get(session);
    if (known) this.#sessions.check(known, this.#cluster.now);
    return known?.tickets.get(request);
  }

  /** Has work done when all is done that was asked of the ticket before. */
  chain(ticket: Ticket, work: () => Promise<void>): Promise<void> {
    const { flying } = ticket.session;
    const done = this.#cluster.later(ticket.chain.then(work));
    ticket.chain = done;
    flying.add(done);
    void done.then(() => flying.delete(done));
    return done;
  }

  /** etcd has given it what it wants, at that revision. */
  holds(ticket: Ticket, revision: number): void {
    const { session } = ticket;
    if (ticket.isLeaving || session.stage === "over") return this.litter(ticket);
    this.#sessions.check(session, this.#cluster.now);
    if (session.stage !== "active") {
      // Nobody can rely on it yet.
      ticket.state = "waiting";
      return;
    }
    this.#grant(ticket);
    const { mirror } = this.#cluster.parts;
    // Broken before we were told that it is ours.
    if (mirror.revision >= revision && !mirror.requests.has(ticket.key)) this.#vanished(ticket);
  }

  /** Its waits are in etcd since that revision. */
  waits(ticket: Ticket, created: number, revision: number): void {
    ticket.state = "waiting";
    ticket.waitCreated = created;
    this.arm(ticket, ticket.isLeaving ? ticket.dueMs : ticket.patienceEndsMs);
    const { mirror } = this.#cluster.parts;
    if (mirror.revision < revision) return;
    if (mirror.requests.has(ticket.key)) return this.confirm(ticket);
    this.#vanished(ticket);
  }

  /**
   * It waits, and the cluster may have granted it by now, and its session may be one to rely on: then it is
   * held.
   */
  confirm(ticket: Ticket): void {
    const { session, state, isLeaving } = ticket;
    if (state !== "waiting" || isLeaving) return;
    this.#sessions.check(session, this.#cluster.now);
    if (session.stage !== "active") return;
    const { mirror } = this.#cluster.parts;
    const request = mirror.requests.get(ticket.key);
    if (request?.state === "held") {
      for (const place of request.places) {
        const grip = ticket.grips.find(({ name }) => name === place.resource.name);
        if (!grip) continue;
        grip.created = mirror.known("h", place)?.created ?? place.token;
        grip.token = place.token;
        grip.value = mirror.valueFor(grip.name, ticket.mode, ticket.key);
      }
    } else if (ticket.waitCreated > 0) return;
    else if (mirror.revision >= ticket.grip.created) return this.#vanished(ticket);
    this.#grant(ticket);
  }

  /** It ends without a grant, or the answer to it is given already. */
  refuse(ticket: Ticket, effect: Effect): void {
    this.end(ticket);
    this.answer(ticket, effect);
  }

  /** Tells how the acquire came out, once. */
  answer(ticket: Ticket, effect: Effect): void {
    if (ticket.isAnswered) return;
    ticket.isAnswered = true;
    this.#cluster.emit(effect);
  }

  /** It is over here. What is left of it in etcd is for {@link litter}. */
  end(ticket: Ticket): void {
    if (ticket.state === "ended") return;
    if (ticket.state === "held") this.heldCount--;
    ticket.state = "ended";
    this.deadlines.remove(ticket);
    ticket.session.remove(ticket);
  }

  /** It is lost: the holder is told. */
  lose(ticket: Ticket, reason: LossReason): void {
    const { session, id, grip: { name, token } } = ticket;
    this.end(ticket);
    this.#cluster.emit({ type: "lost", session: session.id, lock: id, name, token, reason });
  }

  /** Has the keys of a ticket deleted, whatever they are by now, as soon as etcd can be reached. */
  litter(ticket: Ticket): void {
    const { session, grips, mode, key, wanted, turning } = ticket;
    const { layout } = this.#cluster.parts;
    for (const { name, created } of grips) {
      const hold = layout.request("h", name, mode, key);
      session.litter.set(hold, { key: hold, created });
      if (ticket.waitCreated > 0) {
        const first = layout.request("h", name, wanted.mode, key);
        const wait = layout.request("w", name, wanted.mode, key);
        session.litter.set(first, { key: first, created: 0 }).set(wait, { key: wait, created: 0 });
      }
    }
    if (turning) {
      const converted = layout.request("h", grips[0]?.name ?? "", turning.mode, key);
      session.litter.set(turning.key, { key: turning.key, created: 0 }).set(converted, {
        key: converted,
        created: 0,
      });
    }
    this.clean(session);
  }

  /** Deletes what is not wanted any more. */
  clean(session: ClusterSession): void {
    if (session.isCleaning || session.litter.size === 0) return;
    session.isCleaning = true;
    const done = this.#cluster.later(this.#clean(session));
    session.flying.add(done);
    void done.then(() => session.flying.delete(done));
  }

  /** The locks of a ticket, for a transaction. */
  holdsOf({ session, grips, mode, key }: Ticket): Hold[] {
    const guard = this.#sessions.guarding.guard(session);
    return grips.map(({ name, created }) => ({ ...guard, name, mode, id: key, created }));
  }

  /** Sets the deadline of a ticket. */
  arm(ticket: Ticket, dueMs: number): void {
    this.deadlines.remove(ticket);
    ticket.dueMs = dueMs;
    if (dueMs !== Infinity) this.deadlines.add(ticket);
  }

  /** Sets when a lock ends by itself, from now on. */
  live(ticket: Ticket): void {
    this.deadlines.remove(ticket);
    ticket.startLife(this.#cluster.now);
    if (ticket.dueMs !== Infinity) this.deadlines.add(ticket);
  }

  /**
   * Resolves when the mirror has come to a revision, or after so many milliseconds. Answers whether it has.
   */
  async reached(revision: number, ms: number): Promise<boolean> {
    const { mirror } = this.#cluster.parts;
    if (mirror.revision >= revision) return true;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#awaited.push({ revision, resolve });
    const over = new Promise<void>((done) => void this.#cluster.pause(ms).then(done));
    await Promise.race([promise, over]);
    return mirror.revision >= revision;
  }

  /** The mirror has come to a revision. */
  reachedNow(revision: number): void {
    for (let index = this.#awaited.length - 1; index >= 0; index--) {
      const one = this.#awaited[index];
      if (!one || one.revision > revision) continue;
      this.#awaited.splice(index, 1);
      one.resolve();
    }
  }

  #grant(ticket: Ticket): void {
    const { clock } = this.#cluster.parts;
    ticket.state = "held";
    this.heldCount++;
    ticket.sinceMs = clock.wallMs();
    ticket.grantedMs = clock.now();
    this.live(ticket);
    this.answer(ticket, granted(ticket, this.#cluster.epochMs));
  }

  /** The mirror does not know it, though it is past what etcd answered. */
  #vanished(ticket: Ticket): void {
    const { mirror } = this.#cluster.parts;
    const { session, id } = ticket;
    const reason = mirror.note(session.id, id)?.reason ?? "store";
    if (ticket.state === "held") return this.lose(ticket, reason);
    const message = `Cannot lock ${ticket.grip.name}: it was taken away before it could be told of`;
    this.refuse(ticket, { type: "refused", session: session.id, request: id, code: "CANCELLED", message });
  }

  async #clean(session: ClusterSession): Promise<void> {
    while (session.litter.size > 0 && session.stage !== "over") {
      const chunk = [...session.litter.values()].slice(0, LITTER_KEYS);
      try {
        const outcome = await this.#sessions.guarding.decide(session, ({ epoch }) => {
          const key = this.#cluster.parts.layout.session(session.id);
          return { when: [unchanged(key, epoch)], then: chunk.map(removal), otherwise: [get(key)] };
        });
        if (!outcome) break;
        for (const { key } of chunk) session.litter.delete(key);
      } catch (error) {
        if (!(error instanceof EtcdFault)) throw error;
        await this.#cluster.pause(TRY_ANSWER_MS);
      }
    }
    session.isCleaning = false;
  }
}

function removal({ key, created }: { readonly key: string; readonly created: number }): Operation {
  if (created === 0) return remove(key);
  const txn: Transaction = { when: [since(key, created)], then: [remove(key)], otherwise: [] };
  return { do: "try", txn };
}
