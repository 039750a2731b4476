/**
 * Finds who is to be granted what became free. Whoever lets a lock go hands it over in the same transaction; when nobody could (the holder died, or did
 * not know of the wait yet), the daemon of whoever is first takes it.
 *
 * @module
 */
import { Conversion, type Waiter } from "../../lock/conversion.ts";
import { EtcdFault } from "./calls.ts";
import type { Cluster } from "./cluster.ts";
import type { ClusterSession } from "./cluster_session.ts";
import type { ClusterSessions } from "./cluster_sessions.ts";
import { isRequest, parseValue, requestId, type RequestValue } from "./entry_values.ts";
import { heirsOf } from "./heirs.ts";
import type { Heir } from "./plans.ts";
import type { Ticket } from "./ticket.ts";

/** Operations that heirs may add to a release: etcd takes 128 in one transaction. */
const HEIR_OPERATIONS_MAX = 50;
/** Promotes for one daemon. */
export class Promoting {
  readonly #cluster: Cluster;
  readonly #sessions: ClusterSessions;

  constructor(cluster: Cluster, sessions: ClusterSessions) {
    this.#cluster = cluster;
    this.#sessions = sessions;
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
      if (session?.stage === "active" && !mirror.victims.has(waiter)) this.#promote(waiter, session, name, 0);
    }
  }

  #promote(waiter: Waiter, session: ClusterSession, name: string, attempt: number): void {
    const { mirror } = this.#cluster.parts;
    const heir = this.#heir(waiter);
    const mark = heir && `${heir.id} ${heir.created}`;
    if (!heir || mark === undefined || session.promoting.has(mark)) return;
    session.promoting.add(mark);
    const work = async () => {
      let isDone = false;
      try {
        const outcome = await this.#sessions.guarding.decide(session, (guard) => {
          return this.#cluster.plans.promote(heir, guard, this.#cluster.wallMs);
        });
        isDone = outcome === undefined || outcome.succeeded;
      } catch (error) {
        if (!(error instanceof EtcdFault)) throw error;
      }
      // What was in the way is on its way to the mirror; it is looked at again when it came, and once more in case that it came before this.
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

  #heir(waiter: Waiter): Heir | undefined {
    const { mirror } = this.#cluster.parts;
    const request = waiter instanceof Conversion ? waiter.request : waiter;
    const [place] = request.places;
    const id = requestId(request.session.id, request.id);
    if (!place) return undefined;
    const held = mirror.known("h", place);
    const waits = waiter instanceof Conversion ? mirror.knownConversion(waiter) : mirror.known("w", place);
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
