/**
 * Finds who is to be granted what became free. Whoever lets a lock go hands it over in the same transaction;
 * when nobody could (the holder died, or did not know of the wait yet), the daemon of whoever is first takes
 * it.
 *
 * @module
 */
import { Conversion, type Waiter } from "../../lock/conversion.ts";
import { EtcdFault } from "./calls.ts";
import { ANSWER_MS, type Cluster } from "./cluster.ts";
import type { ClusterSession } from "./cluster_session.ts";
import type { ClusterSessions } from "./cluster_sessions.ts";
import { isRequest, parseValue, requestId, type RequestValue } from "./entry_values.ts";
import { heirsOf } from "./heirs.ts";
import type { Heir } from "./plans.ts";
import type { Ticket } from "./ticket.ts";
import type { Tickets } from "./tickets.ts";
import type { Entry } from "./transaction.ts";

/** Operations that heirs may add to a release: etcd takes 128 in one transaction. */
const HEIR_OPERATIONS_MAX = 50;
/**
 * How many are taken at a time. Thousands may become first at once, and then each of them is looked at with
 * every one that was taken.
 */
const PROMOTIONS_MAX = 64;

/** Promotes for one daemon. */
export class Promoting {
  readonly #cluster: Cluster;
  readonly #sessions: ClusterSessions;
  readonly #tickets: Tickets;
  /** Names where more are first than could be taken. */
  readonly #behind = new Set<string>();
  #underWay = 0;

  constructor(cluster: Cluster, sessions: ClusterSessions, tickets: Tickets) {
    this.#cluster = cluster;
    this.#sessions = sessions;
    this.#tickets = tickets;
  }

  /** Who can have what a ticket holds. */
  heirsOf(ticket: Ticket): Heir[] {
    const { mirror } = this.#cluster.parts;
    const request = mirror.requests.get(ticket.key);
    // The mirror is behind: whoever waits finds out by itself.
    if (request?.state !== "held") return [];
    const heirs = new Map<Waiter, Heir>();
    let operations = 0;
    for (const { resource } of request.places) {
      if (!resource.queue?.size && resource.conversions.length === 0) continue;
      for (const waiter of heirsOf(resource, request)) {
        if (heirs.has(waiter) || mirror.victims.has(waiter)) continue;
        const heir = this.#heir(waiter);
        if (!heir) continue;
        operations += 2 * heir.names.length + 1;
        if (operations > HEIR_OPERATIONS_MAX) return [...heirs.values()];
        heirs.set(waiter, heir);
      }
    }
    return [...heirs.values()];
  }

  /** Something may have become free there: takes it for those of ours who are first. */
  look(name: string): void {
    const { mirror } = this.#cluster.parts;
    const resource = mirror.resources.get(name);
    if (!resource) return;
    for (const waiter of heirsOf(resource)) {
      const request = waiter instanceof Conversion ? waiter.request : waiter;
      const session = this.#sessions.all.get(request.session.id);
      if (session?.stage !== "active" || mirror.victims.has(waiter)) continue;
      if (this.#underWay >= PROMOTIONS_MAX) return void this.#behind.add(name);
      this.#promote(waiter, session, name, 0);
    }
  }

  #lookBehind(): void {
    for (const name of [...this.#behind]) {
      if (this.#underWay >= PROMOTIONS_MAX) return;
      this.#behind.delete(name);
      this.look(name);
    }
  }

  #promote(waiter: Waiter, session: ClusterSession, name: string, attempt: number): void {
    const { mirror } = this.#cluster.parts;
    const mark = this.#mark(waiter);
    if (mark === undefined || session.promoting.has(mark)) return;
    const heir = this.#heir(waiter);
    if (!heir) return;
    session.promoting.add(mark);
    const work = async () => {
      const isDone = await this.#take(heir, session);
      this.#lookBehind();
      // What was in the way is on its way to the mirror; it is looked at again when it came, and once more in
      // case that it came before this.
      if (!isDone) await this.#cluster.rest(attempt);
      session.promoting.delete(mark);
      if (isDone || this.#cluster.isClosed || session.stage !== "active") return;
      const resource = mirror.resources.get(name);
      if (resource && heirsOf(resource).some((each) => each === waiter)) {
        this.#promote(waiter, session, name, Math.min(attempt + 1, 10));
      }
    };
    void this.#cluster.later(work());
  }

  /** Whether nothing is left to be done for it. */
  async #take(heir: Heir, session: ClusterSession): Promise<boolean> {
    this.#underWay++;
    try {
      const outcome = await this.#sessions.guarding.decide(session, (guard) => {
        return this.#cluster.plans.promote(heir, guard, this.#cluster.wallMs);
      });
      // Until the mirror hears of it, it is first there as before.
      if (outcome?.succeeded) await this.#tickets.reached(outcome.revision, ANSWER_MS);
      return outcome === undefined || outcome.succeeded;
    } catch (error) {
      if (!(error instanceof EtcdFault)) throw error;
      return false;
    } finally {
      this.#underWay--;
    }
  }

  /** Names a wait for ever. */
  #mark(waiter: Waiter): string | undefined {
    const wait = this.#waitOf(waiter);
    const { session, id } = waiter instanceof Conversion ? waiter.request : waiter;
    return wait && `${requestId(session.id, id)} ${wait.created}`;
  }

  #waitOf(waiter: Waiter): Entry | undefined {
    const { mirror } = this.#cluster.parts;
    if (waiter instanceof Conversion) return mirror.knownConversion(waiter);
    return waiter.places[0] && mirror.known("w", waiter.places[0]);
  }

  #heir(waiter: Waiter): Heir | undefined {
    const { mirror } = this.#cluster.parts;
    const request = waiter instanceof Conversion ? waiter.request : waiter;
    const [place] = request.places;
    const id = requestId(request.session.id, request.id);
    if (!place) return undefined;
    const held = mirror.known("h", place);
    const waits = this.#waitOf(waiter);
    const entry = waiter instanceof Conversion ? held : waits;
    const value = entry && parseValue<RequestValue>(entry.value, isRequest);
    if (!waits || !entry || !value) return undefined;
    return {
      lease: entry.lease,
      value,
      id,
      mode: waiter instanceof Conversion ? waiter.mode : place.mode,
      names: value.names,
      created: waits.created,
      ...(waiter instanceof Conversion && held
        ? { converts: { from: place.mode, created: held.created, key: waits.key } }
        : {}),
    };
  }
}
