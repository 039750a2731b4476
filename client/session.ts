/**
 * A session on one connection: numbers the requests, hands the answers to those who asked, and tells the locks what happened to
 * them.
 *
 * ```text
 * OPENING → OPEN   [open]           the server answered the hello
 * OPENING → ENDED  [#end]           it refused, or the connection ended
 * OPEN    → ENDED  [#end]           closed by the caller, by the server, or by a frame that is none
 * ```
 *
 * When it has ended nothing waits any more: every request is rejected, every lock is lost, and later requests are rejected at once.
 *
 * @module
 */
import { ConnectionError, errorFrom, LockError } from "./errors.ts";
import { SessionLock } from "./lock.ts";
import {
  type AnswerByOperation,
  checkRequest,
  decodeServerMessage,
  encodeRequest,
  isAnswerTo,
} from "./protocol/codec.ts";
import type { Answer, ClientProfile, HelloAnswer, Operation, Push } from "./protocol/messages.ts";
import type { ModeName } from "./protocol/modes.ts";
import { PROTOCOL_VERSION } from "./protocol/version.ts";
import type { OpenTransport, Transport, TransportEvents } from "./transport/transport.ts";

/** What an acquire asks for; undefined counts as absent. */
export interface Wish {
  readonly name: string;
  readonly mode: ModeName | undefined;
  readonly wait: number | undefined;
  readonly reason: string | undefined;
}

/** A client profile; undefined counts as absent. */
export type Introduction = { readonly [K in keyof ClientProfile]?: ClientProfile[K] | undefined };

/** Takes the answer to one request, at the moment that it comes; false when that is no answer to it. */
interface Pending {
  accept(answer: Answer): boolean;
  reject(error: LockError): void;
}

/** One session, from the hello to the end of its connection. */
export class Session implements TransportEvents {
  readonly #pending = new Map<number, Pending>();
  readonly #locks = new Map<number, SessionLock>();
  #transport: Transport | undefined;
  #lastId = 0;
  #end: ConnectionError | undefined;
  #closedByCaller = false;
  #resolveClosed!: (cause: ConnectionError | null) => void;

  /** Resolves when the connection has ended: to null after {@link close}, else to what ended it. Never rejects. */
  readonly closed: Promise<ConnectionError | null> = new Promise((resolve) => this.#resolveClosed = resolve);

  private constructor() {}

  /**
   * Opens a connection and says hello.
   *
   * @throws {LockError} when the server refuses the hello.
   * @throws what the transport could not be opened for.
   */
  static async open(
    openTransport: OpenTransport,
    client: Introduction,
    signal: AbortSignal,
  ): Promise<OpenSession> {
    const session = new Session();
    const transport = await openTransport(session);
    session.#transport = transport;
    // It may have heard its last word before there was a transport to close.
    if (session.#end !== undefined) transport.close();
    const onAbort = () => session.close();
    signal.addEventListener("abort", onAbort);
    try {
      if (signal.aborted) throw signal.reason;
      const hello = await session.ask("hello", { version: PROTOCOL_VERSION, client });
      return { session, hello };
    } catch (error) {
      await session.close();
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Sends a request; the promise is its answer. Without a session, or with a bad request, it is rejected and nothing is sent. */
  ask<O extends Operation>(op: O, fields: object): Promise<AnswerByOperation[O]> {
    return this.#send(op, fields, (answer) => answer).answer;
  }

  /**
   * Asks for a lock. An abort of the signal ends the wait, and the promise is rejected with the signal's reason only after the
   * server confirmed that nothing is left of the request; a lock that was granted meanwhile is given back.
   */
  async acquire(wish: Wish, signal: AbortSignal | undefined): Promise<SessionLock> {
    signal?.throwIfAborted();
    const { id, answer } = this.#send("acquire", wish, (grant) => {
      const lock = new SessionLock(grant, (id) => this.#release(id));
      this.#locks.set(lock.id, lock);
      return lock;
    });
    if (signal === undefined) return await answer;
    if (await isSettledFirst(answer, signal)) return await answer;
    await this.#withdraw(id, answer);
    throw signal.reason;
  }

  /** Ends the connection, and with it all locks and waits. Resolves when it has ended. */
  async close(): Promise<void> {
    this.#closedByCaller = true;
    this.#finish(new ConnectionError("Cannot go on with the session: the client was closed"));
    await this.closed;
  }

  /** For the transport alone. */
  onMessage(text: string): void {
    if (this.#end !== undefined) return;
    const message = decodeServerMessage(text);
    if (message === undefined) return this.#finish(notOurProtocol());
    if (message === "ignored") return;
    if ("push" in message) return this.#onPush(message);
    if (!message.ok && message.id === null) {
      // An error that answers no request is the server's last word on the connection.
      const { code, message: text } = message.error;
      return this.#finish(new ConnectionError(`Cannot go on with the session: ${text}`, { code }));
    }
    const id = message.id!;
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    if (!message.ok) pending.reject(errorFrom(message.error));
    else if (!pending.accept(message)) {
      const error = notOurProtocol();
      pending.reject(error);
      this.#finish(error);
    }
  }

  /** For the transport alone. */
  onClose(cause: Error | undefined): void {
    const why = cause === undefined ? "the server closed the connection" : cause.message;
    this.#finish(new ConnectionError(`Cannot go on with the session: ${why}`, { cause }));
    this.#resolveClosed(this.#closedByCaller ? null : this.#end!);
  }

  #send<O extends Operation, T>(
    op: O,
    fields: object,
    read: (answer: AnswerByOperation[O]) => T,
  ): { readonly id: number; readonly answer: Promise<T> } {
    const id = ++this.#lastId;
    if (this.#end !== undefined) return { id, answer: Promise.reject(this.#end) };
    const request = checkRequest({ id, op, ...fields });
    if ("fault" in request) return { id, answer: Promise.reject(new LockError(request)) };
    const answer = new Promise<T>((resolve, reject) => {
      this.#pending.set(id, {
        accept(answer) {
          if (!isAnswerTo(op, answer)) return false;
          resolve(read(answer));
          return true;
        },
        reject,
      });
    });
    this.#transport?.send(encodeRequest(request));
    return { id, answer };
  }

  async #release(lock: number): Promise<void> {
    try {
      await this.ask("release", { lock });
    } finally {
      this.#locks.delete(lock);
    }
  }

  /** Makes sure that an acquire neither is nor becomes a lock; both answers have come when it returns. Never throws. */
  async #withdraw(id: number, answer: Promise<SessionLock>): Promise<void> {
    const [cancel, grant] = await Promise.allSettled([this.ask("cancel", { request: id }), answer]);
    if (grant.status === "rejected") return;
    const lock = grant.value;
    // A lock that was granted before the cancel came was released by it.
    if (cancel.status === "fulfilled") lock.withdrawn();
    else await lock[Symbol.asyncDispose]();
    this.#locks.delete(id);
  }

  #onPush(push: Push): void {
    if (push.push !== "lost") return;
    this.#locks.get(push.lock)?.lose(push.reason);
    this.#locks.delete(push.lock);
  }

  #finish(error: ConnectionError): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    for (const lock of this.#locks.values()) lock.lose("session", error);
    this.#locks.clear();
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
    this.#transport?.close();
  }
}

/** A session with what the server said when it was opened. */
export interface OpenSession {
  readonly session: Session;
  readonly hello: HelloAnswer;
}

/** True when the promise is settled before the signal aborts; it need not be handled for that. */
async function isSettledFirst(promise: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  let onAbort = () => {};
  const aborted = new Promise<void>((resolve) => onAbort = resolve);
  signal.addEventListener("abort", onAbort);
  try {
    if (!signal.aborted) await Promise.race([promise, aborted]);
  } catch {
    // The caller awaits the promise itself next.
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
  return !signal.aborted;
}

function notOurProtocol(): ConnectionError {
  return new ConnectionError("Cannot go on with the session: the server does not speak this protocol");
}
