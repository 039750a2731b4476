/**
 * Sockets for `distrilock://` and `distrilocks://`: what needs Node's API begins here, and is loaded when
 * such an address is used, so browsers never see it.
 *
 * @module
 */
import { tcpOpener } from "./tcp.ts";
import { tlsOpener } from "./tls.ts";
import type { OpenTransport } from "./transport.ts";

/** How to open a socket. */
export interface SocketOptions {
  /**
   * Certificates (PEM) of the authorities to believe over TLS; those that the runtime believes unless given.
   */
  readonly ca?: string | undefined;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
}

/** Makes the function that opens a channel to that address. */
export function socketOpener(
  { protocol, hostname, port }: URL,
  { ca, signal }: SocketOptions,
): OpenTransport {
  const address = { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) };
  return protocol === "distrilock:" ? tcpOpener(address, signal) : tlsOpener({ ...address, ca }, signal);
}
