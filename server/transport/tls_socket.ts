/**
 * A TLS connection of the server's side, made of an accepted TCP connection. The runtime's own
 * (`Deno.listenTls`) takes a certificate with the listener and not later, and does not let go of the
 * descriptor of a connection whose peer never ends the handshake (seen with 2.9.6), however it is closed:
 * strangers could use them up. Here TLS is a layer above a TCP connection that stays ours.
 *
 * Source: RFC 8446 section 6.1 (what ends a TLS connection).
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { type SecureContext, TLSSocket } from "node:tls";

/** A connection that was accepted, with TLS or without. */
export interface Socket {
  readonly remoteAddr: Deno.NetAddr;
  readonly localAddr: Deno.NetAddr;
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  /** Closes it at once, whatever is left to be sent. Throws a BadResource when it is closed. */
  close(): void;
}

/** The read buffer below TLS, in bytes: a record of TLS is 16 KiB at most. */
const BUFFER_BYTES = 16_384 + 512;

/**
 * The server's side of a TLS connection. The handshake is made by itself; what is read or written before
 * waits for it.
 */
export class TlsSocket implements Socket {
  readonly remoteAddr: Deno.NetAddr;
  readonly localAddr: Deno.NetAddr;
  readonly #stream: TLSSocket;
  /** What was decrypted and not read yet. */
  #rest: Buffer | undefined;
  #state: "open" | "ended" | "failed" | "closed" = "open";
  #cause: unknown;
  #news = Promise.withResolvers<void>();
  #isGone = false;

  constructor(connection: Deno.TcpConn, secureContext: SecureContext) {
    this.remoteAddr = connection.remoteAddr;
    this.localAddr = connection.localAddr;
    const raw = new ConnectionStream(connection);
    // Its failures are those of the stream above.
    raw.on("error", () => {});
    this.#stream = new TLSSocket(raw, { isServer: true, secureContext });
    // Whoever ends its side still hears the answers to what it said.
    this.#stream.allowHalfOpen = true;
    this.#stream.on("readable", () => this.#tell());
    this.#stream.on("end", () => this.#become("ended"));
    this.#stream.on("error", (error) => this.#become("failed", error));
    this.#stream.on("close", () => {
      raw.destroy();
      this.#isGone = true;
      this.#become("ended");
    });
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    for (;;) {
      if (this.#state === "closed") throw new Deno.errors.Interrupted("the connection was closed");
      const chunk = this.#rest ?? this.#stream.read() as Buffer | null;
      if (chunk) return this.#take(chunk, buffer);
      if (this.#state === "ended") return null;
      if (this.#state === "failed") throw this.#failure();
      await this.#news.promise;
    }
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      // A copy, since who writes may use its buffer again before all is encrypted.
      this.#stream.write(
        Buffer.from(bytes),
        (error) => error ? reject(this.#failure(error)) : resolve(bytes.length),
      );
    });
  }

  closeWrite(): Promise<void> {
    if (this.#isGone) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#stream.once("close", resolve);
      this.#stream.end((error?: Error | null) => error ? reject(this.#failure(error)) : resolve());
    });
  }

  close(): void {
    if (this.#state === "closed") throw new Deno.errors.BadResource("the connection is closed");
    this.#become("closed");
    this.#stream.destroy();
  }

  #take(chunk: Buffer, buffer: Uint8Array): number {
    const count = Math.min(chunk.length, buffer.length);
    buffer.set(chunk.subarray(0, count));
    this.#rest = count < chunk.length ? chunk.subarray(count) : undefined;
    return count;
  }

  #become(state: "ended" | "failed" | "closed", cause?: unknown): void {
    // The first end counts; that we closed it ourselves counts more.
    if (this.#state === "open" || state === "closed") this.#state = state;
    this.#cause ??= cause;
    this.#tell();
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  /** As a connection without TLS fails: the peer, the network, or our own closing. */
  #failure(cause: unknown = this.#cause): Error {
    if (this.#state === "closed") return new Deno.errors.Interrupted("the connection was closed", { cause });
    return new Deno.errors.ConnectionReset("the connection failed below or within TLS", { cause });
  }
}

/** A TCP connection as a stream of Node's API. */
class ConnectionStream extends Duplex {
  readonly #connection: Deno.TcpConn;
  readonly #buffer = Buffer.alloc(BUFFER_BYTES);

  constructor(connection: Deno.TcpConn) {
    super({ allowHalfOpen: true });
    this.#connection = connection;
  }

  override _read(): void {
    this.#connection.read(this.#buffer).then(
      (count) => this.push(count === null ? null : Buffer.from(this.#buffer.subarray(0, count))),
      (error) => this.destroy(error),
    );
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#writeAll(chunk).then(() => done(), done);
  }

  override _final(done: (error?: Error) => void): void {
    this.#connection.closeWrite().then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // Called once by the stream, and nobody else closes it.
    this.#connection.close();
    done(error);
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) sent += await this.#connection.write(bytes.subarray(sent));
  }
}
