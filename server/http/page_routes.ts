/**
 * Routes of the web page: its files, and what a browser may do with them. They tell nothing of locks, so
 * whoever reaches the port may have them; what the page then asks is asked of `/v1` like anybody else's
 * questions.
 *
 * Source: Content Security Policy Level 3 (W3C), Trusted Types (W3C).
 *
 * @module
 */
import { Hono } from "hono";
import { type Asset, ASSETS } from "../web/assets.ts";
import type { HttpEnv } from "./app.ts";

/**
 * Nothing but the page's own files and its own daemon; no text becomes markup or code; no other page may
 * frame it.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const HEADERS = {
  "content-security-policy": POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  // Kept, but asked about each time: another version of the daemon has another page.
  "cache-control": "no-cache",
};

/** `/` and below `/web/`. */
export function pageRoutes(): Hono<HttpEnv> {
  const routes = new Hono<HttpEnv>();
  for (const [path, asset] of ASSETS) {
    routes.get(path, ({ req }) => answer(asset, req.header("If-None-Match")));
  }
  return routes;
}

function answer({ type, text, tag }: Asset, known: string | undefined): Response {
  const headers = { ...HEADERS, etag: tag };
  if (known !== undefined && isKnown(known, tag)) return new Response(null, { status: 304, headers });
  return new Response(text, { headers: { ...headers, "content-type": type } });
}

/**
 * Compares weakly, as RFC 9110 section 13.1.2 wants: what compresses an answer on its way makes its tag a
 * weak one.
 */
function isKnown(header: string, tag: string): boolean {
  return header.trim() === "*" || header.split(",").some((each) => each.trim().replace(/^W\//, "") === tag);
}
