/**
 * Asks etcd on behalf of sessions. What is asked is guarded by the session's epoch, the revision of its key.
 *
 * Raising the epoch (the *fence*) is one act for two needs: whoever takes a session over shuts out the daemon
 * that had it, and whoever does not know what became of a transaction makes sure that no late copy of it is
 * carried out, before looking and asking again.
 *
 * @module
 */
import { EtcdFault } from "./calls.ts";
import type { Cluster } from "./cluster.ts";
import type { ClusterSession } from "./cluster_session.ts";
import { isSession, parseValue, type SessionValue } from "./entry_values.ts";
import type { Guard } from "./plans.ts";
import {
  type Entry,
  get,
  hasChanged,
  type Outcome,
  put,
  type Transaction,
  unchanged,
} from "./transaction.ts";

/**
 * What is known of an attempt that was turned down: it is to be made again, the session is over, or others
 * were in the way.
 */
export type Verdict = "again" | "over" | "same";

/** Asks for sessions. */
export class Guarding {
  readonly #cluster: Cluster;
  readonly #gone: (session: ClusterSession, movedTo: string | undefined) => void;

  /** `gone` is told of sessions that turn out to have ended. */
  constructor(cluster: Cluster, gone: (session: ClusterSession, movedTo: string | undefined) => void) {
    this.#cluster = cluster;
    this.#gone = gone;
  }

  /** Whose request it is, as of now. */
  guard({ id, epoch, lease }: ClusterSession): Guard {
    return { session: id, epoch, lease };
  }

  /**
   * Has a transaction decided that does no harm when it is carried out twice or late. Undefined when the
   * session is over. Throws an EtcdFault when etcd refuses to carry it out.
   */
  async decide(
    session: ClusterSession,
    build: (guard: Guard) => Transaction,
  ): Promise<Outcome | undefined> {
    for (let attempt = 0;; attempt++) {
      await session.opened;
      if (session.stage === "over" || this.#cluster.isClosed) return undefined;
      const guard = this.guard(session);
      try {
        const outcome = await this.#cluster.parts.calls.transact(build(guard));
        if (outcome.succeeded && hasChanged(outcome)) this.#cluster.wrote(outcome.revision);
        if (outcome.succeeded || this.judge(session, guard, outcome.answers[0]?.entries[0]) === "same") {
          return outcome;
        }
      } catch (error) {
        if (!(error instanceof EtcdFault)) throw error;
        if (error.reason === "lease-gone") this.#gone(session, undefined);
        else if (!error.ambiguous) throw error;
        await this.#cluster.rest(attempt);
      }
    }
  }

  /** Why a guarded transaction was turned down; `entry` is what etcd has of the session. */
  judge(session: ClusterSession, { epoch }: Guard, entry: Entry | undefined): Verdict {
    if (session.stage === "over") return "over";
    if (!entry) {
      this.#gone(session, undefined);
      return "over";
    }
    if (entry.modified === epoch) return "same";
    if (session.epoch !== epoch) return "again";
    const value = parseValue<SessionValue>(entry.value, isSession);
    if (value?.run === this.#cluster.parts.run) {
      // We raised it ourselves, and the answer was lost.
      session.epoch = entry.modified;
      return "again";
    }
    this.#gone(session, value?.daemon ?? "another daemon");
    return "over";
  }

  /**
   * Makes sure that nothing that was asked for the session up to now is carried out any more. False when the
   * session is over.
   */
  async fence(session: ClusterSession): Promise<boolean> {
    const key = this.#cluster.parts.layout.session(session.id);
    const outcome = await this.decide(session, ({ epoch, lease }) => ({
      when: [unchanged(key, epoch)],
      then: [put(key, sessionText(session, this.#cluster), lease)],
      otherwise: [get(key)],
    }));
    if (outcome?.succeeded) session.epoch = outcome.revision;
    return outcome !== undefined;
  }
}

/** What is written of a session. */
export function sessionText(
  { client, attempt, options }: ClusterSession,
  { parts: { run, daemon } }: Cluster,
): string {
  const { graceMs, digest, subject, sinceMs } = options;
  const value: SessionValue = {
    run,
    daemon,
    graceMs,
    sinceMs,
    ...(client ? { client } : {}),
    ...(digest === undefined ? {} : { digest }),
    ...(subject === undefined ? {} : { subject }),
    ...(attempt === 0 ? {} : { attempt }),
  };
  return JSON.stringify(value);
}
