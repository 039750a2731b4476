/**
 * A port with or without TLS, whose certificate can be replaced while connections live. The runtime takes a certificate with the listener and not later, so the
 * listener is closed and opened anew: connections that were accepted go on, with the old certificate; one that knocks in the few milliseconds between may be refused by
 * the kernel, and has to knock again.
 *
 * @module
 */
/** A connection that was accepted. The handshake of TLS is made by its first read or write. */
export type Socket = Deno.TcpConn | Deno.TlsConn;

/** What TLS shows and proves: PEM texts (RFC 7468). */
export interface TlsCredentials {
  readonly cert: string;
  readonly key: string;
}

/** Pause after an accept that failed, in milliseconds: descriptors are missing, and come back when connections end. */
const ACCEPT_PAUSE_MS = 10;
/** Pause between attempts to listen anew, in milliseconds: the old listener is gone after the first as a rule. */
const LISTEN_PAUSE_MS = 1;

/** An open port. */
export class Port {
  readonly addr: Deno.NetAddr;
  #listener: Deno.TcpListener | Deno.TlsListener;
  #isOpen = true;
  #renewal: Promise<void> = Promise.resolve();

  private constructor(listener: Deno.TcpListener | Deno.TlsListener) {
    this.#listener = listener;
    this.addr = listener.addr;
  }

  /** Opens a port, with TLS when there are credentials. Throws an error of the operating system, or for credentials that are none. */
  static open({ hostname, port }: { hostname: string; port: number }, credentials?: TlsCredentials): Port {
    return new Port(listen({ hostname, port }, credentials));
  }

  /** Takes connections until the port is closed, and serves them to their ends. `take` never rejects. */
  async serve(
    take: (socket: Socket) => Promise<void>,
    onAcceptFailed: (error: unknown) => void,
  ): Promise<void> {
    const connections = new Set<Promise<void>>();
    for (;;) {
      try {
        const taken = take(await this.#listener.accept());
        connections.add(taken);
        void taken.finally(() => connections.delete(taken));
      } catch (error) {
        const isClosed = error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
        if (isClosed && !this.#isOpen) break;
        if (isClosed) await this.#renewal;
        else {
          // Out of descriptors, or a peer that went away between its knock and our door: the listener is still good.
          onAcceptFailed(error);
          await pause(ACCEPT_PAUSE_MS);
        }
      }
    }
    await Promise.all(connections);
  }

  /** Shows other credentials from now on. Rejects for credentials that are none, and then nothing has changed. */
  async renew(credentials: TlsCredentials): Promise<void> {
    checkCredentials(credentials);
    await this.#renewal;
    if (!this.#isOpen) return;
    this.#listener.close();
    this.#renewal = this.#listenAnew(credentials);
    await this.#renewal;
  }

  /** Takes no more connections; harmless when it does not. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      this.#listener.close();
    } catch (error) {
      // In the middle of a renewal there is none.
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async #listenAnew(credentials: TlsCredentials): Promise<void> {
    while (this.#isOpen) {
      await pause(LISTEN_PAUSE_MS);
      if (!this.#isOpen) return;
      try {
        this.#listener = listen(this.addr, credentials);
        return;
      } catch (error) {
        if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      }
    }
  }
}

/** Throws when TLS could not be spoken with them. */
export function checkCredentials(credentials: TlsCredentials): void {
  listen({ hostname: "127.0.0.1", port: 0 }, credentials).close();
}

function listen({ hostname, port }: { hostname: string; port: number }, credentials?: TlsCredentials) {
  return credentials ? Deno.listenTls({ hostname, port, ...credentials }) : Deno.listen({ hostname, port });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
