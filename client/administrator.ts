/**
 * What an administrator does with a daemon.
 *
 * @module
 */
import type { DaemonStatus, SessionState } from "./protocol/messages.ts";
import type { Session } from "./session.ts";

/** Asks a daemon about itself and its sessions, and tells it what to do. Got from `client.administrator`. */
export class Administrator {
  readonly #session: Session;

  /** @internal Made by clients. */
  constructor(session: Session) {
    this.#session = session;
  }

  /** Goes through the sessions of the daemon, sorted by id. They are fetched page by page, so one that comes or goes meanwhile may be missed. */
  async *sessions(): AsyncGenerator<SessionState, void, undefined> {
    let after: string | null | undefined;
    do {
      const page: { sessions: readonly SessionState[]; next: string | null } = await this.#session.ask(
        "sessions",
        { after },
      );
      yield* page.sessions;
      after = page.next;
    } while (after !== null);
  }

  /**
   * Ends a session, with its locks and waits. Its client is told the reason, and the audit log.
   *
   * @throws {LockError} `SESSION_GONE` when there is no such session.
   */
  async kick(session: string, reason: string): Promise<void> {
    await this.#session.ask("kick", { session, reason });
  }

  /** Tells how the daemon does. */
  async status(): Promise<DaemonStatus> {
    const { id: _id, ok: _ok, ...status } = await this.#session.ask("status", {});
    return status;
  }

  /** Makes the daemon leave service. Gives how many milliseconds holders have at most. */
  async drain(): Promise<number> {
    const { closesIn } = await this.#session.ask("drain", {});
    return closesIn;
  }
}
