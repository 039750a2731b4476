/**
 * One connection of a session: reads its frames, and finds out when the server is gone that did not say so.
 *
 * ```text
 * OPENING → OPEN    [open]
 * OPENING → ENDED   [open]             the transport could not be opened
 * OPEN    → CLOSING [close, #break]    it listens to nothing any more; what was sent before still goes out
 * CLOSING → ENDED   [onClose]          the transport has ended
 *
 * The listener is told of an end that it did not ask for: the server or the network ended the connection, the server said its last word or was silent.
 * ```
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import { ConnectionError } from "./errors.ts";
import { Heartbeat } from "./heartbeat.ts";
import { decodeServerMessage } from "./protocol/codec.ts";
import type { ErrorCode } from "./protocol/codes.ts";
import type { ServerMessage } from "./protocol/messages.ts";
import type { OpenTransport, Pilot, Transport, TransportEvents } from "./transport/transport.ts";

/** Who listens to a connection. Neither function may throw. */
export interface ConnectionListener {
  /** A message came. */
  onMessage(connection: Connection, message: ServerMessage): void;
  /** The connection is of no use any more, and nobody here closed it. Told once; nothing comes after it. */
  onBroken(connection: Connection, error: ConnectionError): void;
}

/** One connection. */
export class Connection implements TransportEvents {
  readonly #listener: ConnectionListener;
  #transport: Transport | undefined;
  #heartbeat: Heartbeat | undefined;
  #isOver = false;
  #error: ConnectionError | undefined;
  #resolveEnded!: () => void;

  /** Resolves when nothing is left of it. Never rejects. */
  readonly ended: Promise<void> = new Promise((resolve) => this.#resolveEnded = resolve);

  constructor(listener: ConnectionListener) {
    this.#listener = listener;
  }

  /**
   * Opens the transport.
   *
   * @throws what it could not be opened for.
   * @throws {ConnectionError} when the server said its last word already.
   */
  async open(openTransport: OpenTransport): Promise<void> {
    try {
      this.#transport = await openTransport(this);
    } catch (error) {
      this.#isOver = true;
      this.#resolveEnded();
      throw error;
    }
    if (this.#isOver) this.#transport.close();
    if (this.#error !== undefined) throw this.#error;
  }

  /** True when nothing will come any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Who renews over this connection what the program has no time for; undefined where nobody does. */
  get pilot(): Pilot | undefined {
    return this.#transport?.pilot;
  }

  /** Sends a frame; does nothing when the connection is over. */
  send(frame: string): void {
    if (!this.#isOver) this.#transport!.send(frame);
  }

  /** Expects a sign of life so often; `ask` asks for one. */
  watch(clock: Clock, everyMs: number, ask: () => void): void {
    if (this.#isOver) return;
    const giveUp = (silentMs: number) =>
      this.#break(broken(`nothing was heard of the server for ${silentMs} ms`));
    this.#heartbeat = new Heartbeat({ clock, everyMs, ask, giveUp });
  }

  /** Ends it, after what was sent. Idempotent; its listener hears nothing any more. */
  close(): void {
    this.#isOver = true;
    this.#heartbeat?.stop();
    this.#transport?.close();
  }

  /** For the transport alone. */
  onMessage(text: string): void {
    if (this.#isOver) return;
    this.#heartbeat?.heard();
    const message = decodeServerMessage(text);
    if (message === undefined) return this.#break(notOurProtocol());
    if (message === "ignored") return;
    if (!("push" in message) && !message.ok && message.id === null) {
      // An error that answers no request is the server's last word on the connection.
      return this.#break(broken(message.error.message, { code: message.error.code }));
    }
    this.#listener.onMessage(this, message);
  }

  /** For the transport alone. */
  onClose(cause: Error | undefined): void {
    const why = cause === undefined ? "the server closed the connection" : cause.message;
    this.#break(broken(why, { cause }));
    this.#resolveEnded();
  }

  #break(error: ConnectionError): void {
    if (this.#isOver) return;
    this.#error = error;
    this.close();
    this.#listener.onBroken(this, error);
  }
}

function notOurProtocol(): ConnectionError {
  return broken("the server does not speak this protocol", { code: "UNSUPPORTED" });
}

function broken(why: string, more: { code?: ErrorCode; cause?: unknown } = {}): ConnectionError {
  return new ConnectionError(`Cannot go on with the connection: ${why}`, more);
}
