/**
 * The native dialect: requests and answers of `docs/protocol.md`, one JSON object a frame.
 *
 * ```text
 *   NEW ──hello──▶ OPEN ──▶ ENDED      [ended]; from NEW too
 * ```
 *
 * - NEW: no session; anything but a hello is refused.
 * - OPEN: requests go to the session, its effects come back as answers and pushes.
 * - ENDED: no session, no wire.
 *
 * @module
 */
import { type CheckedRequest, decodeRequest, encodeMessage } from "../../client/protocol/codec.ts";
import type { ErrorCode } from "../../client/protocol/codes.ts";
import type { Guarantee, HelloAnswer, HelloRequest, ServerMessage } from "../../client/protocol/messages.ts";
import { PROTOCOL_VERSION } from "../../client/protocol/version.ts";
import { assertNever } from "../base/assert.ts";
import type { Session, SessionListener, Sessions } from "../session/sessions.ts";
import type { Effect } from "../store/store.ts";
import { CLOSE, type CloseCode, type Conversation, type Wire } from "./conversation.ts";

/** What the native dialect tells of the server. */
export interface NativeOptions {
  readonly sessions: Sessions;
  readonly guarantee: Guarantee;
  readonly server: HelloAnswer["server"];
  readonly limits: HelloAnswer["limits"];
}

/** A conversation in the native dialect. */
export class NativeConversation implements Conversation, SessionListener {
  readonly #options: NativeOptions;
  readonly #wire: Wire;
  #session: Session | undefined;

  constructor(options: NativeOptions, wire: Wire) {
    this.#options = options;
    this.#wire = wire;
  }

  get introduced(): boolean {
    return this.#session !== undefined;
  }

  receive(frame: string): void {
    const request = decodeRequest(frame);
    if ("fault" in request) this.#refuse(request.id, request.code, request.message);
    else if (request.op === "hello") this.#hello(request);
    else if (this.#session) ask(this.#session, request);
    else {this.#refuse(
        request.id,
        "BAD_REQUEST",
        `Cannot ${request.op}: the first request of a connection is hello`,
      );}
  }

  fail({ code, message }: { code: ErrorCode; message: string }, close: CloseCode): void {
    this.#refuse(null, code, message);
    this.#wire.close(close);
  }

  timeOut(afterMs: number): void {
    this.fail(
      { code: "TIMEOUT", message: `Cannot keep the connection: no hello within ${afterMs} ms` },
      CLOSE.policy,
    );
  }

  ended(): void {
    this.#session?.end();
    this.#session = undefined;
  }

  hear(effect: Effect): void {
    this.#send(this.#message(effect));
  }

  drain(closesIn: number): void {
    this.#send({ push: "draining", closesIn });
  }

  hangUp(): void {
    this.#wire.close(CLOSE.goingAway);
  }

  #hello({ id, version, client }: HelloRequest): void {
    if (version !== PROTOCOL_VERSION) {
      const message = `Cannot speak version ${version}: this server speaks ${PROTOCOL_VERSION}`;
      this.#refuse(id, "UNSUPPORTED", message);
      return this.#wire.close(CLOSE.protocol);
    }
    if (this.#session) {
      return this.#refuse(id, "BAD_REQUEST", "Cannot open a session: the connection has one");
    }
    const { sessions, guarantee, server, limits } = this.#options;
    this.#session = sessions.open(this, client);
    if (!this.#session) {
      this.#refuse(id, "DRAINING", "Cannot open a session: the daemon leaves service");
      return this.#wire.close(CLOSE.goingAway);
    }
    this.#send({
      id,
      ok: true,
      version: PROTOCOL_VERSION,
      session: this.#session.id,
      guarantee,
      server,
      limits,
    });
  }

  #message(effect: Effect): ServerMessage {
    switch (effect.type) {
      case "granted": {
        const { request: id, name, mode, token } = effect;
        return { id, ok: true, lock: id, name, mode, token, guarantee: this.#options.guarantee };
      }
      case "refused": {
        const { request: id, code, message, blockedBy } = effect;
        return { id, ok: false, error: blockedBy ? { code, message, blockedBy } : { code, message } };
      }
      case "released":
        return { id: effect.request, ok: true, lock: effect.lock };
      case "cancelled":
        return { id: effect.request, ok: true, request: effect.target, was: effect.was };
      case "lost": {
        const { lock, name, token, reason } = effect;
        return { push: "lost", lock, name, token, reason };
      }
      case "described":
        return { id: effect.request, ok: true, ...effect.state, outside: effect.outside };
      case "listed":
        return { id: effect.request, ok: true, names: effect.names, next: effect.next };
      default:
        return assertNever(effect, "effect");
    }
  }

  #refuse(id: number | null, code: ErrorCode, message: string): void {
    this.#send({ id, ok: false, error: { code, message } });
  }

  #send(message: ServerMessage): void {
    this.#wire.send(encodeMessage(message));
  }
}

function ask(session: Session, request: Exclude<CheckedRequest, HelloRequest>): void {
  switch (request.op) {
    case "acquire": {
      const { id, name, mode, wait, reason } = request;
      return session.acquire(id, { name, mode, waitMs: wait ?? Infinity, reason });
    }
    case "release":
      return session.release(request.id, request.lock);
    case "cancel":
      return session.cancel(request.id, request.request);
    case "who":
      return session.who(request.id, request.name);
    case "list": {
      const { id, prefix, after = "", limit } = request;
      return session.list(id, { prefix, after, limit });
    }
    default:
      return assertNever(request, "request");
  }
}
