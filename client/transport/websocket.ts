/**
 * WebSocket: one message a text frame (`docs/protocol.md` [P-2]), through the `WebSocket` that browsers,
 * Deno, Bun and Node 22 have as a global, or through a class that the program brings along.
 *
 * @module
 */
import type { OpenTransport, Transport, TransportEvents } from "./transport.ts";

/** How long a server may take to agree to the end, in milliseconds. */
const CLOSE_MS_MAX = 1_000;

/** `readyState` of a WebSocket that is open: the same number wherever there are WebSockets. */
const OPEN = 1;

/** What the client needs of a WebSocket: less than every implementation has. */
export interface WebSocketLike {
  readonly readyState: number;
  send(text: string): void;
  close(): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "open" | "close" | "error", listener: (event: object) => void): void;
}

/** A class whose objects are WebSockets, such as the global `WebSocket`, or the one of the package `ws`. */
export type WebSocketMaker = new (url: string) => WebSocketLike;

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
      const socket = new (webSocket ?? globalMaker(url))(url.href);
      let isSettled = false;
      const settle = () => {
        isSettled = true;
        signal.removeEventListener("abort", onAbort);
      };
      const fail = (error: unknown) => {
        if (isSettled) return;
        settle();
        socket.close();
        reject(error);
      };
      const onAbort = () => fail(signal.reason);
      // It stays: closing what is still connecting is told as an error, and some implementations throw where
      // nobody listens.
      socket.addEventListener("error", (event) => fail(errorOf(event)));
      socket.addEventListener("close", () => fail(new Error("the WebSocket was closed before it was open")));
      socket.addEventListener("open", () => {
        if (isSettled) return;
        settle();
        resolve(new WebSocketTransport(socket, events));
      });
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort);
    });
}

function globalMaker(url: URL): WebSocketMaker {
  if (typeof WebSocket !== "undefined") return WebSocket;
  const hint = "use a distrilock:// address, or the option webSocket";
  throw new Error(`Cannot open ${url}: this runtime has no WebSocket, ${hint}`);
}

class WebSocketTransport implements Transport {
  readonly #socket: WebSocketLike;
  readonly #events: TransportEvents;
  #cause: Error | undefined;
  #closing: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(socket: WebSocketLike, events: TransportEvents) {
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
function errorOf(event: { readonly message?: unknown }): Error {
  const { message } = event;
  return new Error(typeof message === "string" && message !== "" ? message : "the WebSocket failed");
}
