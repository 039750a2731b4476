/**
 * The native dialect: requests and answers of `docs/protocol.md`, one JSON object a frame.
 *
 * ```text
 *   NEW ──hello──▶ OPEN ──▶ OVER      [ended, hangUp, bye]; from NEW too
 *    └──▶ RESUMING ──▲ └──▶ NEW        [resume]
 * ```
 *
 * - NEW: no session; anything but a hello is refused.
 * - RESUMING: its session is being fetched from another daemon; what the peer says meanwhile is kept for
 *   later, up to a limit.
 * - OPEN: requests go to the session, its effects come back as answers and pushes.
 * - OVER: no session. Its session may go on without it, see `server/session/session_check.ts`.
 *
 * @module
 */
import {
  type CheckedHello,
  type CheckedRequest,
  decodeRequest,
  encodeMessage,
} from "../../client/protocol/codec.ts";
import type { ErrorCode } from "../../client/protocol/codes.ts";
import type { Guarantee, HelloAnswer, Resume, ServerMessage } from "../../client/protocol/messages.ts";
import { PROTOCOL_VERSION } from "../../client/protocol/version.ts";
import { type Access, isAccess } from "../session/access.ts";
import type { Administration, AdministrationVerb, Administrator } from "../session/administration.ts";
import { adoptSession } from "../session/handover.ts";
import type { SessionListener } from "../session/listener.ts";
import type { Session } from "../session/session.ts";
import type { Sessions } from "../session/sessions.ts";
import type { WatchEffect } from "../session/watches.ts";
import type { Effect } from "../store/store.ts";
import {
  CLOSE,
  type CloseCode,
  type Conversation,
  type Fault,
  profileAt,
  type Wire,
} from "./conversation.ts";
import { KeptFrames } from "./kept_frames.ts";
import { messageOf } from "./native_message.ts";
import { ask } from "./native_request.ts";

/** What the native dialect tells of the server. */
export interface NativeOptions {
  readonly sessions: Sessions;
  readonly administration: Administration;
  readonly guarantee: Guarantee;
  readonly server: HelloAnswer["server"];
  readonly limits: HelloAnswer["limits"];
  /** After so many ms of silence each side asks the other for a sign of life; 0 = never. */
  readonly heartbeatMs: number;
}

/** A conversation in the native dialect. */
export class NativeConversation implements Conversation, SessionListener {
  readonly heartbeatMs: number;
  readonly #options: NativeOptions;
  readonly #wire: Wire;
  #session: Session | undefined;
  /** What came while RESUMING. */
  readonly #kept: KeptFrames;
  #isOver = false;

  constructor(options: NativeOptions, wire: Wire) {
    this.heartbeatMs = options.heartbeatMs;
    this.#options = options;
    this.#wire = wire;
    this.#kept = new KeptFrames(options.limits.frameBytesMax);
  }

  get introduced(): boolean {
    return this.#session !== undefined;
  }

  receive(frame: string): void {
    if (this.#kept.isOpen) return this.#keep(frame);
    // Nothing may be vouched for when the store cannot any more: not even by the answer to a ping.
    this.#session?.check();
    if (this.#isOver) return;
    const request = decodeRequest(frame);
    if ("fault" in request) this.#refuse(request.id, request.code, request.message);
    else if (request.op === "hello") this.#hello(request);
    else if (this.#session) this.#carryOut(this.#session, request);
    else {
      const message = `Cannot ${request.op}: the first request of a connection is hello`;
      this.#refuse(request.id, "BAD_REQUEST", message);
    }
  }

  fail({ code, message }: Fault, close: CloseCode): void {
    this.#refuse(null, code, message);
    this.#wire.close(close);
  }

  ping(): void {
    this.#send({ push: "ping" });
  }

  timeOut(afterMs: number): void {
    const fault = this.#session ? `no word for ${afterMs} ms` : `no hello within ${afterMs} ms`;
    this.fail({ code: "TIMEOUT", message: `Cannot keep the connection: ${fault}` }, CLOSE.policy);
  }

  ended(): void {
    this.#isOver = true;
    this.#kept.end();
    this.#session?.leave(this);
    this.#session = undefined;
  }

  get unsentBytes(): number {
    return this.#wire.unsentBytes;
  }

  hear(effect: Effect | WatchEffect): void {
    this.#send(messageOf(effect, this.#options.guarantee));
  }

  drain(closesIn: number): void {
    this.#send({ push: "draining", closesIn });
  }

  hangUp(reason?: string): void {
    this.#isOver = true;
    this.#session = undefined;
    if (reason !== undefined) this.#send({ push: "closing", reason });
    this.#wire.close(reason === undefined ? CLOSE.goingAway : CLOSE.policy);
  }

  #hello({ id, version, token, client, grace, resume }: CheckedHello): void {
    if (version !== PROTOCOL_VERSION) {
      const message = `Cannot speak version ${version}: this server speaks ${PROTOCOL_VERSION}`;
      this.#refuse(id, "UNSUPPORTED", message);
      return this.#wire.close(CLOSE.protocol);
    }
    if (this.#session) {
      return this.#refuse(id, "BAD_REQUEST", "Cannot open a session: the connection has one");
    }
    const { sessions } = this.#options;
    const access = sessions.gate.identify(token, this.#wire.peer);
    if (!isAccess(access)) {
      return this.#wire.closeLater(encodeMessage({ id, ok: false, error: access }), CLOSE.policy);
    }
    if (resume) return this.#resume(id, resume, access);
    const refusal = sessions.refusal(sessions.graceFor(grace));
    if (refusal) {
      this.#refuse(id, refusal.code, refusal.message);
      // Without a grace it may still be welcome; a daemon that leaves has no more to say.
      return refusal.code === "DRAINING" ? this.#wire.close(CLOSE.goingAway) : undefined;
    }
    const { transport } = this.#wire;
    const profile = profileAt(this.#wire, client);
    const session = this.#session = sessions.open(this, profile, { access, graceMs: grace, transport });
    if (session) this.#welcome(id, session, { secret: session.secret?.tell() });
  }

  #resume(id: number, resume: Resume, access: Access): void {
    const { sessions } = this.#options;
    const { transport } = this.#wire;
    const session = sessions.resume(this, resume, { attempt: id, access, transport });
    if (session && "code" in session) return this.#refuse(id, session.code, session.message);
    if (session) return this.#resumed(id, this.#session = session);
    const isWanted = () => !this.#isOver;
    const isAsked = adoptSession(
      sessions,
      resume,
      { attempt: id, listener: this, access, transport, isWanted },
      (found) => {
        const frames = this.#kept.end();
        if (found && "code" in found) this.#refuse(id, found.code, found.message);
        else if (!found) this.#refuseResume(id);
        // The connection has ended meanwhile: the session goes on as if that had been after.
        else if (this.#isOver) return found.leave(this);
        else this.#resumed(id, this.#session = found);
        for (const frame of frames) this.receive(frame);
      },
    );
    if (isAsked) return this.#kept.begin();
    this.#refuseResume(id);
    // Another daemon may have it, or get it.
    if (sessions.isLeaving) this.#wire.close(CLOSE.goingAway);
  }

  /**
   * The same words whether there is no such session, or the secret or the subject is another: whoever guesses
   * learns nothing.
   */
  #refuseResume(id: number): void {
    const [code, fault] = this.#options.sessions.isLeaving
      ? ["DRAINING", "the daemon leaves service"] as const
      : ["SESSION_GONE", "no session with that secret"] as const;
    this.#refuse(id, code, `Cannot resume the session: ${fault}`);
  }

  #resumed(id: number, session: Session): void {
    const { sessions } = this.#options;
    const { locks, waiting } = sessions.store.holdingsOf(session.id);
    this.#welcome(id, session, { resumed: true, locks, waiting, lost: session.lost });
    if (sessions.drainsInMs !== undefined) this.drain(sessions.drainsInMs);
  }

  #welcome(
    id: number,
    session: Session,
    { secret, ...more }: Pick<HelloAnswer, "resumed" | "locks" | "waiting" | "lost"> & {
      readonly secret?: string | undefined;
    },
  ): void {
    const { guarantee, server, limits, heartbeatMs } = this.#options;
    const { validForMs } = session;
    const head = { id, ok: true, version: PROTOCOL_VERSION, session: session.id, guarantee, server } as const;
    this.#send({
      ...head,
      limits,
      heartbeatMs,
      ...(session.graceMs > 0 ? { grace: session.graceMs } : {}),
      ...(validForMs === undefined ? {} : { validFor: validForMs }),
      ...(secret === undefined ? {} : { secret }),
      ...more,
    });
  }

  /** Requests about the connection, sessions and the daemon are answered here, all others by the store. */
  #carryOut(session: Session, request: Exclude<CheckedRequest, CheckedHello>): void {
    const { id } = request;
    switch (request.op) {
      case "ping": {
        const { validForMs } = session;
        return this.#send({ id, ok: true, ...(validForMs === undefined ? {} : { validFor: validForMs }) });
      }
      case "bye":
        this.#send({ id, ok: true });
        this.#session = undefined;
        session.end();
        return this.#wire.close(CLOSE.normal);
      case "sessions":
      case "kick":
      case "status":
      case "drain": {
        const administrator = this.#options.administration.admit(session, request.op);
        if ("code" in administrator) return this.#refuse(id, administrator.code, administrator.message);
        return this.#administrate(administrator, request);
      }
      default:
        return ask(session, request);
    }
  }

  #administrate(
    administrator: Administrator,
    request: CheckedRequest & { readonly op: AdministrationVerb },
  ): void {
    const { id } = request;
    switch (request.op) {
      case "sessions": {
        const { after = "", limit } = request;
        return this.#send({ id, ok: true, ...administrator.list({ after, limit }) });
      }
      case "kick":
        if (!this.#options.sessions.find(request.session)) {
          return this.#refuse(id, "SESSION_GONE", `Cannot kick ${request.session}: there is no such session`);
        }
        // Answered first: it may be the session that asks.
        this.#send({ id, ok: true });
        return administrator.kick(request);
      case "status":
        return this.#send({ id, ok: true, ...administrator.status() });
      case "drain":
        return this.#send({ id, ok: true, closesIn: administrator.drain() });
    }
  }

  #keep(frame: string): void {
    if (this.#kept.keep(frame)) return;
    const { frameBytesMax } = this.#options.limits;
    const message =
      `Cannot keep more than ${frameBytesMax} bytes until the session is resumed, which is frameBytesMax`;
    this.fail({ code: "LIMIT", message }, CLOSE.policy);
  }

  #refuse(id: number | null, code: ErrorCode, message: string): void {
    this.#send({ id, ok: false, error: { code, message } });
  }

  #send(message: ServerMessage): void {
    this.#wire.send(encodeMessage(message));
  }
}
