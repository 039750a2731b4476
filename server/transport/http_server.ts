/**
 * The HTTP server of a daemon: the runtime's own, with a front before it where strangers can reach it or
 * where there is TLS (`http_front.ts` says why).
 *
 * @module
 */
import type { Log } from "../base/log.ts";
import type { HttpPort } from "./http.ts";
import { HttpFront, type HttpFrontLimits } from "./http_front.ts";
import { listening, Port, type TlsCredentials } from "./port.ts";
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
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
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
    const inner = isFronted ? { hostname: LOOPBACK, port: 0 } : { hostname, port };
    const { signal } = this.#abort;
    try {
      this.#server = listening(inner, () =>
        Deno.serve(
          { ...inner, onListen() {}, onError, signal },
          (request, info) => answers.answer(request, info),
        ));
    } catch (error) {
      this.#outer?.close();
      throw error;
    }
    this.#front = this.#outer && new HttpFront({
      port: this.#outer,
      inner: this.#server.addr,
      isBusy: (innerPort) => answers.isBusy(innerPort),
      reception,
      limits,
      log,
      now,
    });
    this.addr = (this.#outer ?? this.#server).addr;
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
    await Promise.all([this.#front?.stop(), this.#server.finished]);
  }
}
