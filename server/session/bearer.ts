/**
 * The token of an HTTP request (RFC 6750 section 2.1: in the header `Authorization: Bearer …`). It is never
 * taken from the URL, which ends in logs, in histories and in the `Referer` of others.
 *
 * A browser can set no header on the request for a WebSocket, but it can name subprotocols (RFC 6455 section
 * 1.9): next to one that is real it may name `bearer.` and the token.
 *
 * @module
 */
import { isTokenText } from "../../client/protocol/text.ts";
import type { Access, Gate, Unauthenticated } from "./access.ts";

const BEARER_SUBPROTOCOL = "bearer.";

/** Who an HTTP request comes from; `peer` is its address, for the log. */
export function accessOf(
  request: { readonly headers: Headers },
  gate: Gate,
  peer?: string,
): Access | Unauthenticated {
  const token = bearerToken(request.headers);
  // Other schemes, and what can be no token, must not pass for a stranger who shows none.
  return token === "unreadable" ? UNREADABLE : gate.identify(token, peer);
}

const UNREADABLE: Unauthenticated = {
  code: "UNAUTHENTICATED",
  message: "Cannot tell who asks: want the header Authorization: Bearer TOKEN",
};

function bearerToken(headers: Headers): string | "unreadable" | undefined {
  const header = headers.get("authorization");
  if (header === null) return subprotocolToken(headers);
  const [, token = ""] = /^bearer +([^ ]+) *$/i.exec(header) ?? [];
  return isTokenText(token) ? token : "unreadable";
}

function subprotocolToken(headers: Headers): string | undefined {
  const named = headers.get("sec-websocket-protocol")?.split(",").map((word) => word.trim()) ?? [];
  return named.find((word) => word.startsWith(BEARER_SUBPROTOCOL))?.slice(BEARER_SUBPROTOCOL.length);
}
