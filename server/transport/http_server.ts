/**
 * The HTTP server of a daemon: the runtime's own, with a front before it where strangers can reach it or
 * where there is TLS (`http_front.ts` says why).
 *
 * @module
 */
import type { Log } from "../base/log.ts";
import type { HttpPort } from "./http.ts";
import { HttpFront, type HttpFrontLimits } from "./http_front.ts";
import { ACCEPT_PAUSE_MS, listening, Port, type TlsCredentials } from "./port.ts";
import type { Reception } from "./reception.ts";

const LOOPBACK = "127.0.0.1";

/** What an HTTP server is made with. */
export interface HttpServerOptions {
  readonly hostname: string;
  readonly port: number;
  /** With them it speaks TLS. */
  readonly credentials: TlsCredentials | undefined;
  /** Whether only programs of this machine reach it. */
  readonly isLoopback: boolean;
  readonly reception: Reception;
  readonly limits: HttpFrontLimits;
  readonly log: Log;
  readonly now: () => number;
  readonly answers: HttpPort;
}

/** A running HTTP server. */
export class HttpServer {
  readonly addr: Deno.NetAddr;
  readonly #serving: Promise<void>;
  readonly #abort = new AbortController();
  readonly #outer: Port | undefined;
  readonly #front: HttpFront | undefined;

  /** Throws an error of the operating system, or for credentials that are none. */
  constructor(options: HttpServerOptions) {
    const { hostname, port, credentials, isLoopback, reception, limits, log, now, answers } = options;
    const isFronted = credentials !== undefined || !isLoopback;
    this.#outer = isFronted ? Port.open({ hostname, port }, credentials) : undefined;
    const onError = (error: unknown) => {
      log.error("http.failed", { error });
      return new Response(null, { status: 500 });
    };
    const { signal } = this.#abort;
    const open: OpenServer = (inner) =>
      listening(inner, () =>
        Deno.serve(
          { ...inner, onListen() {}, onError, signal },
          (request, info) => answers.answer(request, info),
        ));
    let server: Deno.HttpServer<Deno.NetAddr>;
    try {
      server = open(isFronted ? { hostname: LOOPBACK, port: 0 } : { hostname, port });
    } catch (error) {
      this.#outer?.close();
      throw error;
    }
    const { addr } = server;
    this.#serving = keepServing(server, {
      again: () => open({ hostname: addr.hostname, port: addr.port }),
      signal,
      onAcceptFailed: (error) => reception.acceptFailed("http", error),
    });
    this.#front = this.#outer && new HttpFront({
      port: this.#outer,
      inner: addr,
      isBusy: (innerPort) => answers.isBusy(innerPort),
      reception,
      limits,
      log,
      now,
    });
    this.addr = this.#outer?.addr ?? addr;
  }

  /** Where the connection with that port of loopback really comes from, when it comes through the front. */
  readonly peerOf = (innerPort: number): string | undefined => this.#front?.peerOf(innerPort);

  /** Shows other credentials from now on; see {@link Port.renew}. */
  renew(credentials: TlsCredentials): void {
    this.#outer?.renew(credentials);
  }

  /** Cuts everything, and resolves when nothing is left. */
  async stop(): Promise<void> {
    // Not the server's shutdown, which waits for peers that do not finish what they began, and cannot be cut
    // short.
    this.#abort.abort();
    await Promise.all([this.#front?.stop(), this.#serving]);
  }
}

type OpenServer = (
  inner: { readonly hostname: string; readonly port: number },
) => Deno.HttpServer<Deno.NetAddr>;

interface Keeping {
  /** Opens another server at the same address. Throws when that is not possible now. */
  readonly again: () => Deno.HttpServer<Deno.NetAddr>;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly onAcceptFailed: (error: unknown) => void;
}

/**
 * Serves until it is stopped. The runtime's server accepts nothing more once a connection could not be
 * accepted, say since no descriptor is left, and may cut what it was asking for: then another one takes its
 * place.
 */
async function keepServing(
  first: Deno.HttpServer<Deno.NetAddr>,
  { again, signal, onAcceptFailed }: Keeping,
): Promise<void> {
  for (let server: Deno.HttpServer<Deno.NetAddr> | undefined = first; !signal.aborted;) {
    try {
      server ??= again();
      await server.finished;
    } catch (error) {
      onAcceptFailed(error);
      await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MS));
    }
    server = undefined;
  }
}
