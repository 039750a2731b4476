/**
 * HTTP requests by hand, with whatever headers no client would send.
 *
 * @module
 */
import { readToEnd } from "./hostile_input.ts";
import { within } from "./eventually.ts";

/** What came back. */
export interface RawAnswer {
  /** 0 when nothing came. */
  readonly status: number;
  /** Status line, headers and body as they came. */
  readonly text: string;
}

/** The header lines of a request for a WebSocket. */
export const UPGRADE = [
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
] as const;

/** Sends a request with these lines, and reads the answer; of a WebSocket only its head. */
export async function rawHttp(port: number, lines: readonly string[], body = ""): Promise<RawAnswer> {
  using socket = await Deno.connect({ port });
  const isUpgrade = lines.some((line) => line.toLowerCase().startsWith("upgrade:"));
  const head = isUpgrade ? lines : [...lines, "Connection: close", `Content-Length: ${body.length}`];
  const bytes = new TextEncoder().encode(`${head.join("\r\n")}\r\n\r\n${body}`);
  try {
    for (let sent = 0; sent < bytes.length;) sent += await socket.write(bytes.subarray(sent));
  } catch (error) {
    // It may hang up on what is too long before it has read all of it.
    if (!(error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset)) {
      throw error;
    }
  }
  const text = await within("an answer", isUpgrade ? readHead(socket) : readToEnd(socket));
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text };
}

async function readHead(socket: Deno.TcpConn): Promise<string> {
  const [buffer, decoder] = [new Uint8Array(4_096), new TextDecoder()];
  let text = "";
  while (!text.includes("\r\n\r\n")) {
    const count = await socket.read(buffer);
    if (count === null) break;
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
  return text;
}
