/**
 * What an administrator may ask of a daemon: who is here, out with one, how it does, leave service. What changes something is written to the
 * audit log.
 *
 * @module
 */
import type { DaemonStatus, SessionState } from "../../client/protocol/messages.ts";
import type { Clock } from "../base/clock.ts";
import type { Session, Sessions } from "./sessions.ts";

/** What an administration needs of its daemon. */
export interface AdministrationOptions {
  readonly sessions: Sessions;
  readonly clock: Clock;
  /** What never changes while the daemon runs. */
  readonly daemon: Pick<DaemonStatus, "version" | "server" | "store" | "directory" | "limits">;
  /** How many connections are open. */
  readonly connectionCount: () => number;
  /** Makes the daemon leave service, soon but not within the call; harmless when it does. Answers how many ms holders have at most. */
  readonly drain: () => number;
}

/** Some sessions, and where to go on. */
export interface SessionPage {
  readonly sessions: readonly SessionState[];
  /** The id of the last one when more follow, else null. */
  readonly next: string | null;
}

/** The administration of one daemon. */
export class Administration {
  readonly #options: AdministrationOptions;
  readonly #startMs: number;

  constructor(options: AdministrationOptions) {
    this.#options = options;
    this.#startMs = options.clock.now();
  }

  /** The sessions with ids after `after`, `limit` at most, in order of their ids (by code unit). */
  list({ after, limit }: { readonly after: string; readonly limit: number }): SessionPage {
    const { sessions } = this.#options;
    const found = [...sessions.all()].filter(({ id }) => id > after).sort((a, b) => a.id < b.id ? -1 : 1);
    const page = found.slice(0, limit).map((session) => this.#describe(session));
    return { sessions: page, next: found.length > limit ? page.at(-1)?.session ?? null : null };
  }

  /** Ends the session with that id, and tells its client why; harmless when there is none. */
  kick(by: Session, { session: id, reason }: { readonly session: string; readonly reason: string }): void {
    const { sessions } = this.#options;
    const session = sessions.find(id);
    if (!session) return;
    const { listener, client } = session;
    sessions.audit("session.kick", {
      session: by.id,
      client: by.client,
      kicked: id,
      kickedClient: client,
      reason,
    });
    session.end();
    listener?.hangUp(`kicked: ${reason}`);
  }

  /** How the daemon does. */
  status(): DaemonStatus {
    const { sessions, clock, daemon, connectionCount } = this.#options;
    const { store } = sessions;
    return {
      ...daemon,
      uptime: Math.round(clock.now() - this.#startMs),
      guarantee: store.guarantee,
      draining: sessions.draining,
      counts: {
        connections: connectionCount(),
        sessions: sessions.size,
        detached: sessions.detachedCount,
        locks: store.lockCount,
        waiters: store.waiterCount,
      },
    };
  }

  /** Makes the daemon leave service. Answers how many ms holders have at most. */
  drain(by: Session): number {
    const { sessions, drain } = this.#options;
    sessions.audit("daemon.drain", { session: by.id, client: by.client });
    return drain();
  }

  #describe(session: Session): SessionState {
    const { sessions, clock } = this.#options;
    const { id, client, stage, transport, sinceWallMs, graceMs, dueMs } = session;
    return {
      session: id,
      ...(client ? { client } : {}),
      state: stage === "detached" ? "detached" : "connected",
      transport,
      since: sinceWallMs,
      ...(graceMs > 0 ? { grace: graceMs } : {}),
      ...(stage === "detached" ? { expires: Math.round(clock.wallMs() + dueMs - clock.now()) } : {}),
      ...sessions.store.countsOf(id),
    };
  }
}
