/**
 * How a session comes here that another daemon had.
 *
 * @module
 */
import type { Resume } from "../../client/protocol/messages.ts";
import type { Overtaken } from "../store/overtaken.ts";
import type { SessionId, Unavailable } from "../store/store.ts";
import type { SessionListener } from "./listener.ts";
import type { ResumeOptions } from "./opening.ts";
import { isDigestOf, Secret } from "./secret.ts";
import { Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";

/** Who wants it. */
export interface HandoverOptions extends ResumeOptions {
  readonly listener: SessionListener;
  /** False when the connection has ended meanwhile. */
  readonly isWanted: () => boolean;
}

/**
 * Looks for a session that is not known here, and takes it over from the daemon that had it. Answers by
 * `done`, once, maybe later: undefined when there is none, that is not its secret, or it is another
 * subject's. False when the store's sessions do not outlive their daemons, or this one leaves service; then
 * `done` is not called.
 */
export function adoptSession(
  sessions: Sessions,
  { session, secret: text }: Resume,
  { attempt, access, listener, transport, isWanted }: HandoverOptions,
  done: (session: Session | undefined | Unavailable | Overtaken) => void,
): boolean {
  const { store } = sessions;
  const id = session as SessionId;
  if (sessions.draining || !store.adoptSession || sessions.find(id)) return false;
  const isProven = (digest: string, subject: string) =>
    isDigestOf(digest, text) && subject === access.subject;
  store.adoptSession(id, { attempt, isProven, isWanted }, (adopted) => {
    if (!adopted || "code" in adopted) return done(adopted);
    const { client, graceMs, sinceWallMs, lost } = adopted;
    const secret = new Secret(text);
    // Its client knows it.
    secret.tell();
    const moved = new Session(
      { id, client, access, listener, transport, graceMs, secret, sinceWallMs, attempt },
      sessions,
    );
    sessions.admit(moved, lost);
    done(moved);
  });
  return true;
}
