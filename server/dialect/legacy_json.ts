/**
 * The dialect of the original distrilock: four commands in JSON (`docs/dialects.md` section 2). Nothing
 * waits, and what a connection holds ends with it.
 *
 * A name is known here from the grant of its lock to its release or loss.
 *
 * @module
 */
import type { NameState } from "../../client/protocol/messages.ts";
import type { Mode } from "../../client/protocol/modes.ts";
import type { Access } from "../session/access.ts";
import type { SessionListener } from "../session/listener.ts";
import type { Session } from "../session/session.ts";
import type { Sessions } from "../session/sessions.ts";
import type { Effect } from "../store/store.ts";
import {
  CLOSE,
  type CloseCode,
  type Conversation,
  type Fault,
  profileAt,
  type Wire,
} from "./conversation.ts";
import {
  COMMAND,
  type LegacyOutcome,
  type LegacyRequest,
  NO_REQUEST,
  readLegacyRequest,
  REASON,
  RESULT,
  writeLegacyAnswer,
} from "./legacy_request.ts";

/** What the dialect of the original needs to know. */
export interface LegacyOptions {
  readonly sessions: Sessions;
  /** Who the request for the WebSocket came from: the dialect itself has no words for it. */
  readonly access: Access;
}

/** How others see who holds a lock through such a connection. */
const CLIENT = { name: "a distrilock 0.1 client" };

/** What the original's four commands can come to. */
const OUTCOME = {
  done: outcome(RESULT.success, REASON.none, true),
  free: outcome(RESULT.success, REASON.none, false),
  noOp: outcome(RESULT.success, REASON.noOp, true),
  otherSession: outcome(RESULT.failed, REASON.otherSession, true),
  otherProcess: outcome(RESULT.failed, REASON.otherProcess, true),
  notFound: outcome(RESULT.failed, REASON.notFound, false),
} as const;

type Refused = Effect & { readonly type: "refused" };

/** A conversation in the dialect of the original. */
export class LegacyConversation implements Conversation, SessionListener {
  /** The path says what is spoken here, and a peer may be silent as long as it likes. */
  readonly introduced = true;
  readonly #sessions: Sessions;
  readonly #access: Access;
  readonly #wire: Wire;
  /** Requests without an answer, by their ids. */
  readonly #asked = new Map<number, LegacyRequest>();
  /** The ids of the acquires of what the connection holds. */
  readonly #held = new Map<string, number>();
  #session: Session | undefined;
  #lastId = 0;

  constructor({ sessions, access }: LegacyOptions, wire: Wire) {
    this.#sessions = sessions;
    this.#access = access;
    this.#wire = wire;
  }

  receive(frame: string): void {
    const { request, fault } = readLegacyRequest(frame);
    if (fault !== undefined) return this.#say(request, outcome(RESULT.badRequest, fault, false));
    const { transport } = this.#wire;
    this.#session ??= this.#sessions.open(this, profileAt(this.#wire, CLIENT), {
      access: this.#access,
      transport,
    });
    if (this.#session) return this.#carryOut(this.#session, request);
    this.#say(
      request,
      broken({ code: "DRAINING", message: "Cannot open a session: the daemon leaves service" }),
    );
    this.#wire.close(CLOSE.goingAway);
  }

  fail(fault: Fault, close: CloseCode): void {
    // Who sends binary frames would not understand text.
    if (close !== CLOSE.unsupportedData) {
      this.#say(
        NO_REQUEST,
        close === CLOSE.policy ? broken(fault) : outcome(RESULT.badRequest, fault.message, false),
      );
    }
    this.#wire.close(close);
  }

  timeOut(): void {
    // Everybody is introduced, and silence is allowed.
  }

  ended(): void {
    this.#session?.end();
    this.#session = undefined;
  }

  hear(effect: Effect): void {
    switch (effect.type) {
      case "granted":
        this.#held.set(effect.fenced[0].name, effect.request);
        return this.#answer(effect.request, OUTCOME.done);
      case "released":
        return this.#answer(effect.request, OUTCOME.free);
      case "verified":
        return this.#answer(effect.request, OUTCOME.done);
      case "refused":
        return this.#answer(effect.request, refusalOutcome(effect));
      case "described": {
        const { request, state, outside } = effect;
        const asked = this.#asked.get(request);
        if (!asked) return;
        return this.#answer(
          request,
          asked.Command === COMMAND.peek ? peekOutcome(state, outside) : absenceOutcome(state),
        );
      }
      case "lost":
        if (this.#held.get(effect.name) === effect.lock) this.#held.delete(effect.name);
        return;
      default:
        // Nothing else was asked for, and nothing else has words here.
    }
  }

  drain(): void {
    // Nobody waits, and what is held stays until it is given back.
  }

  hangUp(): void {
    this.#wire.close(CLOSE.goingAway);
  }

  #carryOut(session: Session, request: LegacyRequest): void {
    const { Command, LockName: name } = request;
    const held = this.#held.get(name);
    if (Command === COMMAND.acquire) {
      if (held !== undefined) return this.#say(request, OUTCOME.noOp);
      return session.acquire(this.#ask(request), { names: [name], mode: "EX", waitMs: 0 });
    }
    // Of a lock that is not the connection's, all that is left to say is whose it is.
    if (held === undefined || Command === COMMAND.peek) return session.who(this.#ask(request), name);
    if (Command === COMMAND.verify) return session.verify(this.#ask(request), held);
    this.#held.delete(name);
    session.release(this.#ask(request), held);
  }

  #ask(request: LegacyRequest): number {
    this.#asked.set(++this.#lastId, request);
    return this.#lastId;
  }

  #answer(id: number, came: LegacyOutcome): void {
    const request = this.#asked.get(id);
    if (!request) return;
    this.#asked.delete(id);
    this.#say(request, came);
  }

  #say(request: LegacyRequest, came: LegacyOutcome): void {
    this.#wire.send(writeLegacyAnswer(request, came));
  }
}

function outcome(Result: LegacyOutcome["Result"], Reason: string, IsLocked: boolean): LegacyOutcome {
  return { Result, Reason, IsLocked };
}

/** What the original never ran into. */
function broken({ code, message }: Fault): LegacyOutcome {
  return outcome(RESULT.internalError, `${code}: ${message}`, false);
}

function refusalOutcome(refused: Refused): LegacyOutcome {
  switch (refused.code) {
    case "BUSY":
      // Waiters, and what is known of other daemons, may stand there too: who is here and has a token, holds
      // it here.
      return (refused.blockedBy ?? []).some(({ token, daemon }) =>
          token !== undefined && daemon === undefined
        )
        ? OUTCOME.otherSession
        : OUTCOME.otherProcess;
    case "NOT_HELD":
      return OUTCOME.notFound;
    default:
      return broken(refused);
  }
}

function peekOutcome(state: NameState, outside: Mode | null): LegacyOutcome {
  return outside !== null || isHeld(state) ? OUTCOME.done : OUTCOME.free;
}

/** Of a lock that the connection does not hold. */
function absenceOutcome(state: NameState): LegacyOutcome {
  return isHeld(state) ? OUTCOME.otherSession : OUTCOME.notFound;
}

function isHeld({ held }: NameState): boolean {
  return held.some(({ mode }) => mode !== "NL");
}
