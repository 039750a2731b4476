/**
 * JSON dialects on WebSocket (RFC 6455): one message a text frame.
 *
 * The runtime keeps the peer honest: it pings idle ones and drops those that do not answer, fails text that
 * is not UTF-8, and bounds a message before we see it (64 MiB); what is longer than our own limit ends the
 * connection here.
 *
 * @module
 */
import {
  CLOSE,
  type CloseCode,
  type Conversation,
  type Converse,
  type Wire,
} from "../dialect/conversation.ts";
import { Pulse } from "./heartbeats.ts";
import type { Guest, Reception } from "./reception.ts";

/**
 * After so many seconds without a word the runtime pings the peer, and after as many again it gives it up.
 */
const IDLE_SECONDS = 30;

/**
 * The subprotocol that is agreed to when a client names it (it must name one to hand over a token, see
 * `server/session/bearer.ts`).
 */
const SUBPROTOCOL = "distrilock";

/** What becomes of a WebSocket. */
export interface UpgradeOptions {
  readonly reception: Reception;
  readonly converse: Converse;
  /** The address that the request came from. */
  readonly peer: string;
  /** Called when the WebSocket is over. */
  readonly onGone: () => void;
}

/** Answers an upgrade request with a connection. Throws a TypeError when the request asks for no upgrade. */
export function upgradeToWebSocket(request: Request, options: UpgradeOptions): Response {
  const named = request.headers.get("sec-websocket-protocol")?.split(",").map((word) => word.trim()) ?? [];
  const agreed = named.includes(SUBPROTOCOL) ? { protocol: SUBPROTOCOL } : {};
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: IDLE_SECONDS, ...agreed });
  new WebSocketConnection(socket, options);
  return response;
}

class WebSocketConnection implements Wire, Guest {
  readonly conversation: Conversation;
  readonly transport = "websocket";
  readonly pulse = new Pulse(this);
  readonly peer: string;
  dueMs = 0;
  heapIndex = -1;
  readonly #socket: WebSocket;
  readonly #reception: Reception;
  #written: string[] = [];
  #writtenLength = 0;
  #closing: CloseCode | undefined;
  #later: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: WebSocket, { reception, converse, peer, onGone }: UpgradeOptions) {
    this.#socket = socket;
    this.peer = peer;
    this.#reception = reception;
    this.conversation = converse(this);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => reception.turn(() => this.#open());
    socket.onmessage = ({ data }) => reception.turn(() => this.#receive(data));
    socket.onclose = () => {
      clearTimeout(this.#later);
      onGone();
      reception.turn(() => reception.gone(this));
    };
    // A failed connection is always closed as well; its error says nothing that helps.
    socket.onerror = () => {};
  }

  get unsentBytes(): number {
    return this.#socket.bufferedAmount + this.#writtenLength;
  }

  send(frame: string): void {
    if (this.#closing !== undefined) return;
    if (this.#written.length === 0) this.#reception.hasToSend(this);
    this.#written.push(frame);
    this.#writtenLength += frame.length;
  }

  close(code: CloseCode): void {
    if (this.#closing !== undefined) return;
    this.#closing = code;
    this.#reception.hasToSend(this);
  }

  closeLater(frame: string, code: CloseCode): void {
    if (this.#closing !== undefined) return;
    this.#closing = code;
    this.#later = setTimeout(() => {
      this.#written = [frame];
      this.#reception.turn(() => this.#reception.hasToSend(this));
    }, this.#reception.limits.refusalPauseMs);
  }

  flush(): void {
    const written = this.#written;
    this.#written = [];
    this.#writtenLength = 0;
    if (this.#socket.readyState === WebSocket.OPEN) {
      // Looked at before: what one turn says is no sign of a slow reader, however much it is.
      const waiting = this.#socket.bufferedAmount;
      if (waiting > this.#reception.limits.outputBytesMax) {
        return this.#reception.cutSlow(this, waiting);
      }
      for (const frame of written) this.#socket.send(frame);
    }
    if (this.#closing === undefined) return;
    this.#reception.leave(this);
    this.#socket.close(this.#closing);
  }

  cut(): void {
    clearTimeout(this.#later);
    this.#closing ??= CLOSE.policy;
    this.#written = [];
    this.#reception.leave(this);
    this.#socket.close(this.#closing);
  }

  #open(): void {
    const refusal = this.#reception.refusalFor(this.peer);
    if (!refusal) return this.#reception.enter(this);
    this.#reception.turnAway(this);
    this.conversation.fail(refusal, CLOSE.policy);
  }

  #receive(data: unknown): void {
    if (this.#closing !== undefined) return;
    if (typeof data !== "string") {
      const message = "Cannot read the frame: it is binary, and frames are text";
      return this.conversation.fail({ code: "BAD_REQUEST", message }, CLOSE.unsupportedData);
    }
    const { frameBytesMax } = this.#reception.limits;
    if (3 * data.length > frameBytesMax && new TextEncoder().encode(data).length > frameBytesMax) {
      this.#reception.counts.longFrames++;
      const message = `Cannot read the frame: it is longer than frameBytesMax, ${frameBytesMax} bytes`;
      return this.conversation.fail({ code: "LIMIT", message }, CLOSE.tooBig);
    }
    this.conversation.receive(data);
    this.#reception.heard(this);
  }
}
