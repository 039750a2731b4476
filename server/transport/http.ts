/**
 * The HTTP port: today WebSockets and nothing else. Errors are problem documents (RFC 9457).
 *
 * @module
 */
import type { Dialects } from "../dialect/conversation.ts";
import type { Reception } from "./reception.ts";
import { upgradeToWebSocket } from "./websocket.ts";

/** Which dialect is spoken on the WebSocket of a path. */
const WEB_SOCKETS: Readonly<Record<string, keyof Dialects>> = { "/v1/ws": "native", "/distrilock": "legacy" };

/** Answers the requests of the HTTP port. */
export function answerHttp(request: Request, reception: Reception, dialects: Dialects): Response {
  const { pathname } = new URL(request.url);
  const dialect = WEB_SOCKETS[pathname];
  if (!dialect) return problem(404, "Not Found", `Cannot find ${pathname}`);
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
    const response = problem(426, "Upgrade Required", "Cannot answer without a WebSocket upgrade");
    response.headers.set("upgrade", "websocket");
    return response;
  }
  try {
    return upgradeToWebSocket(request, reception, dialects[dialect]);
  } catch (error) {
    if (error instanceof TypeError) return problem(400, "Bad Request", `Cannot upgrade: ${error.message}`);
    throw error;
  }
}

function problem(status: number, title: string, detail: string): Response {
  return new Response(JSON.stringify({ type: "about:blank", title, status, detail }), {
    status,
    headers: { "content-type": "application/problem+json" },
  });
}
