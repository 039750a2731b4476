/**
 * The addresses of daemons.
 *
 * | address | what |
 * |---|---|
 * | `distrilock://host[:port]` | TCP, port 13123 unless given |
 * | `distrilocks://host[:port]` | the same over TLS; not from a browser |
 * | `ws://host[:port][/path]` | WebSocket, port 80 unless given as for every `ws:` address (a daemon listens on 13124), path `/v1/ws` unless given |
 * | `wss://host[:port][/path]` | the same over TLS, port 443 unless given |
 *
 * @module
 */
import type { OpenTransport } from "./transport/transport.ts";
import { type WebSocketMaker, webSocketOpener } from "./transport/websocket.ts";

/** The port of a `distrilock://` address that names none. */
export const TCP_PORT_DEFAULT = 13_123;

const WEBSOCKET_PATH_DEFAULT = "/v1/ws";

/**
 * Opens a channel to an address. The signal ends the attempt; the promise is then rejected with its reason.
 */
export type Dial = (address: URL, signal: AbortSignal) => Promise<OpenTransport>;

/** What dialling needs beside an address. */
export interface DialOptions {
  /** Makes WebSockets; the runtime's own unless given. */
  readonly webSocket?: WebSocketMaker | undefined;
  /**
   * Certificates, in PEM, of the authorities to trust over TLS; those that the runtime trusts unless given.
   */
  readonly ca?: string | undefined;
}

/** Dials over the network. */
export function dialer({ webSocket, ca }: DialOptions): Dial {
  return async (address, signal) => {
    if (!isTcp(address)) return webSocketOpener(address, { signal, webSocket });
    const { socketOpener } = await import("./transport/sockets.ts");
    return socketOpener(address, { ca, signal });
  };
}

function isTcp({ protocol }: URL): boolean {
  return protocol === "distrilock:" || protocol === "distrilocks:";
}

/**
 * The address that a text names, with its defaults filled in.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(parseAddress("distrilock://app3").href, "distrilock://app3:13123");
 * equal(parseAddress("wss://locks.example").href, "wss://locks.example/v1/ws");
 * ```
 *
 * @throws {TypeError} when it is no address of a daemon.
 */
export function parseAddress(url: string | URL): URL {
  if (!URL.canParse(url.toString())) throw badAddress(url, "it is not a URL");
  const address = new URL(url);
  if (!isTcp(address) && address.protocol !== "ws:" && address.protocol !== "wss:") {
    throw badAddress(url, "it begins with none of distrilock:// distrilocks:// ws:// wss://");
  }
  if (address.hostname === "") throw badAddress(url, "it names no host");
  if (address.username !== "" || address.password !== "") throw badAddress(url, "it has a user name");
  if (address.hash !== "") throw badAddress(url, "it has a # part");
  if (!isTcp(address)) {
    if (address.pathname === "/") address.pathname = WEBSOCKET_PATH_DEFAULT;
    return address;
  }
  if ((address.pathname !== "" && address.pathname !== "/") || address.search !== "") {
    throw badAddress(url, "it has a path");
  }
  if (address.port === "0") throw badAddress(url, "it has port 0");
  return new URL(`${address.protocol}//${address.hostname}:${address.port || TCP_PORT_DEFAULT}`);
}

function badAddress(url: string | URL, why: string): TypeError {
  return new TypeError(`Cannot connect to ${url}: ${why}, unlike distrilock://host:${TCP_PORT_DEFAULT}`);
}
