/**
 * What an administrator does with a daemon.
 *
 * @module
 */
import { ask } from "./asking.ts";
import type { DaemonStatus, SessionsAnswer, SessionState } from "./protocol/messages.ts";
import type { Presence } from "./presence.ts";

/** Asks a daemon about itself and its sessions, and tells it what to do. Got from `client.administrator`. */
export class Administrator {
  readonly #presence: Presence;

  /** @internal Made by clients. */
  constructor(presence: Presence) {
    this.#presence = presence;
  }

  /**
   * Goes through the sessions of the daemon, sorted by id. They are fetched page by page, so one that comes
   * or goes meanwhile may be missed.
   */
  async *sessions(): AsyncGenerator<SessionState, void, undefined> {
    let after: string | null | undefined;
    do {
      const page: SessionsAnswer = await ask(this.#presence, "sessions", { after });
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
    await ask(this.#presence, "kick", { session, reason });
  }

  /** Tells how the daemon does. */
  async status(): Promise<DaemonStatus> {
    const { id: _id, ok: _ok, ...status } = await ask(this.#presence, "status", {});
    return status;
  }

  /** Makes the daemon leave service. Gives how many milliseconds holders have at most. */
  async drain(): Promise<number> {
    const { closesIn } = await ask(this.#presence, "drain", {});
    return closesIn;
  }
}
