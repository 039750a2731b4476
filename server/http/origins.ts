/**
 * Which pages of browsers may ask: those of allowed origins, and those that this very server gave. A page of
 * anybody else must not lock by the browser of somebody who can reach the port.
 *
 * Source: Fetch (WHATWG) section 3.2 (CORS protocol), Fetch Metadata (W3C) section 2.4.
 *
 * @module
 */
import type { HonoRequest, MiddlewareHandler } from "hono";
import { Refusal } from "../dialect/rest_problem.ts";
import type { HttpEnv } from "./app.ts";

/** True for an origin, as browsers write it, whose pages may ask. */
export type AllowsOrigin = (origin: string) => boolean;

/** What pages may look at beside what they always may. */
const RESPONSE_HEADERS = "location, retry-after, allow";
/** What pages may send, and for how many seconds a browser may remember that. */
const PREFLIGHT_HEADERS = {
  "access-control-allow-methods": "GET, HEAD, POST, PUT, DELETE",
  "access-control-allow-headers":
    "authorization, content-type, distrilock-key, idempotency-key, last-event-id",
  "access-control-max-age": "600",
};

/** Refuses what pages of other origins ask, and lets pages of allowed ones see the answers. */
export function guardOrigins(allowsOrigin: AllowsOrigin): MiddlewareHandler<HttpEnv> {
  return async (context, next) => {
    const { req } = context;
    const origin = req.header("Origin");
    if (origin === undefined) {
      // An image or a script of another site has no Origin; a link that somebody followed does no harm where
      // a GET changes nothing.
      if (req.header("Sec-Fetch-Mode") !== "navigate") refuseOtherSites(req);
      return await next();
    }
    if (isSameOrigin(origin, req.header("Host"))) return await next();
    if (!allowsOrigin(origin)) throw foreign(origin);
    const isPreflight = req.method === "OPTIONS" && req.header("Access-Control-Request-Method") !== undefined;
    const preflight = isPreflight ? context.body(null, 204, PREFLIGHT_HEADERS) : undefined;
    if (!preflight) await next();
    // Afterwards, so that every answer has them, refusals too.
    const { headers } = preflight ?? context.res;
    headers.append("vary", "Origin");
    headers.set("access-control-allow-origin", origin);
    headers.set("access-control-expose-headers", RESPONSE_HEADERS);
    return preflight;
  };
}

/**
 * Refuses what a page of another site made a browser ask, without saying so by an Origin: for routes where a
 * GET changes something.
 */
export function refuseOtherSites(req: HonoRequest): void {
  const site = req.header("Sec-Fetch-Site") ?? "none";
  const isAllowed = site === "none" || site === "same-origin" || req.header("Origin") !== undefined;
  if (!isAllowed) throw foreign("another site");
}

function isSameOrigin(origin: string, host: string | undefined): boolean {
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);
}

function foreign(origin: string): Refusal {
  const message = `Cannot answer a page of ${origin}: its origin is not allowed`;
  return new Refusal({ code: "DENIED", message });
}
