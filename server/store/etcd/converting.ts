/**
 * Gives locks another mode. The old mode is held until the new one is, since one transaction does both.
 *
 * ```text
 *   asked ──▶ waits ──▶ done
 *     └─────────┴─────▶ not done: refused, timed out, cancelled, or the lock ended
 * ```
 *
 * @module
 */
import { Deadlines } from "../../base/deadlines.ts";
import type { Convert } from "../../lock/commands.ts";
import { Conversion } from "../../lock/conversion.ts";
import type { Effect } from "../../lock/effect.ts";
import { covers } from "../../lock/mode.ts";
import { EtcdFault } from "./calls.ts";
import type { Cluster } from "./cluster.ts";
import type { ClusterSessions } from "./cluster_sessions.ts";
import { planConversion } from "./conversion_plan.ts";
import { Standing } from "./name_lines.ts";
import type { NameLines } from "./name_lines.ts";
import type { Hold } from "./plans.ts";
import { faultOfConversion, notHeld, refused, refuseWait } from "./replies.ts";
import type { OwedReplies, Reply } from "./reply.ts";
import type { Ticket, Turning } from "./ticket.ts";
import type { Tickets } from "./tickets.ts";
import type { Entry, Outcome } from "./transaction.ts";

/** What conversions stand on. */
export interface ConvertingParts {
  readonly cluster: Cluster;
  readonly sessions: ClusterSessions;
  readonly tickets: Tickets;
  readonly lines: NameLines;
  readonly replies: OwedReplies;
}

/** Converts for one daemon. */
export class Converting {
  readonly deadlines = new Deadlines<Turning>();
  readonly #parts: ConvertingParts;

  constructor(parts: ConvertingParts) {
    this.#parts = parts;
  }

  /** Converts a lock, lets that wait, or refuses. */
  convert(command: Convert): void {
    const { cluster, tickets, replies, lines } = this.#parts;
    const { session, request, lock, mode } = command;
    const what = `convert ${lock} to ${mode}`;
    const ticket = tickets.find(session, lock);
    if (!ticket) return cluster.emit(notHeld(session, request, `convert ${lock}`));
    const reply = replies.owe(session, request, what);
    const standing = new Standing([ticket.grip.name], "EX");
    lines.join(standing);
    void tickets.chain(ticket, async () => {
      try {
        await this.#convert(ticket, command, reply);
      } catch (error) {
        if (!(error instanceof EtcdFault)) throw error;
        ticket.turning = undefined;
        replies.fail(reply, error.reason === "no-space" ? "etcd's database is full" : error.message);
      } finally {
        lines.leave(standing);
      }
    });
  }

  /** The conversion of a session with that id, if it is under way. */
  find(tickets: Iterable<Ticket>, request: number): Turning | undefined {
    for (const { turning } of tickets) if (turning?.request === request) return turning;
    return undefined;
  }

  /** The cluster has converted it. */
  converted(ticket: Ticket): void {
    const { turning } = ticket;
    if (turning?.isWaiting && ticket.state === "held") this.#finishKnown(turning);
  }

  /** The cluster has forgotten that it waits. */
  forgotten(ticket: Ticket, request: number): void {
    const { turning } = ticket;
    if (turning?.request !== request || !turning.isWaiting || turning.isLeaving) return;
    const message = `Cannot convert ${ticket.grip.name}: its wait was removed from etcd`;
    this.#end(turning, refused(ticket.session.id, request, { code: "CANCELLED", message }));
  }

  /** Takes a conversion back, with that answer; `late` when it was done instead. */
  async withdraw(turning: Turning, effect: Effect, late?: () => void): Promise<void> {
    const { sessions, cluster, tickets } = this.#parts;
    const { ticket } = turning;
    turning.isLeaving = true;
    this.deadlines.remove(turning);
    await tickets.chain(ticket, async () => {
      if (ticket.turning !== turning) return late?.();
      let done: Entry | undefined;
      try {
        const outcome = await sessions.guarding.decide(ticket.session, (guard) => {
          const hold = { ...tickets.holdsOf(ticket)[0] as Hold, ...guard };
          return cluster.plans.withdrawConversion(hold, turning);
        });
        if (outcome?.succeeded) await tickets.reached(outcome.revision, 1_000);
        else done = outcome?.answers[1]?.entries[0];
      } catch (error) {
        if (!(error instanceof EtcdFault)) throw error;
      }
      // It may have been done before it was withdrawn. The mirror may hear of that later.
      if (ticket.turning !== turning) return late?.();
      if (!done || ticket.state !== "held") return this.#end(turning, effect);
      this.#finish(turning, done.created);
      late?.();
    });
  }

  /** Answers the conversion of a lock that is about to end. */
  abort({ turning, grip, session, id }: Ticket): void {
    if (!turning) return;
    turning.isLeaving = true;
    this.deadlines.remove(turning);
    const message = `Cannot convert ${grip.name}: lock ${id} has ended`;
    this.#parts.replies.give(
      turning.reply,
      refused(session.id, turning.request, { code: "NOT_HELD", message }),
    );
  }

  /** Its session goes on elsewhere, where it is answered. */
  forget(turning: Turning): void {
    this.deadlines.remove(turning);
    this.#parts.replies.drop(turning.reply);
  }

  /** Who is in the way of a conversion, as the answer with that code. */
  blocked({ ticket, mode, request, waitMs }: Turning, code: "BUSY" | "TIMEOUT"): Effect {
    const { cluster } = this.#parts;
    const known = cluster.parts.mirror.requests.get(ticket.key);
    const message = `Cannot convert ${ticket.grip.name} to ${mode}: others are in the way`;
    const plain = refused(ticket.session.id, request, { code, message });
    if (known?.state !== "held") return plain;
    const conversion = known.conversion ?? new Conversion(known.place, request, mode, waitMs, Infinity, 0);
    return cluster.capture(() => cluster.answers.blocked(conversion, code)) ?? plain;
  }

  tick(now: number): void {
    for (let turning = this.deadlines.takeDue(now); turning; turning = this.deadlines.takeDue(now)) {
      void this.withdraw(turning, this.blocked(turning, "TIMEOUT"));
    }
  }

  async #convert(ticket: Ticket, command: Convert, reply: Reply): Promise<void> {
    const { replies, cluster } = this.#parts;
    const { session, request, lock, mode, waitMs } = command;
    if (ticket.state !== "held") return replies.give(reply, notHeld(session, request, `convert ${lock}`));
    const { turning } = ticket;
    if (turning?.request === request && turning.mode === mode) return replies.drop(reply);
    const isUsed = this.find(ticket.session.tickets.values(), request) !== undefined;
    const fault = faultOfConversion(ticket, command, isUsed);
    if (fault !== undefined) {
      const message = `Cannot convert ${lock} to ${mode}: ${fault}`;
      return replies.give(reply, refused(session, request, { code: "BAD_REQUEST", message }));
    }
    if (ticket.mode === mode) return this.#tell(ticket, reply);
    const { layout } = cluster.parts;
    const own = `${ticket.key}.${ticket.session.epoch}.${++ticket.session.conversions}`;
    const key = layout.request("c", ticket.grip.name, mode, own);
    const wish: Turning = {
      ticket,
      request,
      mode,
      waitMs,
      reply,
      key,
      isWaiting: false,
      isLeaving: false,
      dueMs: cluster.now + waitMs,
      heapIndex: -1,
    };
    ticket.turning = wish;
    await this.#decide(wish);
  }

  async #decide(turning: Turning): Promise<void> {
    const { sessions, cluster, tickets } = this.#parts;
    const { ticket, mode, request, waitMs } = turning;
    const { session } = ticket;
    const { mirror, limits, calls } = cluster.parts;
    const isWeaker = covers(ticket.mode, mode);
    const limit = waitMs === 0
      ? undefined
      : refuseWait(session, { names: [], count: 1, request }, { mirror, limits });
    const isTry = waitMs === 0 || limit !== undefined || isWeaker;
    for (let attempt = 0, isRepeated = false;; attempt++) {
      await session.opened;
      if (session.stage === "over" || cluster.isClosed) return;
      const guard = sessions.guarding.guard(session);
      try {
        const outcome = await calls.transact(
          planConversion(cluster, turning, { ...tickets.holdsOf(ticket)[0] as Hold, ...guard }, {
            isWeaker,
            isTry,
          }),
        );
        const next = outcome.answers[2]?.entries[0];
        if (outcome.succeeded || next) {
          return this.#done(turning, { outcome, created: next?.created, isWeaker, isRepeated });
        }
        const verdict = sessions.guarding.judge(session, guard, outcome.answers[0]?.entries[0]);
        if (verdict === "over") return;
        if (verdict === "again") continue;
        if (!outcome.answers[1]?.entries[0]) {
          return this.#end(turning, notHeld(session.id, request, `convert ${ticket.id}`));
        }
        if (outcome.answers[3]?.branch?.succeeded) return this.#waits(turning, outcome.revision);
        return this.#end(
          turning,
          limit ? refused(session.id, request, limit) : this.blocked(turning, "BUSY"),
        );
      } catch (error) {
        if (!(error instanceof EtcdFault) || !error.ambiguous) throw error;
        isRepeated = true;
        await cluster.rest(attempt);
        if (!await sessions.guarding.fence(session)) return;
      }
    }
  }

  #done(turning: Turning, { outcome, created, isWeaker, isRepeated }: {
    readonly outcome: Outcome;
    readonly created: number | undefined;
    readonly isWeaker: boolean;
    readonly isRepeated: boolean;
  }): void {
    const { cluster, tickets } = this.#parts;
    const { ticket, mode, reply, key } = turning;
    if (outcome.succeeded) cluster.wrote(outcome.revision);
    ticket.turning = undefined;
    // An earlier copy may have left a wait behind.
    if (isRepeated) {
      ticket.session.litter.set(key, { key, created: 0 });
      tickets.clean(ticket.session);
    }
    if (ticket.state !== "held") return;
    if (covers("CW", mode)) ticket.valueOpen = false;
    ticket.mode = mode;
    ticket.grip.created = created ?? outcome.revision;
    if (!isWeaker) ticket.grip.token = ticket.grip.created;
    this.#tell(ticket, reply);
  }

  #waits(turning: Turning, revision: number): void {
    const { cluster, replies } = this.#parts;
    const { ticket, reply, dueMs } = turning;
    cluster.wrote(revision);
    turning.isWaiting = true;
    // It is answered when the wait is over.
    replies.hold(reply);
    if (dueMs !== Infinity) this.deadlines.add(turning);
    const { mirror } = cluster.parts;
    if (mirror.revision < revision || ticket.state !== "held") return;
    if (mirror.requests.get(ticket.key)?.place.mode === turning.mode) this.#finishKnown(turning);
  }

  /** The mirror says that it is done. */
  #finishKnown(turning: Turning): void {
    const { mirror } = this.#parts.cluster.parts;
    const place = mirror.requests.get(turning.ticket.key)?.place;
    if (place) this.#finish(turning, mirror.known("h", place)?.created ?? place.token);
  }

  /** It is done since that revision. */
  #finish(turning: Turning, created: number): void {
    const { ticket, mode, reply } = turning;
    this.deadlines.remove(turning);
    ticket.turning = undefined;
    ticket.mode = mode;
    ticket.grip.created = ticket.grip.token = created;
    this.#tell(ticket, reply);
  }

  #end(turning: Turning, effect: Effect): void {
    this.deadlines.remove(turning);
    if (turning.ticket.turning === turning) turning.ticket.turning = undefined;
    this.#parts.replies.give(turning.reply, effect);
  }

  #tell({ session, id, mode, grip }: Ticket, reply: Reply): void {
    const { request } = reply;
    const effect = {
      type: "converted",
      session: session.id,
      request,
      lock: id,
      mode,
      token: grip.token,
    } as const;
    this.#parts.replies.give(reply, effect);
  }
}
