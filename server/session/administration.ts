/**
 * What an administrator may ask of a daemon: who is here, out with one, how it does, leave service. All of it
 * needs the right `admin`, so there is no way to it but through {@link Administration.admit}. What changes
 * something is written to the audit log, and so is who was not let in.
 *
 * @module
 */
import type { ClientProfile, DaemonStatus, SessionState } from "../../client/protocol/messages.ts";
import type { Clock } from "../base/clock.ts";
import type { LogFields } from "../base/log.ts";
import { type Access, type Denial, denial, WHOLE_DAEMON } from "./access.ts";
import type { Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";

/** What an administration needs of its daemon. */
export interface AdministrationOptions {
  readonly sessions: Sessions;
  readonly clock: Clock;
  /** What never changes while the daemon runs. */
  readonly daemon: Pick<DaemonStatus, "version" | "server" | "store" | "directory" | "limits">;
  /** How many connections are open. */
  readonly connectionCount: () => number;
  /**
   * Makes the daemon leave service, soon but not within the call; harmless when it does. Answers how many ms
   * holders have at most.
   */
  readonly drain: () => number;
}

/** Some sessions, and where to go on. */
export interface SessionPage {
  readonly sessions: readonly SessionState[];
  /** The id of the last one when more follow, else null. */
  readonly next: string | null;
}

/** Who asks: a session, or an interface that has none. */
export interface Asker {
  readonly access: Access;
  /** Its session, if it has one. */
  readonly id?: string;
  readonly client?: ClientProfile | undefined;
}

/** What may be asked of an administration by name, for the message of a denial. */
export type AdministrationVerb = "sessions" | "kick" | "status" | "drain";

/** The door to the administration of one daemon. */
export class Administration {
  readonly #options: AdministrationOptions;
  readonly #startMs: number;

  constructor(options: AdministrationOptions) {
    this.#options = options;
    this.#startMs = options.clock.now();
  }

  /** Lets in who has the right. */
  admit(asker: Asker, verb: AdministrationVerb): Administrator | Denial {
    const { access, id, client } = asker;
    const denied = denial(access, { right: "admin", name: WHOLE_DAEMON, cannot: `Cannot do ${verb}` });
    if (!denied) return new Administrator(this.#options, this.#startMs, asker);
    this.#options.sessions.audit(`denied.${verb}`, { session: id, subject: access.subject, client });
    return denied;
  }
}

/** One who has the right to administrate. */
export class Administrator {
  readonly #options: AdministrationOptions;
  readonly #startMs: number;
  readonly #asker: Asker;

  constructor(options: AdministrationOptions, startMs: number, asker: Asker) {
    this.#options = options;
    this.#startMs = startMs;
    this.#asker = asker;
  }

  /** The sessions with ids after `after`, `limit` at most, in order of their ids (by code unit). */
  list({ after, limit }: { readonly after: string; readonly limit: number }): SessionPage {
    const { sessions } = this.#options;
    const found = [...sessions.all()].filter(({ id }) => id > after).sort((a, b) => a.id < b.id ? -1 : 1);
    const page = found.slice(0, limit).map((session) => this.#describe(session));
    return { sessions: page, next: found.length > limit ? page.at(-1)?.session ?? null : null };
  }

  /** Ends the session with that id, and tells its client why; harmless when there is none. */
  kick({ session: id, reason }: { readonly session: string; readonly reason: string }): void {
    const { sessions } = this.#options;
    const session = sessions.find(id);
    if (!session) return;
    const { listener, client } = session;
    sessions.audit("session.kick", {
      ...this.#who(),
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
  drain(): number {
    const { sessions, drain } = this.#options;
    sessions.audit("daemon.drain", this.#who());
    return drain();
  }

  #who(): LogFields {
    const { id, client, access: { subject } } = this.#asker;
    return { session: id, subject, client };
  }

  #describe(session: Session): SessionState {
    const { sessions, clock } = this.#options;
    const { id, client, stage, transport, sinceWallMs, graceMs, dueMs, access: { subject } } = session;
    return {
      session: id,
      subject,
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
