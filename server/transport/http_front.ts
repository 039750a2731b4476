/**
 * Stands before the HTTP server where strangers can reach it, or where there is TLS: accepts connections, and
 * passes their bytes on to the server, which then listens on loopback alone. The runtime's server knows no
 * limit on connections and no patience for those that begin a request and never end it (slow loris); and it
 * would take its WebSockets down with it if it had to listen anew for a new certificate. Here there is a
 * limit, connections that owe a request and are owed no answer are cut after a while, and certificates change
 * while WebSockets live.
 *
 * @module
 */
import type { Log } from "../base/log.ts";
import type { Port } from "./port.ts";
import type { Socket } from "./tls_socket.ts";
import type { Reception } from "./reception.ts";

const BUFFER_BYTES = 16_384;
/** How often connections are looked at, in milliseconds. */
const PATROL_INTERVAL_MS = 1_000;

/** Each connection has three descriptors: its own, and both ends of the way to the server. */
const DESCRIPTORS = 3;

/** What a front needs. */
export interface HttpFrontOptions {
  readonly port: Port;
  /** Where the server listens. */
  readonly inner: Deno.NetAddr;
  /**
   * Whether the server owes an answer, or has a WebSocket, on the connection that comes from that port of
   * loopback.
   */
  readonly isBusy: (innerPort: number) => boolean;
  /** Where its descriptors are counted together with those of all other connections. */
  readonly reception: Pick<Reception, "size" | "descriptorsElsewhere" | "acceptFailed">;
  readonly limits: HttpFrontLimits;
  readonly log: Log;
  readonly now: () => number;
}

/** What a front keeps connections to. */
export interface HttpFrontLimits {
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  readonly requestTimeoutMs: number;
}

/** A connection with its way to the server. */
interface Passage {
  readonly outer: Socket;
  readonly inner: Deno.TcpConn;
  /** When the server said something last, or was seen to be busy with it, in monotonic milliseconds. */
  busyMs: number;
}

/** The front of one HTTP server. */
export class HttpFront {
  readonly #options: HttpFrontOptions;
  readonly #byInnerPort = new Map<number, Passage>();
  readonly #countOf = new Map<string, number>();
  readonly #serving: Promise<void>;
  readonly #patrol: ReturnType<typeof setInterval>;
  #count = 0;

  constructor(options: HttpFrontOptions) {
    this.#options = options;
    this.#serving = options.port.serve(
      (socket) => this.#take(socket),
      (error) => options.reception.acceptFailed("http", error),
    );
    this.#patrol = setInterval(() => this.#cutIdle(), PATROL_INTERVAL_MS);
  }

  /** Where the connection comes from that comes from that port of loopback, as far as the front knows. */
  peerOf(innerPort: number): string | undefined {
    return this.#byInnerPort.get(innerPort)?.outer.remoteAddr.hostname;
  }

  /** Cuts everything, and resolves when nothing is left. */
  async stop(): Promise<void> {
    clearInterval(this.#patrol);
    this.#options.port.close();
    for (const passage of this.#byInnerPort.values()) cut(passage);
    await this.#serving;
  }

  async #take(outer: Socket): Promise<void> {
    const { hostname: peer } = outer.remoteAddr;
    if (!this.#admits(peer)) return outer.close();
    this.#note(peer, 1);
    try {
      const { hostname, port } = this.#options.inner;
      const inner = await Deno.connect({ hostname, port });
      await this.#pass({ outer, inner, busyMs: this.#options.now() });
    } catch (error) {
      outer.close();
      this.#options.log.warn("http.front_failed", { error });
    } finally {
      this.#note(peer, -1);
    }
  }

  #admits(peer: string): boolean {
    const { reception, limits: { connectionsMax, connectionsPerAddressMax } } = this.#options;
    const isFull = reception.size + DESCRIPTORS * (this.#count + 1) > connectionsMax;
    // There is no way to tell before a handshake and a request: both cost more than strangers should.
    return !isFull && (this.#countOf.get(peer) ?? 0) < connectionsPerAddressMax;
  }

  #note(peer: string, change: 1 | -1): void {
    this.#count += change;
    this.#options.reception.descriptorsElsewhere = DESCRIPTORS * this.#count;
    const count = (this.#countOf.get(peer) ?? 0) + change;
    if (count > 0) this.#countOf.set(peer, count);
    else this.#countOf.delete(peer);
  }

  async #pass(passage: Passage): Promise<void> {
    const { outer, inner } = passage;
    const { port } = inner.localAddr;
    this.#byInnerPort.set(port, passage);
    try {
      // When either direction is over for good, so is the other: HTTP has no use for half of a connection.
      await Promise.race([
        pump(outer, inner),
        pump(inner, outer, () => passage.busyMs = this.#options.now()).then(() => outer.closeWrite()),
      ]);
    } catch {
      // Either end went away, or spoke no TLS: nothing that is ours to tell.
    }
    cut(passage);
    this.#byInnerPort.delete(port);
  }

  #cutIdle(): void {
    const { isBusy, now, limits: { requestTimeoutMs } } = this.#options;
    for (const [innerPort, passage] of this.#byInnerPort) {
      if (isBusy(innerPort)) passage.busyMs = now();
      else if (now() - passage.busyMs > requestTimeoutMs) cut(passage);
    }
  }
}

/** Takes bytes from one to the other until the first has no more. */
async function pump(from: Socket, to: Socket, onBytes?: () => void): Promise<void> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) return;
    for (let sent = 0; sent < count;) sent += await to.write(buffer.subarray(sent, count));
    onBytes?.();
  }
}

function cut({ outer, inner }: Passage): void {
  for (const socket of [outer, inner]) {
    try {
      socket.close();
    } catch (error) {
      // Cut before.
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}
