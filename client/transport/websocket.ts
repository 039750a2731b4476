/**
 * WebSocket: one message a text frame (`docs/protocol.md` [P-2]), through the `WebSocket` that browsers, Deno, Bun and Node 22 have
 * as a global, or another class with its shape.
 *
 * @module
 */
import type { OpenTransport, Transport, TransportEvents } from "./transport.ts";

/** How long a server may take to agree to the end, in milliseconds. */
const CLOSE_MS_MAX = 1_000;
/** `readyState` of a WebSocket that is open. */
const OPEN = 1;

/** Makes WebSockets: the global class of that name, or one like it. */
export type WebSocketMaker = new (url: string | URL) => WebSocket;

/** How to open a WebSocket. */
export interface WebSocketOptions {
  /** Ends the attempt. */
  readonly signal: AbortSignal;
  /** The runtime's own unless given. */
  readonly webSocket: WebSocketMaker | undefined;
}

/** Makes the function that opens a WebSocket to that address. */
export function webSocketOpener(url: URL, { signal, webSocket }: WebSocketOptions): OpenTransport {
  return (events) =>
    new Promise((resolve, reject) => {
      const Maker = webSocket ?? (typeof WebSocket === "undefined" ? undefined : WebSocket);
      if (Maker === undefined) {
        throw new Error(
          `Cannot open ${url}: this runtime has no WebSocket, use a distrilock:// address or the option webSocket`,
        );
      }
      const socket = new Maker(url);
      const fail = (error: unknown) => {
        signal.removeEventListener("abort", onAbort);
        socket.removeEventListener("error", onError);
        socket.removeEventListener("open", onOpen);
        // Closing what is still connecting makes an error event, to which nobody listens any more.
        socket.close();
        reject(error);
      };
      const onAbort = () => fail(signal.reason);
      const onError = (event: Event) => fail(errorOf(event));
      const onOpen = () => {
        signal.removeEventListener("abort", onAbort);
        socket.removeEventListener("error", onError);
        resolve(new WebSocketTransport(socket, events));
      };
      socket.addEventListener("error", onError);
      socket.addEventListener("open", onOpen);
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort);
    });
}

class WebSocketTransport implements Transport {
  readonly #socket: WebSocket;
  readonly #events: TransportEvents;
  #cause: Error | undefined;
  #closing: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(socket: WebSocket, events: TransportEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.addEventListener("message", ({ data }) => {
      if (this.#ended) return;
      if (typeof data === "string") return events.onMessage(data);
      this.#cause = new Error("Cannot read a frame: it is binary");
      this.close();
    });
    socket.addEventListener("error", (event) => this.#cause ??= errorOf(event));
    socket.addEventListener("close", () => this.#end());
  }

  send(text: string): void {
    if (this.#socket.readyState === OPEN) this.#socket.send(text);
  }

  close(): void {
    if (this.#closing !== undefined || this.#ended) return;
    this.#socket.close();
    // A WebSocket cannot be cut off; a silent peer is left to the runtime.
    this.#closing = setTimeout(() => this.#end(), CLOSE_MS_MAX);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#closing);
    this.#events.onClose(this.#cause);
  }
}

/** What an error event tells; browsers tell nothing. */
function errorOf(event: Event): Error {
  const { message } = event as Partial<ErrorEvent>;
  return new Error(message === undefined || message === "" ? "the WebSocket failed" : message);
}
