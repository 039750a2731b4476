/**
 * TCP: frames are lines. The first byte of a connection says which dialect it speaks: `{` is the native
 * protocol (`docs/protocol.md` section 2), everything else text lines (`docs/dialects.md` section 1).
 *
 * ```text
 *   OPEN ──▶ CLOSING ──▶ CLOSED
 * ```
 *
 * - OPEN: frames go to the conversation, its answers to the peer.
 * - CLOSING [close, closeLater]: the conversation is over. What it said is still sent, then the end of file;
 *   what the peer sends is read and dropped, since closing a socket with unread bytes takes back the last
 *   answer (RFC 9293 section 3.6.1). A peer that does not read is given up.
 * - CLOSED [cut, or both directions have ended]: the descriptor is gone.
 *
 * @module
 */
import { LineFrames } from "../../client/protocol/frames.ts";
import { CLOSE, type Conversation, type Dialects, type Wire } from "../dialect/conversation.ts";
import { Pulse } from "./heartbeats.ts";
import type { Port } from "./port.ts";
import type { Guest, Reception } from "./reception.ts";
import type { Socket } from "./tls_socket.ts";

/** Read buffer of a connection, in bytes: it grows to the maximum when reads fill it. */
const READ_BYTES_MIN = 4_096;
const READ_BYTES_MAX = 65_536;
/** How long a peer may take to read what was said before the end of the connection, in milliseconds. */
const LAST_WORDS_MS = 5_000;
/** How long a peer may go on sending after it was told that the connection ends, in milliseconds. */
const LINGER_MS = 1_000;
const OPENING_BRACE = 0x7b;
const ENCODER = new TextEncoder();

/** Accepts connections until the port is closed, and serves them to their ends. */
export function serveTcp(port: Port, reception: Reception, dialects: Dialects): Promise<void> {
  return port.serve(
    (socket) => new TcpConnection(socket, reception, dialects).serve(),
    (error) => reception.acceptFailed("tcp", error),
  );
}

class TcpConnection implements Wire, Guest {
  /** Native until the first byte says otherwise: that dialect tells a peer that says nothing. */
  conversation: Conversation;
  readonly transport = "tcp";
  readonly pulse = new Pulse(this);
  readonly peer: string;
  dueMs = 0;
  heapIndex = -1;
  readonly #socket: Socket;
  readonly #reception: Reception;
  readonly #dialects: Dialects;
  #frames: LineFrames;
  #state: "open" | "closing" | "closed" = "open";
  #heardFrom = false;
  /** Frames that no write has taken yet. */
  #written = "";
  /** How much of that was there at the end of the last turn, in characters. */
  #waiting = 0;
  /** Whether the reception flushes this connection at the end of the turn. */
  #isListed = false;
  #sending: Promise<void> | undefined;
  #linger: ReturnType<typeof setTimeout> | undefined;
  /** While the last frame is kept back. */
  #pause: { readonly over: Promise<void>; forget(): void } | undefined;

  constructor(socket: Socket, reception: Reception, dialects: Dialects) {
    this.#socket = socket;
    this.peer = socket.remoteAddr.hostname;
    this.#reception = reception;
    this.#dialects = dialects;
    this.#frames = new LineFrames(reception.limits.frameBytesMax);
    this.conversation = dialects.native(this);
  }

  /** Serves the connection to its end; never rejects. */
  async serve(): Promise<void> {
    const reception = this.#reception;
    try {
      reception.turn(() => {
        const refusal = reception.refusalFor(this.peer);
        if (!refusal) return reception.enter(this);
        reception.turnAway(this);
        this.conversation.fail(refusal, CLOSE.policy);
      });
      await this.#readToEnd();
      // A peer that only ended its side hears the answer to what it said, as after every other request.
      await this.#pause?.over;
    } catch (error) {
      if (!isConnectionError(error)) reception.log.warn("tcp.failed", { error });
    }
    reception.turn(() => reception.leave(this));
    this.#cutIn(LAST_WORDS_MS);
    await this.#sending;
    // TLS has a last word of its own, without which its peer cannot tell an end from a cut.
    if (this.#state !== "closed") await this.#socket.closeWrite().catch(() => {});
    this.cut();
  }

  get unsentBytes(): number {
    return this.#written.length;
  }

  send(frame: string): void {
    if (this.#state !== "open") return;
    if (!this.#isListed) this.#reception.hasToSend(this);
    this.#isListed = true;
    this.#written += frame + "\n";
  }

  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#reception.hasToSend(this);
  }

  closeLater(frame: string): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    const { promise, resolve } = Promise.withResolvers<void>();
    const say = () => {
      this.#pause = undefined;
      this.#written += frame + "\n";
      this.#reception.turn(() => this.#reception.hasToSend(this));
      resolve();
    };
    const timer = setTimeout(say, this.#reception.limits.refusalPauseMs);
    const forget = () => {
      clearTimeout(timer);
      resolve();
    };
    this.#pause = { over: promise, forget };
  }

  flush(): void {
    this.#isListed = false;
    if (this.#state === "closed") return;
    if (this.#state === "closing") {
      this.#reception.leave(this);
      this.#cutIn(LAST_WORDS_MS);
    }
    if (!this.#sending) this.#sending = this.#sendAll();
    else if (this.#waiting > this.#reception.limits.outputBytesMax) {
      // What one turn says is no sign of a slow reader, however much it is: only what was there before.
      return this.#reception.cutSlow(this, this.#waiting);
    }
    this.#waiting = this.#written.length;
  }

  cut(): void {
    clearTimeout(this.#linger);
    this.#pause?.forget();
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#written = "";
    this.#socket.close();
    this.#reception.gone(this);
  }

  async #readToEnd(): Promise<void> {
    let buffer = new Uint8Array(READ_BYTES_MIN);
    for (;;) {
      const count = await this.#socket.read(buffer);
      if (count === null) return;
      const lines = this.#state === "open" ? this.#cutIntoLines(buffer.subarray(0, count)) : [];
      for (let next = 0; next < lines.length || this.#frames.fault;) {
        this.#reception.turn(() => next = this.#receive(lines, next));
        // A peer that asks for more than it reads waits here, and not in our memory.
        if (this.#written !== "") await this.#sending;
        if (this.#state !== "open") break;
      }
      if (count === buffer.length && count < READ_BYTES_MAX) buffer = new Uint8Array(2 * count);
    }
  }

  #cutIntoLines(bytes: Uint8Array): readonly string[] {
    if (!this.#heardFrom && bytes[0] !== OPENING_BRACE) {
      this.conversation = this.#dialects.text(this);
      this.#frames = new LineFrames(this.#reception.limits.frameBytesMax, "with empty lines");
    }
    this.#heardFrom = true;
    return this.#frames.push(bytes);
  }

  /**
   * Carries out the lines from `next` on, until their answers are enough for one write. Answers with the
   * first line left.
   */
  #receive(lines: readonly string[], next: number): number {
    const first = next;
    const enough = this.#reception.limits.outputBytesMax / 2;
    while (next < lines.length && this.#state === "open" && this.#written.length < enough) {
      this.conversation.receive(lines[next] as string);
      next++;
    }
    if (next > first) this.#reception.heard(this);
    const { fault } = this.#frames;
    if (fault && next === lines.length && this.#state === "open") {
      if (fault.code === "LIMIT") this.#reception.counts.longFrames++;
      this.conversation.fail(fault, fault.code === "LIMIT" ? CLOSE.tooBig : CLOSE.invalidText);
    }
    return next;
  }

  async #sendAll(): Promise<void> {
    try {
      while (this.#written !== "") {
        const bytes = ENCODER.encode(this.#written);
        this.#written = "";
        this.#waiting = 0;
        for (let sent = 0; sent < bytes.length;) sent += await this.#socket.write(bytes.subarray(sent));
      }
      this.#sending = undefined;
      if (this.#state === "closing") await this.#endOfFile();
    } catch (error) {
      this.#sending = undefined;
      if (!isConnectionError(error)) this.#reception.log.warn("tcp.send_failed", { error });
      this.#reception.turn(() => this.cut());
    }
  }

  async #endOfFile(): Promise<void> {
    this.#cutIn(LINGER_MS);
    await this.#socket.closeWrite();
  }

  #cutIn(delayMs: number): void {
    clearTimeout(this.#linger);
    if (this.#state !== "closed") this.#linger = setTimeout(() => this.cut(), delayMs);
  }
}

/** What ends a connection in the course of things: the peer, the network, or our own closing. */
function isConnectionError(error: unknown): boolean {
  const { errors } = Deno;
  return [
    errors.ConnectionReset,
    errors.ConnectionAborted,
    errors.BrokenPipe,
    errors.NotConnected,
    errors.TimedOut,
    errors.BadResource,
    errors.Interrupted,
    errors.UnexpectedEof,
  ].some((kind) => error instanceof kind);
}
