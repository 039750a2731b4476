/**
 * The ports of a daemon: TCP, and HTTP with its guard against pages of others; both with TLS or without.
 *
 * @module
 */
import type { Limits } from "./base/limits.ts";
import type { Log } from "./base/log.ts";
import type { Config } from "./config.ts";
import type { Dialects } from "./dialect/conversation.ts";
import { isLoopback } from "./option_form.ts";
import type { Gate } from "./session/access.ts";
import { readTlsFiles } from "./tls_files.ts";
import { type Answerer, HttpPort } from "./transport/http.ts";
import { HttpServer } from "./transport/http_server.ts";
import { PageGuard } from "./transport/page_guard.ts";
import { Port } from "./transport/port.ts";
import type { Reception } from "./transport/reception.ts";
import { serveTcp } from "./transport/tcp.ts";

/** Where a daemon can be reached; null where it does not listen. */
export interface DaemonAddresses {
  readonly tcp: Deno.NetAddr | null;
  readonly http: Deno.NetAddr | null;
}

/** What the ports of a daemon are made with. */
export interface DoorsOptions {
  readonly config: Config;
  readonly limits: Limits;
  readonly log: Log;
  readonly now: () => number;
  readonly reception: Reception;
  readonly dialects: Dialects;
  readonly gate: Gate;
  /** Answers what is no upgrade to a WebSocket. */
  readonly answer: Answerer;
}

/** The open ports of a daemon. */
export class Doors {
  readonly addresses: DaemonAddresses;
  readonly speaksTls: boolean;
  readonly #options: DoorsOptions;
  readonly #tcp: Port | null;
  readonly #http: HttpServer | null = null;
  readonly #httpPort: HttpPort;
  readonly #serving: Promise<void>;

  /** Opens them. Throws a TlsFilesError or an error of the operating system, and then nothing is open. */
  constructor(options: DoorsOptions) {
    const { config, limits, log, now, reception, dialects, gate, answer } = options;
    const { address, httpAddress } = config;
    this.#options = options;
    const credentials = readTlsFiles(config, log);
    this.speaksTls = credentials !== undefined;
    const pages = new PageGuard({
      origins: config.allowOrigin,
      host: httpAddress?.host ?? "localhost",
      isLoopback: httpAddress !== null && isLoopback(httpAddress),
      admitsStrangers: () => gate.admitsStrangers,
    });
    const peerOf = (innerPort: number) => this.#http?.peerOf(innerPort);
    this.#httpPort = new HttpPort({ reception, dialects, gate, pages, answer, peerOf });
    this.#tcp = address && Port.open({ hostname: address.host, port: address.port }, credentials);
    try {
      this.#http = httpAddress && new HttpServer({
        hostname: httpAddress.host,
        port: httpAddress.port,
        credentials,
        isLoopback: isLoopback(httpAddress),
        reception,
        limits,
        log,
        now,
        answers: this.#httpPort,
      });
    } catch (error) {
      this.#tcp?.close();
      throw error;
    }
    this.#serving = this.#tcp ? serveTcp(this.#tcp, reception, dialects) : Promise.resolve();
    this.addresses = { tcp: this.#tcp?.addr ?? null, http: this.#http?.addr ?? null };
  }

  /** How many requests on HTTP are not answered yet. */
  get unansweredCount(): number {
    return this.#httpPort.size;
  }

  /**
   * Reads the files of TLS anew, and shows what is in them from now on. Throws a TlsFilesError when it goes
   * on with what it had.
   */
  renewCredentials(): void {
    const { config, log } = this.#options;
    const credentials = readTlsFiles(config, log);
    if (!credentials) return;
    this.#tcp?.renew(credentials);
    this.#http?.renew(credentials);
  }

  /** Takes no more connections on TCP; HTTP goes on, to say so. */
  close(): void {
    this.#tcp?.close();
  }

  /** Resolves when every answer that was owed on HTTP is sent, or cannot be. */
  settled(): Promise<void> {
    return this.#httpPort.settled();
  }

  /** Resolves when nothing is open any more; connections on TCP have to end by themselves. */
  async stop(): Promise<void> {
    await Promise.all([this.#serving, this.#http?.stop()]);
  }
}
