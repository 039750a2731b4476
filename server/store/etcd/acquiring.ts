/**
 * Asks for locks, and ends waits. The states of tickets are drawn in `ticket.ts`.
 *
 * @module
 */
import type { ErrorCode } from "../../../client/protocol/codes.ts";
import type { Effect } from "../../lock/effect.ts";
import { LockRequest, Place } from "../../lock/request.ts";
import { Resource } from "../../lock/resource.ts";
import { SessionLocks } from "../../lock/session_locks.ts";
import { EtcdFault } from "./calls.ts";
import { type Cluster, TRY_ANSWER_MS } from "./cluster.ts";
import type { ClusterSessions } from "./cluster_sessions.ts";
import { grantedValue, requestValue } from "./entry_values.ts";
import { NameLines, Standing } from "./name_lines.ts";
import type { Guard, Wish } from "./plans.ts";
import { describeNames, refused, refuseWait, unavailable } from "./replies.ts";
import type { Ticket } from "./ticket.ts";
import type { Tickets } from "./tickets.ts";
import type { Outcome } from "./transaction.ts";

/** How long a refused try waits for the mirror to tell who was in the way, in milliseconds. */
const BLOCKER_MS = 200;

/** What etcd made of an attempt. */
type Answer =
  | { readonly is: "held"; readonly created: number; readonly outcome: Outcome }
  | { readonly is: "waiting"; readonly created: number; readonly outcome: Outcome }
  | { readonly is: "blocked"; readonly revision: number }
  | { readonly is: "over" };

/** Asks for one daemon. */
export class Acquiring {
  readonly lines = new NameLines();
  readonly #cluster: Cluster;
  readonly #sessions: ClusterSessions;
  readonly #tickets: Tickets;

  constructor(cluster: Cluster, sessions: ClusterSessions, tickets: Tickets) {
    this.#cluster = cluster;
    this.#sessions = sessions;
    this.#tickets = tickets;
  }

  /** Asks for what a new ticket wants. */
  ask(ticket: Ticket): void {
    const { session, wanted } = ticket;
    const names = ticket.grips.map(({ name }) => name);
    const { resources } = this.#cluster.parts.mirror;
    // Those that will wait do so in the order in which they came here, also where they do not conflict.
    const willWait = names.some((name) => resources.get(name)?.blocks(wanted.mode));
    const standing = new Standing(names, willWait ? "EX" : wanted.mode);
    const turn = this.lines.enter(standing);
    this.#sessions.begin(session);
    this.#tickets.chain(ticket, async () => {
      try {
        await turn;
        await this.#ask(ticket);
      } finally {
        this.lines.leave(standing);
      }
    });
  }

  /**
   * Ends a wait, or an acquire that is under way, with that refusal. What has become a lock meanwhile is
   * given back, or granted if it may be.
   */
  withdraw(
    ticket: Ticket,
    { effect, grants }: { readonly effect: Effect; readonly grants: boolean },
  ): Promise<void> {
    ticket.isLeaving = true;
    ticket.farewell = effect;
    this.#tickets.arm(ticket, this.#cluster.now + TRY_ANSWER_MS);
    return this.#tickets.chain(ticket, () => this.#withdraw(ticket, effect, grants));
  }

  /** Who is in the way of a ticket, as the answer with that code. */
  blocked(ticket: Ticket, code: "BUSY" | "TIMEOUT"): Effect {
    const { mirror } = this.#cluster.parts;
    const known = mirror.request(ticket.session.id, ticket.id);
    const request = known?.state === "waiting" ? known : this.#supposed(ticket);
    const effect = this.#cluster.capture(() => this.#cluster.answers.blocked(request, code));
    return effect ??
      this.#refusal(ticket, code, `Cannot lock ${describeNames(ticket.wanted)}: others are in the way`);
  }

  async #ask(ticket: Ticket): Promise<void> {
    const { session, wanted } = ticket;
    const { mirror, limits } = this.#cluster.parts;
    const names = ticket.grips.map(({ name }) => name);
    // What is under way counts already.
    const limit = wanted.waitMs === 0
      ? undefined
      : refuseWait(session, { names, count: names.length, request: ticket.id }, { mirror, limits });
    try {
      const answer = await this.#decide(ticket, wanted.waitMs === 0 || limit !== undefined);
      if (answer.is === "held") {
        this.#note(ticket, answer);
        return this.#tickets.holds(ticket, answer.outcome.revision);
      }
      if (answer.is === "waiting") {
        return this.#tickets.waits(ticket, answer.created, answer.outcome.revision);
      }
      if (answer.is === "over") return;
      if (limit) return this.#tickets.refuse(ticket, this.#refusal(ticket, limit.code, limit.message));
      if (this.#seesNobody(ticket)) await this.#tickets.reached(answer.revision, BLOCKER_MS);
      this.#tickets.refuse(ticket, this.blocked(ticket, "BUSY"));
    } catch (error) {
      if (!(error instanceof EtcdFault)) throw error;
      const why = error.reason === "no-space" ? "etcd's database is full" : error.message;
      this.#tickets.refuse(ticket, unavailable(session.id, ticket.id, `lock ${describeNames(wanted)}`, why));
    }
  }

  async #decide(ticket: Ticket, isTry: boolean): Promise<Answer> {
    const { session } = ticket;
    let isRepeated = false;
    for (let attempt = 0;; attempt++) {
      await session.opened;
      if (session.stage === "over" || this.#cluster.isClosed) return { is: "over" };
      // Given up before it was ever sent, or at least certainly not there.
      if (ticket.isLeaving && !isRepeated) return { is: "over" };
      const guard = this.#sessions.guarding;
      const epoch = guard.guard(session);
      try {
        const outcome = await this.#cluster.parts.calls.transact(
          this.#plan(ticket, epoch, { isTry, isRepeated }),
        );
        const answer = this.#read(outcome, { isTry, isRepeated });
        if (answer) return answer;
        const verdict = guard.judge(session, epoch, outcome.answers[0]?.entries[0]);
        if (verdict === "over") return { is: "over" };
        if (verdict === "same" && isTry) return { is: "blocked", revision: outcome.revision };
      } catch (error) {
        if (!(error instanceof EtcdFault)) throw error;
        if (error.reason === "lease-gone") {
          this.#sessions.gone(session);
          return { is: "over" };
        }
        if (!error.ambiguous) throw error;
        isRepeated = true;
        await this.#cluster.rest(attempt);
        if (!await guard.fence(session)) return { is: "over" };
      }
    }
  }

  #plan(ticket: Ticket, guard: Guard, how: { readonly isTry: boolean; readonly isRepeated: boolean }) {
    const { wanted } = ticket;
    const { wallMs } = this.#cluster;
    const { waitMs } = wanted;
    const waitEndsMs = waitMs === Infinity ? undefined : Math.round(wallMs + waitMs);
    const waiting = requestValue(wanted, { sinceMs: wallMs, waitEndsMs });
    return this.#cluster.plans.acquire(wishOf(ticket, guard), {
      waiting: JSON.stringify(waiting),
      granted: JSON.stringify(grantedValue(waiting, wallMs)),
      ...how,
    });
  }

  /** Undefined: the session's epoch was another one, or others are in the way. */
  #read(
    outcome: Outcome,
    { isTry, isRepeated }: { readonly isTry: boolean; readonly isRepeated: boolean },
  ): Answer | undefined {
    const { answers, revision } = outcome;
    if (outcome.succeeded) {
      this.#cluster.wrote(revision);
      const key = answers.at(-1)?.entries[0];
      return {
        is: "held",
        created: key?.created ?? revision,
        outcome: isRepeated ? { ...outcome, answers } : outcome,
      };
    }
    const [, held, waiting, queued] = answers;
    const [heldKey, waitingKey] = [held?.entries[0], waiting?.entries[0]];
    if (heldKey) return { is: "held", created: heldKey.created, outcome: { ...outcome, answers: [] } };
    if (waitingKey) return { is: "waiting", created: waitingKey.created, outcome };
    if (isTry || !queued?.branch?.succeeded) return undefined;
    this.#cluster.wrote(revision);
    return { is: "waiting", created: revision, outcome };
  }

  /** Notes tokens and values of a grant. */
  #note(ticket: Ticket, { created, outcome: { answers } }: Answer & { readonly is: "held" }): void {
    const { mirror } = this.#cluster.parts;
    const count = ticket.grips.length;
    // The values are read last but one, in the order of the names.
    const values = answers.slice(-1 - count, -1);
    ticket.grips.forEach((grip, index) => {
      grip.created = grip.token = created;
      const text = values[index]?.entries[0]?.value;
      grip.value = text === undefined
        ? answers.length > 0 ? undefined : mirror.valueFor(grip.name, ticket.mode, ticket.key)
        : mirror.readBlock(text, { name: grip.name, mode: ticket.mode, own: ticket.key });
    });
  }

  async #withdraw(ticket: Ticket, effect: Effect, grants: boolean): Promise<void> {
    if (ticket.state === "asking") return this.#tickets.refuse(ticket, effect);
    if (ticket.state !== "waiting") return;
    try {
      const outcome = await this.#sessions.guarding.decide(ticket.session, (guard) => {
        return this.#cluster.plans.withdraw(wishOf(ticket, guard), ticket.waitCreated);
      });
      if (!outcome) return;
      if (ticket.waitCreated === 0) this.#tickets.litter(ticket);
      const isHeld = !outcome.succeeded && outcome.answers[1]?.entries[0] !== undefined;
      if (!isHeld) return this.#tickets.refuse(ticket, effect);
      if (grants && !ticket.isAnswered) {
        ticket.isLeaving = false;
        ticket.farewell = undefined;
        return this.#tickets.confirm(ticket);
      }
      this.#tickets.litter(ticket);
      this.#tickets.refuse(ticket, effect);
    } catch (error) {
      if (!(error instanceof EtcdFault)) throw error;
      this.#tickets.litter(ticket);
      this.#tickets.refuse(ticket, effect);
    }
  }

  #seesNobody(ticket: Ticket): boolean {
    const effect = this.blocked(ticket, "BUSY");
    return effect.type === "refused" && (effect.blockedBy?.length ?? 0) === 0;
  }

  /** The ticket as a newcomer to the mirror, which does not learn of it. */
  #supposed({ session: { id, client }, wanted, sinceMs }: Ticket): LockRequest {
    const { resources } = this.#cluster.parts.mirror;
    const request = new LockRequest(new SessionLocks(id, client), wanted, Infinity, sinceMs);
    request.places = [...wanted.names].sort().map((name) => {
      return new Place(request, resources.get(name) ?? new Resource(name), wanted.mode);
    });
    return request;
  }

  #refusal({ session, id }: Ticket, code: ErrorCode, message: string): Effect {
    return refused(session.id, id, { code, message });
  }
}

/** What a ticket wants, for a transaction. */
function wishOf(ticket: Ticket, guard: Guard): Wish {
  return {
    ...guard,
    id: ticket.key,
    mode: ticket.wanted.mode,
    names: ticket.grips.map(({ name }) => name),
  };
}
