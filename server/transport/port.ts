/**
 * A port with or without TLS, whose certificate can be replaced while connections live: it counts from the
 * next handshake on.
 *
 * @module
 */
import { createSecureContext, type SecureContext } from "node:tls";
import { type Socket, TlsSocket } from "./tls_socket.ts";

/** What TLS shows and proves: PEM texts (RFC 7468). */
export interface TlsCredentials {
  readonly cert: string;
  readonly key: string;
}

/**
 * Pause after an accept that failed, in milliseconds: descriptors are missing, and come back when connections
 * end.
 */
export const ACCEPT_PAUSE_MS = 10;

/** An open port. */
export class Port {
  readonly addr: Deno.NetAddr;
  readonly #listener: Deno.TcpListener;
  #context: SecureContext | undefined;
  #isOpen = true;

  private constructor(listener: Deno.TcpListener, context: SecureContext | undefined) {
    this.#listener = listener;
    this.#context = context;
    this.addr = listener.addr;
  }

  /**
   * Opens a port, with TLS when there are credentials. Throws an error of the operating system, or for
   * credentials that are none.
   */
  static open({ hostname, port }: { hostname: string; port: number }, credentials?: TlsCredentials): Port {
    const context = credentials && secureContext(credentials);
    return new Port(listening({ hostname, port }, () => Deno.listen({ hostname, port })), context);
  }

  /** Takes connections until the port is closed, and serves them to their ends. `take` never rejects. */
  async serve(
    take: (socket: Socket) => Promise<void>,
    onAcceptFailed: (error: unknown) => void,
  ): Promise<void> {
    const connections = new Set<Promise<void>>();
    while (this.#isOpen) {
      try {
        const connection = await this.#listener.accept();
        connection.setNoDelay(true);
        connection.setKeepAlive(true);
        const taken = take(this.#context ? new TlsSocket(connection, this.#context) : connection);
        connections.add(taken);
        void taken.finally(() => connections.delete(taken));
      } catch (error) {
        if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) break;
        // Out of descriptors, or a peer that went away between its knock and our door: the listener is still
        // good.
        onAcceptFailed(error);
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MS));
      }
    }
    await Promise.all(connections);
  }

  /**
   * Shows other credentials from the next handshake on. Throws for credentials that are none, and then
   * nothing has changed.
   */
  renew(credentials: TlsCredentials): void {
    this.#context = secureContext(credentials);
  }

  /** Takes no more connections; harmless when it does not. */
  close(): void {
    if (this.#isOpen) this.#listener.close();
    this.#isOpen = false;
  }
}

function secureContext(credentials: TlsCredentials): SecureContext {
  checkCredentials(credentials);
  return createSecureContext(credentials);
}

/**
 * What `listen` gives. When the address is taken the error says which one it was: an operator has two to look
 * at.
 */
export function listening<T>(
  { hostname, port }: { readonly hostname: string; readonly port: number },
  listen: () => T,
): T {
  try {
    return listen();
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    const state = "another program listens there, a daemon perhaps; choose with --address and --http-address";
    throw new Deno.errors.AddrInUse(`Cannot listen on ${host}:${port}: ${state}`, { cause: error });
  }
}

/**
 * Throws when TLS could not be spoken with them: only a listener of the runtime finds out whether a key fits
 * its certificate.
 */
export function checkCredentials(credentials: TlsCredentials): void {
  Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...credentials }).close();
}
