/**
 * The HTTP port: upgrades to WebSockets are answered here, everything else by the application
 * (`server/http/app.ts`).
 *
 * @module
 */
import type { Converse, Dialects } from "../dialect/conversation.ts";
import { problemResponse } from "../http/problem_response.ts";
import { type Gate, isAccess } from "../session/access.ts";
import { accessOf } from "../session/bearer.ts";
import type { PageGuard } from "./page_guard.ts";
import type { Reception } from "./reception.ts";
import { upgradeToWebSocket } from "./websocket.ts";

const SWITCHING_PROTOCOLS = 101;
const UNAUTHORIZED = 401;

/** Which dialect is spoken on the WebSocket of a path. */
const WEB_SOCKETS: Readonly<Record<string, "native" | "legacy">> = {
  "/v1/ws": "native",
  "/distrilock": "legacy",
};

/** Where a request came from, and when its answer was sent. */
export type HttpInfo = Deno.ServeHandlerInfo<Deno.NetAddr>;

/** What answers requests that are no upgrades. */
export type Answerer = (request: Request, info: HttpInfo) => Response | Promise<Response>;

/** What an HTTP port is made with. */
export interface HttpPortParts {
  readonly reception: Reception;
  readonly dialects: Dialects;
  readonly gate: Gate;
  readonly pages: PageGuard;
  readonly answer: Answerer;
  /** Where a connection really comes from, when another one stands before it. */
  readonly peerOf?: (innerPort: number) => string | undefined;
}

/** Answers the requests of the HTTP port, and knows which answers are not sent yet. */
export class HttpPort {
  readonly #parts: HttpPortParts;
  readonly #unanswered = new Set<Promise<void>>();
  /** The ports of the peers that are owed an answer, or have a WebSocket. */
  readonly #busyPorts = new Set<number>();

  constructor(parts: HttpPortParts) {
    this.#parts = parts;
  }

  /** Answers a request; whoever showed a wrong token waits for that. */
  async answer(request: Request, info: HttpInfo): Promise<Response> {
    const response = await this.#answer(request, info);
    if (response.status === UNAUTHORIZED) await this.#pause(request.signal);
    return response;
  }

  /** Whether an answer is owed, or a WebSocket open, on the connection that comes from that port. */
  isBusy(peerPort: number): boolean {
    return this.#busyPorts.has(peerPort);
  }

  #answer(request: Request, info: HttpInfo): Response | Promise<Response> {
    const { pages, answer } = this.#parts;
    const refusal = pages.refusal(request);
    if (refusal) return problemResponse(refusal);
    const path = new URL(request.url).pathname;
    const dialect = Object.hasOwn(WEB_SOCKETS, path) ? WEB_SOCKETS[path] : undefined;
    const { port } = info.remoteAddr;
    const peer = this.#parts.peerOf?.(port) ?? info.remoteAddr.hostname;
    this.#busyPorts.add(port);
    if (dialect) return this.#upgrade(request, dialect, { peer, port });
    this.#track(info.completed, port);
    const { connectionsMax } = this.#parts.reception.limits;
    if (this.#parts.reception.size + this.size <= connectionsMax) {
      return answer(request, {
        completed: info.completed,
        remoteAddr: { ...info.remoteAddr, hostname: peer },
      });
    }
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
    // The runtime calls an answer sent when it has taken it; the socket gets it in the next turn of the event
    // loop.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#parts.reception.limits.refusalPauseMs);
    signal.addEventListener("abort", () => resolve());
    await promise;
    clearTimeout(timer);
  }

  #track(completed: Promise<void>, port: number): void {
    const settled = completed.catch(() => {
      // The client went away before it had its answer; whoever answers looks after that.
    }).finally(() => {
      this.#busyPorts.delete(port);
      this.#unanswered.delete(settled);
    });
    this.#unanswered.add(settled);
  }

  #upgrade(
    request: Request,
    dialect: "native" | "legacy",
    { peer, port }: { peer: string; port: number },
  ): Response {
    const response = this.#converse(request, { dialect, peer, onGone: () => this.#busyPorts.delete(port) });
    if (response.status !== SWITCHING_PROTOCOLS) this.#busyPorts.delete(port);
    return response;
  }

  #converse(
    request: Request,
    { dialect, peer, onGone }: { dialect: "native" | "legacy"; peer: string; onGone: () => void },
  ): Response {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      const message = "Cannot answer without a WebSocket upgrade: want a WebSocket client";
      return problemResponse({ code: "BAD_REQUEST", message }, {
        status: 426,
        headers: { upgrade: "websocket" },
      });
    }
    const { reception, dialects, gate } = this.#parts;
    let converse: Converse = dialects.native;
    if (dialect === "legacy") {
      const access = accessOf(request, gate, peer);
      if (!isAccess(access)) return problemResponse(access);
      converse = (wire) => dialects.legacy(wire, access);
    }
    try {
      return upgradeToWebSocket(request, { reception, converse, peer, onGone });
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return problemResponse({ code: "BAD_REQUEST", message: `Cannot upgrade: ${error.message}` });
    }
  }
}
