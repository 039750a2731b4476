/**
 * The watches of a client: each goes on in the next session when its own has ended, and says that events are
 * missing there.
 *
 * @module
 */
import { type ConnectionError, LockError } from "./errors.ts";
import type { Session } from "./session.ts";
import type { WatchHandle, WatchListener } from "./watch.ts";

interface Standing {
  readonly prefix: string;
  readonly listener: WatchListener;
  /** Where it is now, or is being begun. */
  session: Session;
  /** Its id there; undefined until it has begun. */
  id: number | undefined;
}

/** The watches that stand. */
export class StandingWatches {
  readonly #standing = new Set<Standing>();

  /** Begins a watch in a session. Rejected when that refuses or ends; then the watch does not stand. */
  async begin(session: Session, prefix: string, listener: WatchListener): Promise<WatchHandle> {
    const standing: Standing = { prefix, listener, session, id: undefined };
    this.#standing.add(standing);
    try {
      const id = await session.watches.begin(prefix, listener);
      // It may have moved on while its answer was on its way.
      if (standing.session === session) standing.id = id;
    } catch (error) {
      if (standing.session === session) {
        this.#standing.delete(standing);
        throw error;
      }
    }
    return { end: () => this.#end(standing) };
  }

  /** Has all of them go on in another session. */
  moveTo(session: Session): void {
    for (const standing of this.#standing) void this.#move(standing, session);
  }

  /** Nothing is watched any more. */
  endAll(error: ConnectionError): void {
    for (const { listener } of this.#standing) listener.end(error);
    this.#standing.clear();
  }

  async #move(standing: Standing, session: Session): Promise<void> {
    const { prefix, listener, session: before, id: idBefore } = standing;
    if (before === session) return;
    standing.session = session;
    standing.id = undefined;
    // A session that leaves service may live on for its locks.
    if (idBefore !== undefined) before.watches.end(idBefore).catch(() => {});
    const begun = () => listener.tell({ push: "resync", watch: 0, seq: 0 });
    try {
      const id = await session.watches.begin(prefix, { ...bound(listener), begun });
      if (standing.session !== session) return;
      standing.id = id;
      if (!this.#standing.has(standing)) await session.watches.end(id);
    } catch (error) {
      // With the session ended it is begun again in the next one.
      if (!(error instanceof LockError) || session.end !== undefined || standing.session !== session) return;
      if (this.#standing.delete(standing)) listener.end(error);
    }
  }

  async #end(standing: Standing): Promise<void> {
    this.#standing.delete(standing);
    const { session, id } = standing;
    if (id !== undefined) await session.watches.end(id);
  }
}

function bound(listener: WatchListener): WatchListener {
  return { tell: (push) => listener.tell(push), end: (error) => listener.end(error) };
}
