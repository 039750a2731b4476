/**
 * A WebSocket by hand, on a bare TCP connection: for frames that no WebSocket of a runtime would send, and
 * for peers that do not read.
 *
 * Source: RFC 6455 sections 4.1 and 5.2.
 *
 * @module
 */
import type { Place } from "./daemon.ts";

/** Kinds of frames. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** One frame. */
export interface WebSocketFrame {
  readonly opcode: number;
  readonly payload: Uint8Array<ArrayBuffer>;
  /** False when more frames of the message follow. */
  readonly last?: boolean;
}

/** A connection that speaks WebSocket, and answers nothing by itself. */
export class RawWebSocket implements Disposable {
  readonly #socket: Deno.TcpConn;
  #unread = new Uint8Array(0);
  #open = true;

  private constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
  }

  /** Connects and upgrades. */
  static async connect({ httpPort }: Pick<Place, "httpPort">, path = "/v1/ws"): Promise<RawWebSocket> {
    const peer = new RawWebSocket(await Deno.connect({ port: httpPort }));
    const key = "dGhlIHNhbXBsZSBub25jZQ==";
    await peer.write(
      new TextEncoder().encode(
        `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      ),
    );
    const end = () => new TextDecoder("latin1").decode(peer.#unread).indexOf("\r\n\r\n");
    while (end() < 0) if (!await peer.#readMore()) throw new Error("the upgrade was refused");
    peer.#unread = peer.#unread.slice(end() + 4);
    return peer;
  }

  /** Sends bytes as they are. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) sent += await this.#socket.write(bytes.subarray(sent));
  }

  /** Sends a text, in one frame. */
  say(text: string): Promise<void> {
    return this.write(webSocketBytes({ opcode: OPCODE.text, payload: new TextEncoder().encode(text) }));
  }

  /** The next frame, or undefined at the end. */
  async hear(): Promise<WebSocketFrame | undefined> {
    for (;;) {
      const view = new DataView(this.#unread.buffer, this.#unread.byteOffset, this.#unread.length);
      const short = view.byteLength > 1 ? view.getUint8(1) & 0x7f : 0;
      const head = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (view.byteLength >= head) {
        const length = short < 126 ? short : short === 126 ? view.getUint16(2) : Number(view.getBigUint64(2));
        if (view.byteLength >= head + length) {
          const payload = this.#unread.slice(head, head + length);
          this.#unread = this.#unread.slice(head + length);
          return { opcode: view.getUint8(0) & 0x0f, payload };
        }
      }
      if (!await this.#readMore()) return undefined;
    }
  }

  /** What the peer says until it closes: its messages, and the status of its close if there was one. */
  async hearToEnd(): Promise<{ readonly messages: readonly string[]; readonly status: number | undefined }> {
    const messages: string[] = [];
    let status: number | undefined;
    for (let frame = await this.hear(); frame; frame = await this.hear()) {
      if (frame.opcode === OPCODE.text) messages.push(new TextDecoder().decode(frame.payload));
      if (frame.opcode !== OPCODE.close) continue;
      status = new DataView(frame.payload.buffer).getUint16(0);
      break;
    }
    return { messages, status };
  }

  /** Cuts the connection without a word. */
  [Symbol.dispose](): void {
    if (this.#open) this.#socket.close();
    this.#open = false;
  }

  async #readMore(): Promise<boolean> {
    const buffer = new Uint8Array(65_536);
    const count = await this.#socket.read(buffer);
    if (count === null) return false;
    const grown = new Uint8Array(this.#unread.length + count);
    grown.set(this.#unread);
    grown.set(buffer.subarray(0, count), this.#unread.length);
    this.#unread = grown;
    return true;
  }
}

/** A frame as a client sends it: masked, with a mask of zeros, which leaves the payload readable. */
export function webSocketBytes({ opcode, payload, last = true }: WebSocketFrame): Uint8Array<ArrayBuffer> {
  const head = [opcode | (last ? 0x80 : 0)];
  if (payload.length < 126) head.push(payload.length | 0x80);
  else if (payload.length < 65_536) head.push(126 | 0x80, payload.length >> 8, payload.length & 0xff);
  else {
    const length = new DataView(new ArrayBuffer(8));
    length.setBigUint64(0, BigInt(payload.length));
    head.push(127 | 0x80, ...new Uint8Array(length.buffer));
  }
  const bytes = new Uint8Array(head.length + 4 + payload.length);
  bytes.set(head);
  bytes.set(payload, head.length + 4);
  return bytes;
}
