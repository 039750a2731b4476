/**
 * A peer that speaks frames and knows nothing of their meaning, over either transport: for tests that say
 * what no client would.
 *
 * @module
 */
import type { Place } from "./daemon.ts";
import { within } from "./eventually.ts";

/** How long a peer listens for a message that it wants before it fails the test, in milliseconds. */
const SILENCE_MS = 30_000;

/** A message of the server, as it came: tests look into messages of every shape, and into wrong ones. */
export type RawMessage = ReturnType<typeof JSON.parse>;

/** One connection. */
export interface RawPeer extends AsyncDisposable {
  /** Sends a frame: an object as JSON, a text as it is. */
  say(frame: unknown): Promise<void>;
  /** The next message, or undefined when the connection has ended. */
  hear(): Promise<RawMessage | undefined>;
  /** Says a request and waits for the answer with its id; what comes before it is kept for `hear`. */
  ask(request: { readonly id: number; readonly [field: string]: unknown }): Promise<RawMessage>;
  /** Ends the connection. */
  end(): void;
  /** The status of a closed WebSocket; undefined on TCP. */
  readonly closeCode: number | undefined;
}

/** How a peer is connected. */
export type Transport = "tcp" | "websocket";

/** Both transports, for suites that run on each. */
export const TRANSPORTS: readonly Transport[] = ["tcp", "websocket"];

/** Connects a peer, and introduces it unless `hello` is false. */
export async function connectRaw(
  place: Place,
  transport: Transport,
  { hello = true, name }: { hello?: boolean; name?: string } = {},
): Promise<RawPeer> {
  const peer = transport === "tcp"
    ? await connectTcp(place.tcpPort)
    : await connectWebSocket(place.webSocketUrl);
  if (hello) await peer.ask({ id: 1, op: "hello", version: 1, ...(name ? { client: { name } } : {}) });
  return peer;
}

class Inbox {
  readonly #messages: RawMessage[] = [];
  #news = Promise.withResolvers<void>();
  #ended = false;

  put(text: string): void {
    this.#messages.push(JSON.parse(text));
    this.#tell();
  }

  end(): void {
    this.#ended = true;
    this.#tell();
  }

  async take(wanted: (message: RawMessage) => boolean): Promise<RawMessage | undefined> {
    for (;;) {
      const index = this.#messages.findIndex(wanted);
      if (index >= 0) return this.#messages.splice(index, 1)[0];
      if (this.#ended) return undefined;
      await within("the next message", this.#news.promise, SILENCE_MS);
    }
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers<void>();
  }
}

async function connectTcp(port: number): Promise<RawPeer> {
  const socket = await Deno.connect({ port });
  socket.setNoDelay(true);
  const inbox = new Inbox();
  let open = true;
  const end = () => {
    if (open) socket.close();
    open = false;
  };
  const reading = (async () => {
    let rest = "";
    const [buffer, decoder] = [new Uint8Array(65_536), new TextDecoder()];
    try {
      for (let count = await socket.read(buffer); count !== null; count = await socket.read(buffer)) {
        const lines = (rest + decoder.decode(buffer.subarray(0, count), { stream: true })).split("\n");
        rest = lines.pop() ?? "";
        lines.forEach((line) => inbox.put(line));
      }
    } catch (error) {
      const { BadResource, Interrupted, ConnectionReset } = Deno.errors;
      if (![BadResource, Interrupted, ConnectionReset].some((kind) => error instanceof kind)) throw error;
    }
    inbox.end();
  })();
  return makePeer(inbox, {
    write: async (text) => void await socket.write(new TextEncoder().encode(text + "\n")),
    end,
    closed: () => reading,
    code: () => undefined,
  });
}

async function connectWebSocket(url: string): Promise<RawPeer> {
  const socket = new WebSocket(url);
  const inbox = new Inbox();
  const closed = Promise.withResolvers<void>();
  let code: number | undefined;
  socket.onmessage = ({ data }) => inbox.put(data);
  socket.onclose = (event) => {
    code = event.code;
    inbox.end();
    closed.resolve();
  };
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error(`cannot connect to ${url}`));
  });
  return makePeer(inbox, {
    write: (text) => Promise.resolve(socket.send(text)),
    end: () => socket.close(),
    closed: () => closed.promise,
    code: () => code,
  });
}

function makePeer(
  inbox: Inbox,
  { write, end, closed, code }: {
    write(text: string): Promise<void>;
    end(): void;
    closed(): Promise<void>;
    code(): number | undefined;
  },
): RawPeer {
  const say = (frame: unknown) => write(typeof frame === "string" ? frame : JSON.stringify(frame));
  return {
    say,
    hear: () => inbox.take(() => true),
    async ask(request) {
      await say(request);
      return await inbox.take((message) => message.id === request.id);
    },
    end,
    get closeCode() {
      return code();
    },
    async [Symbol.asyncDispose]() {
      end();
      await closed();
    },
  };
}
