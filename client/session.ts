/**
 * A session on one connection: opens it, hands its requests to the exchange, and tells the locks what happened to them.
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
import { type Clock, RUNTIME_CLOCK } from "./clock.ts";
import { ConnectionError, LockError } from "./errors.ts";
import { type Asked, Exchange, isSettledFirst } from "./exchange.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { LockListeners } from "./lock.ts";
import { type AnswerByOperation, decodeServerMessage } from "./protocol/codec.ts";
import type { ClientProfile, HelloAnswer, Labels, Operation, Push } from "./protocol/messages.ts";
import type { ModeName } from "./protocol/modes.ts";
import { PROTOCOL_VERSION } from "./protocol/version.ts";
import { type LockRequests, SessionLock } from "./session_lock.ts";
import type { WatchListener } from "./watch.ts";
import type { OpenTransport, Transport, TransportEvents } from "./transport/transport.ts";

/** The fields of an acquire; undefined counts as absent. */
export interface Wish {
  readonly name?: string | undefined;
  readonly names?: readonly string[] | undefined;
  readonly mode: ModeName | undefined;
  readonly wait: number | undefined;
  readonly owner: string | undefined;
  readonly reason: string | undefined;
  readonly labels: Labels | undefined;
  readonly ttl: number | undefined;
  readonly maxHold: number | undefined;
  readonly yield: boolean | undefined;
}

/** What becomes of a wish while it waits, and later. */
export interface Handling {
  readonly signal: AbortSignal | undefined;
  /** False: the lock is renewed by its holder alone. */
  readonly renew: boolean;
  readonly listeners: LockListeners;
}

/** A client profile; undefined counts as absent. */
export type Introduction = { readonly [K in keyof ClientProfile]?: ClientProfile[K] | undefined };

/** One session, from the hello to the end of its connection. */
export class Session implements TransportEvents {
  readonly #clock: Clock;
  readonly #exchange = new Exchange((frame) => this.#transport?.send(frame));
  readonly #locks = new Map<number, SessionLock>();
  readonly #lockRequests: LockRequests = {
    release: (lock) => this.#release(lock),
    verify: (lock) => this.ask("verify", { lock }),
    setValue: (lock, value) => this.ask("set", { lock, value }),
    convert: (wish, onDone, signal) =>
      this.#convert(this.#exchange.send("convert", wish, onDone), signal, wish.lock),
    renew: (wish, onDone) => this.#forgetting(wish.lock, this.#exchange.send("renew", wish, onDone).answer),
  };
  readonly #watches = new Map<number, WatchListener>();
  #transport: Transport | undefined;
  #heartbeat: Heartbeat | undefined;
  #end: ConnectionError | undefined;
  #closedByCaller = false;
  #resolveClosed!: (cause: ConnectionError | null) => void;

  /** Resolves when the connection has ended: to null after {@link close}, else to what ended it. Never rejects. */
  readonly closed: Promise<ConnectionError | null> = new Promise((resolve) => this.#resolveClosed = resolve);

  private constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Opens a connection and says hello.
   *
   * @throws {LockError} when the server refuses the hello.
   * @throws what the transport could not be opened for.
   */
  static async open(openTransport: OpenTransport, options: OpenOptions): Promise<OpenSession> {
    const { client, signal, clock = RUNTIME_CLOCK } = options;
    const session = new Session(clock);
    const transport = await openTransport(session);
    session.#transport = transport;
    // It may have heard its last word before there was a transport to close.
    if (session.#end !== undefined) transport.close();
    const onAbort = () => session.close();
    signal.addEventListener("abort", onAbort);
    try {
      if (signal.aborted) throw signal.reason;
      const hello = await session.ask("hello", { version: PROTOCOL_VERSION, client });
      session.#watchServer(hello);
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
    return this.#exchange.ask(op, fields);
  }

  /**
   * Asks for a lock. An abort of the signal ends the wait, and the promise is rejected with the signal's reason only after the
   * server confirmed that nothing is left of the request; a lock that was granted meanwhile is given back.
   */
  async acquire(wish: Wish, { signal, renew, listeners }: Handling): Promise<SessionLock> {
    signal?.throwIfAborted();
    const { ttl: ttlMs, maxHold: maxHoldMs } = wish;
    const sentMs = this.#clock.now();
    let isLate = false;
    const { id, answer } = this.#exchange.send("acquire", wish, (grant) => {
      const nowMs = this.#clock.now();
      isLate = nowMs - sentMs > Math.min(ttlMs ?? Infinity, maxHoldMs ?? Infinity) / 3;
      const lock = new SessionLock(grant, {
        requests: this.#lockRequests,
        clock: this.#clock,
        life: { ttlMs, maxHoldMs, renew },
        sinceMs: isLate ? nowMs : sentMs,
        listeners,
      });
      this.#locks.set(lock.id, lock);
      return lock;
    });
    // After a wait nobody here knows how long the grant was on its way. A renewal has a beginning that is known.
    const confirmed = ttlMs === undefined ? answer : answer.then((lock) => isLate ? renewed(lock) : lock);
    if (await isSettledFirst(confirmed, signal)) return await confirmed;
    await this.#withdraw({ id, answer: confirmed });
    throw signal!.reason;
  }

  /** Begins a watch; its listener hears all that comes after the answer, which is its id. */
  watch(prefix: string, listener: WatchListener): Promise<number> {
    return this.#exchange.send("watch", { prefix }, ({ id }) => {
      this.#watches.set(id, listener);
      return id;
    }).answer;
  }

  /** Ends a watch. */
  async unwatch(id: number): Promise<void> {
    this.#watches.delete(id);
    await this.ask("cancel", { request: id });
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
    this.#heartbeat?.heard();
    const message = decodeServerMessage(text);
    if (message === undefined) return this.#finish(notOurProtocol());
    if (message === "ignored") return;
    if ("push" in message) return this.#onPush(message);
    if (!message.ok && message.id === null) {
      // An error that answers no request is the server's last word on the connection.
      const { code, message: text } = message.error;
      return this.#finish(new ConnectionError(`Cannot go on with the session: ${text}`, { code }));
    }
    if (!this.#exchange.answered(message)) this.#finish(notOurProtocol());
  }

  /** For the transport alone. */
  onClose(cause: Error | undefined): void {
    const why = cause === undefined ? "the server closed the connection" : cause.message;
    this.#finish(new ConnectionError(`Cannot go on with the session: ${why}`, { cause }));
    this.#resolveClosed(this.#closedByCaller ? null : this.#end!);
  }

  #watchServer({ heartbeatMs = 0 }: HelloAnswer): void {
    if (heartbeatMs === 0 || this.#end !== undefined) return;
    this.#heartbeat = new Heartbeat({
      clock: this.#clock,
      everyMs: heartbeatMs,
      ask: () => this.#signOfLife(),
      giveUp: (silentMs) =>
        this.#finish(
          new ConnectionError(`Cannot go on with the session: the server was silent for ${silentMs} ms`),
        ),
    });
  }

  #signOfLife(): void {
    // The end of the session is told by the transport.
    this.ask("ping", {}).catch(() => {});
  }

  async #release(lock: number): Promise<void> {
    try {
      await this.ask("release", { lock });
    } finally {
      this.#locks.delete(lock);
    }
  }

  /** A conversion that was done before its cancel came is done. */
  async #convert(asked: Asked<void>, signal: AbortSignal | undefined, lock: number): Promise<void> {
    if (await isSettledFirst(asked.answer, signal)) return await this.#forgetting(lock, asked.answer);
    const { result } = await this.#exchange.withdraw(asked);
    if (result.status === "rejected") throw signal!.reason;
  }

  /** Makes sure that an acquire neither is nor becomes a lock. */
  async #withdraw(asked: Asked<SessionLock>): Promise<void> {
    const { cancel, result } = await this.#exchange.withdraw(asked);
    this.#locks.delete(asked.id);
    if (result.status === "rejected") return;
    // A lock that was granted before the cancel came was released by it.
    if (cancel.status === "fulfilled") result.value.withdrawn();
    else await result.value[Symbol.asyncDispose]();
  }

  /** The answer; a lock that it says is not held will not be heard of again. */
  async #forgetting<T>(lock: number, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof LockError && error.code === "NOT_HELD") this.#locks.delete(lock);
      throw error;
    }
  }

  #onPush(push: Push): void {
    switch (push.push) {
      case "lost":
        this.#locks.get(push.lock)?.lose(push.reason);
        this.#locks.delete(push.lock);
        break;
      case "expiring":
        this.#locks.get(push.lock)?.expiring();
        break;
      case "yield":
        this.#locks.get(push.lock)?.yieldTo(push.by);
        break;
      case "ping":
        this.#signOfLife();
        break;
      case "event":
      case "resync":
        this.#watches.get(push.watch)?.tell(push);
        break;
    }
  }

  #finish(error: ConnectionError): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    for (const lock of this.#locks.values()) lock.lose("session", error);
    this.#locks.clear();
    for (const listener of this.#watches.values()) listener.end(error);
    this.#watches.clear();
    this.#exchange.end(error);
    this.#heartbeat?.stop();
    this.#transport?.close();
  }
}

/** How to open a session. */
export interface OpenOptions {
  readonly client: Introduction;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
  /** The runtime's unless given. */
  readonly clock?: Clock;
}

/** A session with what the server said when it was opened. */
export interface OpenSession {
  readonly session: Session;
  readonly hello: HelloAnswer;
}

/** The lock, once a renewal showed that it is still there. */
async function renewed(lock: SessionLock): Promise<SessionLock> {
  try {
    return await lock.renew().then(() => lock);
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

function notOurProtocol(): ConnectionError {
  return new ConnectionError("Cannot go on with the session: the server does not speak this protocol");
}
