/**
 * TLS over TCP: the lines of `tcp.ts` with a server that proves who it is. Needs Node's API; loaded through
 * `sockets.ts`, so browsers never see it (they have `wss://`).
 *
 * @module
 */
import { isIP } from "node:net";
import { connect } from "node:tls";
import { openOn, SOCKET_OPTIONS, type TcpAddress } from "./tcp.ts";
import type { OpenTransport } from "./transport.ts";

/** Where a TLS server listens, and whom to believe that it is the right one. */
export interface TlsAddress extends TcpAddress {
  /** Certificates (PEM) of the authorities to believe, in place of those that the runtime believes. */
  readonly ca?: string | readonly string[] | undefined;
}

/**
 * Makes the function that opens a TLS channel to that address. A certificate that does not fit the host is an
 * error; there is no way around it.
 */
export function tlsOpener({ host, port, ca }: TlsAddress, signal: AbortSignal): OpenTransport {
  // An address is no server name (RFC 6066 section 3): its certificate is checked against the address itself.
  const name = isIP(host) === 0 ? { servername: host } : {};
  const believed = ca === undefined ? {} : { ca: typeof ca === "string" ? ca : [...ca] };
  const options = { host, port, ...name, ...believed, ...SOCKET_OPTIONS };
  return (events) => openOn(() => connect(options), { ready: "secureConnect", events, signal });
}
