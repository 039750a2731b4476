/**
 * TCP: one message a line (`docs/protocol.md` [P-1]). The only file of the library that needs Node's API; it
 * is loaded when a `distrilock://` address is used, so browsers never see it.
 *
 * @module
 */
import { connect, type Socket } from "node:net";
import { LineFrames } from "../protocol/frames.ts";
import type { OpenTransport, Transport, TransportEvents } from "./transport.ts";

/** How long a server may take to end its side after the client ended its own, in milliseconds. */
const CLOSE_MS_MAX = 1_000;
/** After how much silence the kernel asks whether the server is still there, in milliseconds. */
const KEEP_ALIVE_MS = 15_000;
/**
 * Longest line of a server: a list of a thousand names may be long, an endless line is no server of ours. In
 * bytes.
 */
const ANSWER_BYTES_MAX = 64 * 2 ** 20;

/** Where a TCP server listens. */
export interface TcpAddress {
  /** Host name or IP address; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** How every socket to a server is opened. */
export const SOCKET_OPTIONS = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE_MS,
} as const;

/** Makes the function that opens a TCP channel to that address. */
export function tcpOpener(address: TcpAddress, signal: AbortSignal): OpenTransport {
  return (events) =>
    openOn(() => connect({ ...address, ...SOCKET_OPTIONS }), { ready: "connect", events, signal });
}

/** When a socket is open, and who is told of what comes from it. */
export interface OpenOnOptions {
  readonly ready: "connect" | "secureConnect";
  readonly events: TransportEvents;
  readonly signal: AbortSignal;
}

/** Opens a channel on a socket, which `begin` makes and begins to connect; see {@link OpenTransport}. */
export function openOn(begin: () => Socket, { ready, events, signal }: OpenOnOptions): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const socket = begin();
    const fail = (error: unknown) => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      reject(error);
    };
    const onAbort = () => fail(signal.reason);
    socket.once("error", fail);
    socket.once(ready, () => {
      signal.removeEventListener("abort", onAbort);
      socket.off("error", fail);
      resolve(new TcpTransport(socket, events));
    });
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
  });
}

class TcpTransport implements Transport {
  readonly #socket: Socket;
  readonly #frames = new LineFrames(ANSWER_BYTES_MAX);
  #closing: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: Socket, events: TransportEvents) {
    this.#socket = socket;
    let cause: Error | undefined;
    socket.on("data", (bytes: Uint8Array) => {
      for (const line of this.#frames.push(bytes)) events.onMessage(line);
      if (this.#frames.fault !== undefined) socket.destroy(new Error(this.#frames.fault.message));
    });
    socket.on("error", (error) => cause = error);
    // An end of the server's side ends the session [P-13]; Node then ends ours, since half-open was not asked
    // for.
    socket.on("close", () => {
      clearTimeout(this.#closing);
      events.onClose(cause);
    });
  }

  send(text: string): void {
    if (this.#socket.writable) this.#socket.write(`${text}\n`);
  }

  close(): void {
    if (this.#closing !== undefined || this.#socket.destroyed) return;
    this.#socket.end();
    this.#closing = setTimeout(() => this.#socket.destroy(), CLOSE_MS_MAX);
  }
}
