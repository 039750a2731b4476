/**
 * One session at the service, over one connection after another.
 *
 * ```text
 * OPENING  → OPEN      [open]            the server answered the hello
 * OPENING  → ENDED     [open]            it refused, or the connection ended before
 * OPEN     → DETACHED  [onBroken]        the connection ended, and the session has a grace
 * DETACHED → OPEN      [resume]          the server goes on with it, over another connection
 * OPEN     → ENDED     [onBroken]        it ended, and the session has none
 * OPEN     → ENDED     [over]            nothing was heard for as long as the grace
 * DETACHED → ENDED     [over]            the grace is over by our own clock; or the server is gone for good
 * OPEN, DETACHED → ENDED [close]         its program has enough
 * ```
 *
 * - OPEN: requests go out at once; the server is asked for signs of life as `session_life.ts` says.
 * - DETACHED: requests are kept until it is resumed. Locks are held as far as can be known: until the grace
 *   is over, or what the server vouched for.
 * - ENDED: every request was rejected, every lock lost, and later requests are rejected at once.
 *
 * @module
 */
import { Connection, type ConnectionListener } from "./connection.ts";
import { ConnectionError } from "./errors.ts";
import { Exchange } from "./exchange.ts";
import type { AnswerByOperation } from "./protocol/codec.ts";
import { SILENT_BEATS_MAX } from "./protocol/limits.ts";
import type { HelloAnswer, Operation, Push, Resume, ServerMessage } from "./protocol/messages.ts";
import { PROTOCOL_VERSION } from "./protocol/version.ts";
import { SessionLife } from "./session_life.ts";
import { SessionLocks } from "./session_locks.ts";
import { introduction, proof, type SessionOptions } from "./session_options.ts";
import { SessionWatches } from "./session_watches.ts";
import type { OpenTransport } from "./transport/transport.ts";

/** One session. */
export class Session implements ConnectionListener {
  readonly locks: SessionLocks;
  readonly watches: SessionWatches;
  readonly #options: SessionOptions;
  readonly #exchange = new Exchange((frame) => this.#connection?.send(frame));
  /** Those that have not ended yet. */
  readonly #connections = new Set<Connection>();
  /** The end of the session is told by the connection. */
  readonly #signOfLife = () => void this.#proveLife().catch(() => {});
  #connection: Connection | undefined;
  /** A connection over which the server was greeted, and has not answered yet. */
  #arriving: Connection | undefined;
  #helloId = 0;
  #hello: HelloAnswer | undefined;
  /** What proves that the session is ours; undefined without a grace. */
  #identity: Resume | undefined;
  #life: SessionLife | undefined;
  #isDraining = false;
  #end: ConnectionError | undefined;

  private constructor(options: SessionOptions) {
    this.#options = options;
    this.watches = new SessionWatches(this.#exchange);
    this.locks = new SessionLocks({
      exchange: this.#exchange,
      clock: options.clock,
      isConnected: () => this.isConnected,
      pilot: () => this.#connection?.pilot,
      sessionRemainingMs: () => Math.min(this.remainingMs(), this.#life?.validMs ?? Infinity),
      validMs: () => this.#life!.validMs,
      prove: () => this.#proveLife(),
      releaseFailed: (lock, error) => options.events.onReleaseFailed(lock, error),
    });
  }

  /**
   * Opens a connection and says hello.
   *
   * @throws {LockError} when the server refuses the hello.
   * @throws what the transport could not be opened for.
   * @throws the reason of `signal`.
   */
  static async open(
    openTransport: OpenTransport,
    options: SessionOptions,
    signal: AbortSignal,
  ): Promise<Session> {
    const session = new Session(options);
    const wish = introduction(options);
    await session.#greet(openTransport, wish, signal, (hello, sentMs) => session.#opened(hello, sentMs));
    return session;
  }

  /** What the server said when it was opened, or last resumed. */
  get hello(): HelloAnswer {
    return this.#hello!;
  }

  /** What ended it; undefined as long as it lives. */
  get end(): ConnectionError | undefined {
    return this.#end;
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /**
   * How long it surely lives, in milliseconds: Infinity without a grace, 0 when it has ended. What is due is
   * done by the call.
   */
  remainingMs(): number {
    if (this.#end !== undefined) return 0;
    return this.#life?.graceMs ?? Infinity;
  }

  /**
   * Goes on over another connection. Does nothing when it has ended meanwhile.
   *
   * @throws {LockError} when the server refuses: with `SESSION_GONE` it does not know the session.
   * @throws what the transport could not be opened for.
   * @throws the reason of `signal`.
   */
  async resume(openTransport: OpenTransport, signal: AbortSignal): Promise<void> {
    const { token } = this.#options;
    const fields = { resume: this.#identity!, ...proof(token) };
    await this.#greet(openTransport, fields, signal, (hello, sentMs) => this.#resumed(hello, sentMs));
  }

  /**
   * Sends a request; the promise is its answer. Without a session, or with a bad request, it is rejected and
   * nothing is sent.
   */
  ask<O extends Operation>(op: O, fields: object): Promise<AnswerByOperation[O]> {
    return this.#exchange.ask(op, fields);
  }

  /** Ends it, and with it all locks and waits. Resolves when the connection has ended too. */
  async close(error: ConnectionError): Promise<void> {
    // Whoever hangs up without a word has its locks kept for the time of its grace.
    if (this.#identity !== undefined && this.#end === undefined) this.ask("bye", {}).catch(() => {});
    this.over(error);
    await Promise.all([...this.#connections].map(({ ended }) => ended));
  }

  /** For connections alone. */
  onMessage(connection: Connection, message: ServerMessage): void {
    if (connection !== this.#connection && connection !== this.#arriving) return;
    if ("push" in message) return this.#onPush(message);
    if (this.#exchange.answered(message)) return;
    connection.close();
    this.over(
      new ConnectionError("Cannot go on with the session: an answer does not fit its request", {
        code: "UNSUPPORTED",
      }),
    );
  }

  /** For connections alone. */
  onBroken(connection: Connection, error: ConnectionError): void {
    if (connection === this.#arriving) {
      this.#arriving = undefined;
      return this.#exchange.fail(this.#helloId, error);
    }
    if (connection !== this.#connection) return;
    this.#life?.look();
    this.locks.onDetached();
    this.#connection = undefined;
    // Whoever babbles will do so again, and what drains and has nothing is done; in a cluster waits may be
    // grants by now.
    const isIdle = this.locks.size === 0 && !this.#exchange.isWaiting;
    const isDone = error.code === "UNSUPPORTED" || (this.#isDraining && isIdle);
    if (this.#identity === undefined || isDone) this.over(error);
    else this.#options.events.onDetached(this, error);
  }

  /** Says hello over a new connection. `onHello` is called at the moment that the answer comes. */
  async #greet(
    openTransport: OpenTransport,
    fields: object,
    signal: AbortSignal,
    onHello: (hello: HelloAnswer, sentMs: number) => void,
  ): Promise<void> {
    const connection = new Connection(this);
    this.#connections.add(connection);
    void connection.ended.then(() => this.#connections.delete(connection));
    this.#arriving = connection;
    let helloId: number | undefined;
    const onAbort = () => {
      // A session that is open by now is not touched by the end of its opening.
      if (this.#arriving !== connection) return;
      connection.close();
      if (helloId !== undefined) this.#exchange.fail(helloId, signal.reason);
    };
    signal.addEventListener("abort", onAbort);
    try {
      await connection.open(openTransport);
      signal.throwIfAborted();
      const sentMs = this.#options.clock.now();
      const send = (frame: string) => connection.send(frame);
      const wish = { version: PROTOCOL_VERSION, ...fields };
      const { id, answer } = this.#exchange.sendOver(send, "hello", wish, (hello) => {
        this.#arrived(connection, hello);
        onHello(hello, sentMs);
        this.#life!.confide();
      });
      this.#helloId = helloId = id;
      await answer;
    } catch (error) {
      if (this.#arriving === connection) this.#arriving = undefined;
      connection.close();
      await connection.ended;
      throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  #arrived(connection: Connection, hello: HelloAnswer): void {
    this.#arriving = undefined;
    this.#connection?.close();
    this.#connection = connection;
    this.#hello = hello;
    this.#watchServer(connection, hello);
  }

  #opened(hello: HelloAnswer, sentMs: number): void {
    const { session, secret, grace } = hello;
    if (secret !== undefined) this.#identity = { session, secret };
    this.#life = new SessionLife(hello, {
      sentMs,
      clock: this.#options.clock,
      pilot: () => this.#connection?.pilot,
      prove: () => this.#proveLife(),
      warn: () => this.locks.warn(),
      onOver: () => this.over(gone(`nothing was heard of the server for the grace of ${grace} ms`)),
      onLapsed: (cause) => this.locks.lapse(cause),
    });
  }

  #resumed(hello: HelloAnswer, sentMs: number): void {
    // First, since whoever hears of a loss may ask for something at once, and ids have to rise.
    this.#exchange.repeat();
    this.#life?.proved(sentMs, hello.validFor);
    this.locks.onResumed(hello);
  }

  async #proveLife(): Promise<void> {
    const sentMs = this.#options.clock.now();
    const { validFor } = await this.ask("ping", {});
    this.#life?.proved(sentMs, validFor);
  }

  #watchServer(connection: Connection, { heartbeatMs = 0, grace = 0 }: HelloAnswer): void {
    // With a grace the silence has to be noticed early enough to go on within it.
    const beats = [heartbeatMs, grace / SILENT_BEATS_MAX ** 2].filter((everyMs) => everyMs > 0);
    if (beats.length > 0) connection.watch(this.#options.clock, Math.min(...beats), this.#signOfLife);
  }

  #onPush(push: Push): void {
    switch (push.push) {
      case "lost":
      case "expiring":
      case "yield":
        this.locks.onPush(push);
        break;
      case "ping":
        this.#signOfLife();
        break;
      case "event":
      case "resync":
        this.watches.onPush(push);
        break;
      case "draining":
        this.#isDraining = true;
        this.#options.events.onDraining(this, push.closesIn);
        break;
      case "closing":
        this.over(gone(`the server ended it: ${push.reason}`));
        break;
    }
  }

  /** It has ended: for a reason that was found out here, or that its owner knows. */
  over(error: ConnectionError): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    this.#life?.stop();
    this.locks.loseAll(error);
    this.watches.clear();
    this.#exchange.end(error);
    this.#connection?.close();
    this.#arriving?.close();
    this.#connection = this.#arriving = undefined;
    if (this.#hello !== undefined) this.#options.events.onEnded(this, error);
  }
}

function gone(why: string): ConnectionError {
  return new ConnectionError(`Cannot go on with the session: ${why}`);
}
