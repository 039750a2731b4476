/**
 * The HTTP port: upgrades to WebSockets are answered here, everything else by the application (`server/http/app.ts`).
 *
 * @module
 */
import type { Dialects } from "../dialect/conversation.ts";
import { problemResponse } from "../http/problem_response.ts";
import type { Reception } from "./reception.ts";
import { upgradeToWebSocket } from "./websocket.ts";

/** Which dialect is spoken on the WebSocket of a path. */
const WEB_SOCKETS: Readonly<Record<string, keyof Dialects>> = { "/v1/ws": "native", "/distrilock": "legacy" };

/** What answers requests that are no upgrades. */
export type Answerer = (request: Request, info: Deno.ServeHandlerInfo) => Response | Promise<Response>;

/** What an HTTP port is made with. */
export interface HttpPortParts {
  readonly reception: Reception;
  readonly dialects: Dialects;
  readonly answer: Answerer;
}

/** Answers the requests of the HTTP port, and knows which answers are not sent yet. */
export class HttpPort {
  readonly #parts: HttpPortParts;
  readonly #unanswered = new Set<Promise<void>>();

  constructor(parts: HttpPortParts) {
    this.#parts = parts;
  }

  /** Answers a request. */
  answer(request: Request, info: Deno.ServeHandlerInfo): Response | Promise<Response> {
    const { reception, dialects, answer } = this.#parts;
    const path = new URL(request.url).pathname;
    const dialect = Object.hasOwn(WEB_SOCKETS, path) ? WEB_SOCKETS[path] : undefined;
    if (dialect) return upgrade(request, reception, dialects[dialect]);
    this.#track(info.completed);
    const { connectionsMax } = reception.limits;
    if (reception.size + this.size <= connectionsMax) return answer(request, info);
    const message = `Cannot answer: ${connectionsMax} connections are busy, which is connectionsMax`;
    return problemResponse({ code: "LIMIT", message });
  }

  /** How many requests are not answered yet: each has a connection of its own. */
  get size(): number {
    return this.#unanswered.size;
  }

  /** Resolves when every answer that was owed is sent, or cannot be. New requests do not hold it up. */
  async settled(): Promise<void> {
    await Promise.all(this.#unanswered);
    // The runtime calls an answer sent when it has taken it; the socket gets it in the next turn of the event loop.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  #track(completed: Promise<void>): void {
    const settled = completed.catch(() => {
      // The client went away before it had its answer; whoever answers looks after that.
    }).finally(() => this.#unanswered.delete(settled));
    this.#unanswered.add(settled);
  }
}

function upgrade(request: Request, reception: Reception, converse: Dialects[keyof Dialects]): Response {
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
    const message = "Cannot answer without a WebSocket upgrade: want a WebSocket client";
    return problemResponse({ code: "BAD_REQUEST", message }, {
      status: 426,
      headers: { upgrade: "websocket" },
    });
  }
  try {
    return upgradeToWebSocket(request, reception, converse);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return problemResponse({ code: "BAD_REQUEST", message: `Cannot upgrade: ${error.message}` });
  }
}
