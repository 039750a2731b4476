/**
 * Ends locks that are released or have run out, and changes what is written of them.
 *
 * @module
 */
import type { LossReason } from "../../../client/protocol/messages.ts";
import type { LockCommand, Renew, SetValue } from "../../lock/commands.ts";
import { wallTime } from "../../lock/description.ts";
import type { SessionId } from "../../lock/effect.ts";
import type { Acquiring } from "./acquiring.ts";
import { EtcdFault } from "./calls.ts";
import type { Converting } from "./converting.ts";
import type { Cluster } from "./cluster.ts";
import type { ClusterSessions } from "./cluster_sessions.ts";
import { requestValue } from "./entry_values.ts";
import { Standing } from "./name_lines.ts";
import type { Promoting } from "./promoting.ts";
import { notHeld, refused } from "./replies.ts";
import type { OwedReplies, Reply } from "./reply.ts";
import type { Ticket } from "./ticket.ts";
import type { Tickets } from "./tickets.ts";
import { hasChanged } from "./transaction.ts";

/** What letting go stands on. */
export interface LettingGoParts {
  readonly cluster: Cluster;
  readonly sessions: ClusterSessions;
  readonly tickets: Tickets;
  readonly acquiring: Acquiring;
  readonly promoting: Promoting;
  readonly converting: Converting;
  readonly replies: OwedReplies;
}

/** Ends locks of one daemon, and changes what is written of them. */
export class LettingGo {
  readonly #parts: LettingGoParts;

  constructor(parts: LettingGoParts) {
    this.#parts = parts;
  }

  /** Releases a lock; told when etcd has carried it out. */
  release({ session, request, lock }: LockCommand): void {
    const { cluster, tickets, replies } = this.#parts;
    const ticket = tickets.find(session, lock);
    if (!ticket) return cluster.emit(notHeld(session, request, `release ${lock}`));
    const reply = replies.owe(session, request, `release ${lock}`);
    void this.leave(ticket, (isDone) => {
      if (isDone) replies.give(reply, { type: "released", session, request, lock });
      else replies.give(reply, notHeld(session, request, `release ${lock}`));
    });
  }

  /** Releases all that a session holds. */
  async releaseAll(session: SessionId, request: number): Promise<void> {
    const { sessions, replies } = this.#parts;
    const reply = replies.owe(session, request, "release all");
    // Those that were asked for before: sent once more, it frees none that came later.
    const held = [...sessions.all.get(session)?.tickets.values() ?? []].filter(({ state, id }) =>
      state === "held" && id < request
    );
    let locks = 0;
    await Promise.all(held.map((ticket) => this.leave(ticket, (isDone) => void (isDone && locks++))));
    replies.give(reply, { type: "released-all", session, request, locks });
  }

  /** Lets a ticket go if it is held when its turn comes, and tells whether it was. */
  leave(ticket: Ticket, done: (isDone: boolean) => void): Promise<void> {
    const { acquiring, tickets } = this.#parts;
    const standing = new Standing(ticket.grips.map(({ name }) => name), "EX");
    acquiring.lines.join(standing);
    return tickets.chain(ticket, async () => {
      try {
        const isHeld = ticket.state === "held";
        if (isHeld) await this.#leave(ticket);
        done(isHeld);
      } finally {
        acquiring.lines.leave(standing);
      }
    });
  }

  /**
   * A lock has lived long enough. Its holder is told at once; nobody else gets it before etcd has carried it
   * out.
   */
  expire(ticket: Ticket, reason: LossReason): void {
    const { cluster, tickets } = this.#parts;
    const { session, grip: { name, token } } = ticket;
    const holds = tickets.holdsOf(ticket);
    tickets.lose(ticket, reason);
    const done = cluster.later((async () => {
      for (let attempt = 0; session.stage !== "over" && !cluster.isClosed; attempt++) {
        try {
          const outcome = await cluster.parts.calls.transact(
            cluster.plans.end(holds, { reason, name, token }),
          );
          return hasChanged(outcome) ? cluster.wrote(outcome.revision) : undefined;
        } catch (error) {
          if (!(error instanceof EtcdFault)) throw error;
          // No room for the note.
          if (!error.ambiguous) return tickets.litter(ticket);
          await cluster.rest(attempt);
        }
      }
    })());
    session.flying.add(done);
    void done.then(() => session.flying.delete(done));
  }

  /** Lets a lock live longer. */
  renew({ session, request, lock, ttlMs }: Renew): void {
    this.#rewrite({ session, request, lock }, "renew", async (ticket, reply) => {
      const { cluster, tickets, replies, sessions } = this.#parts;
      if (ttlMs !== undefined) ticket.ttlMs = ttlMs;
      tickets.live(ticket);
      const expires = wallTime(ticket.endsMs, cluster.epochMs);
      const value = requestValue({
        ...ticket.wanted,
        ttlMs: ticket.ttlMs === Infinity ? undefined : ticket.ttlMs,
      }, {
        sinceMs: ticket.sinceMs,
        expiresMs: expires,
        token: ticket.grip.token === ticket.grip.created ? undefined : ticket.grip.token,
      });
      const outcome = await sessions.guarding.decide(ticket.session, (guard) => {
        const holds = tickets.holdsOf(ticket).map((hold) => ({ ...hold, ...guard }));
        return cluster.plans.rewrite(holds, JSON.stringify(value));
      });
      if (!outcome?.succeeded) return replies.give(reply, notHeld(session, request, `renew ${lock}`));
      const renewed = { type: "renewed", session, request, lock } as const;
      // Rounded down: a holder may think that it has less time, never that it has more.
      const expiresInMs = Math.max(0, Math.floor(ticket.endsMs - cluster.now));
      replies.give(reply, expires === undefined ? renewed : { ...renewed, expires, expiresInMs });
    });
  }

  /** Leaves a value for later holders. */
  setValue({ session, request, lock, value: text }: SetValue): void {
    this.#rewrite({ session, request, lock }, "set a value with", async (ticket, reply) => {
      const { cluster, tickets, replies, sessions } = this.#parts;
      const subject = `Cannot set a value with ${lock}`;
      const fault = ticket.grips.length > 1
        ? `it is a lock of ${ticket.grips.length} names`
        : ticket.mode === "PW" || ticket.mode === "EX"
        ? undefined
        : `it is held in ${ticket.mode}, and only PW and EX may`;
      if (fault !== undefined) {
        return replies.give(
          reply,
          refused(session, request, { code: "BAD_REQUEST", message: `${subject}: ${fault}` }),
        );
      }
      const block = { name: ticket.grip.name, value: { text, valid: true, open: ticket.key } };
      const outcome = await sessions.guarding.decide(ticket.session, (guard) => {
        const holds = tickets.holdsOf(ticket).map((hold) => ({ ...hold, ...guard }));
        return cluster.plans.rewrite(holds, undefined, block);
      });
      if (!outcome?.succeeded) {
        return replies.give(reply, notHeld(session, request, `set a value with ${lock}`));
      }
      ticket.valueOpen = true;
      ticket.valueText = text;
      replies.give(reply, { type: "value-set", session, request, lock });
    });
  }

  /** Asks etcd whether a lock is held. */
  verify({ session, request, lock }: LockCommand): void {
    this.#rewrite({ session, request, lock }, "verify that it is held:", async (ticket, reply) => {
      const { cluster, tickets, replies } = this.#parts;
      const { layout, calls } = cluster.parts;
      const keys = ticket.grips.map(({ name }) => layout.request("h", name, ticket.mode, ticket.key));
      const gets = keys.map((key) => ({ do: "get", key } as const));
      const read = () => calls.transact({ when: [], then: gets, otherwise: [] });
      const outcome = await cluster.repeat(read, () => reply.isGiven);
      if (!outcome) return;
      const { answers } = outcome;
      const isThere = ticket.grips.every(({ created }, index) =>
        answers[index]?.entries[0]?.created === created
      );
      if (isThere && ticket.state === "held") {
        return replies.give(reply, { type: "verified", session, request, lock, token: ticket.grip.token });
      }
      if (ticket.state === "held") {
        tickets.lose(ticket, "store");
        tickets.litter(ticket);
      }
      const message = `Cannot verify that ${lock} is held: etcd says that it is not`;
      replies.give(reply, refused(session, request, { code: "NOT_HELD", message }));
    });
  }

  async #leave(ticket: Ticket): Promise<void> {
    const { cluster, tickets, sessions, promoting } = this.#parts;
    ticket.isLeaving = true;
    this.#parts.converting.abort(ticket);
    const block = ticket.valueOpen
      ? { name: ticket.grip.name, value: { text: ticket.valueText, valid: true } }
      : undefined;
    const wasTurning = ticket.turning !== undefined;
    let plain = false;
    for (let attempt = 0;; attempt++) {
      try {
        const outcome = await sessions.guarding.decide(ticket.session, (guard) => {
          const holds = tickets.holdsOf(ticket).map((hold) => ({ ...hold, ...guard }));
          const heirs = plain ? [] : promoting.heirsOf(ticket);
          return cluster.plans.release(holds, {
            heirs,
            block: plain ? undefined : block,
            wallMs: cluster.wallMs,
          });
        });
        if (outcome?.answers[2]?.branch?.succeeded) cluster.wrote(outcome.revision);
        // It may have been converted while this was under way.
        if (wasTurning) tickets.litter(ticket);
        return tickets.end(ticket);
      } catch (error) {
        if (!(error instanceof EtcdFault)) throw error;
        // A full database refuses puts, and so a hand-over, but not what frees a lock.
        plain = true;
        if (attempt > 0) await cluster.rest(attempt);
      }
    }
  }

  #rewrite(
    { session, request, lock }: LockCommand,
    verb: string,
    work: (ticket: Ticket, reply: Reply) => Promise<void>,
  ): void {
    const { cluster, tickets, replies } = this.#parts;
    const ticket = tickets.find(session, lock);
    if (!ticket) return cluster.emit(notHeld(session, request, `${verb} ${lock}`));
    const reply = replies.owe(session, request, `${verb} ${lock}`);
    void tickets.chain(ticket, async () => {
      if (ticket.state !== "held") return replies.give(reply, notHeld(session, request, `${verb} ${lock}`));
      try {
        await work(ticket, reply);
      } catch (error) {
        if (!(error instanceof EtcdFault)) throw error;
        replies.fail(reply, error.reason === "no-space" ? "etcd's database is full" : error.message);
      }
    });
  }
}
