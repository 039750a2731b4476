/**
 * Sessions that answer nothing by themselves, as a store does that takes its time: a test sees what they were
 * asked, and says what came of it.
 *
 * @module
 */
import type { CloseCode, Wire } from "../../../../server/dialect/conversation.ts";
import { type Gate, OPEN_GATE } from "../../../../server/session/access.ts";
import type { SessionListener } from "../../../../server/session/listener.ts";
import type { Session } from "../../../../server/session/session.ts";
import type { Sessions } from "../../../../server/session/sessions.ts";
import type { Effect } from "../../../../server/store/store.ts";

/** An effect, but for the session that it is for. */
type Told = Effect extends infer E ? E extends Effect ? Omit<E, "session"> : never : never;

/** Stands for sessions and wire at once, and remembers. */
export class ScriptedSessions {
  /** What the session was asked: a command, its id, and what it is about. */
  readonly asked: string[] = [];
  /** What was said on the wire; `close` with its code at the end. */
  readonly said: string[] = [];
  /** Whether the daemon takes no more sessions. */
  full = false;
  /** Knows who may open a session. */
  gate: Gate = OPEN_GATE;
  #listener: SessionListener | undefined;

  /** For what opens a session: only what the dialects use. */
  get sessions(): Sessions {
    return this as unknown as Sessions;
  }

  /** The wire of the conversation. */
  get wire(): Wire {
    const { said } = this;
    const wire = {
      send: (frame: string) => said.push(frame),
      close: (code: CloseCode) => said.push(`close ${code}`),
    };
    return wire as unknown as Wire;
  }

  /** As sessions do. */
  open(listener: SessionListener): Session | undefined {
    if (this.full) return undefined;
    this.#listener = listener;
    const note = (verb: string) => (...asked: unknown[]) =>
      void this.asked.push([verb, ...asked.map(shown)].join(" "));
    const session = {
      id: "s",
      acquire: note("acquire"),
      release: note("release"),
      renew: note("renew"),
      cancel: note("cancel"),
      who: note("who"),
      verify: note("verify"),
      end: note("end"),
    };
    return session as unknown as Session;
  }

  /** Something came of what was asked, or just happened. */
  tell(effect: Told): void {
    this.#listener?.hear({ session: "s", ...effect } as Effect);
  }

  /** A grant of one name in EX. */
  grant(request: number, name: string, token: number): void {
    this.tell({ type: "granted", request, mode: "EX", fenced: [{ name, token }] });
  }

  /** What was said since the last look. */
  heard(): string[] {
    return this.said.splice(0);
  }
}

function shown(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
