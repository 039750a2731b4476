/**
 * Routes about the daemon itself.
 *
 * @module
 */
import { Hono } from "hono";
import type { HttpEnv, HttpParts } from "./app.ts";

/** `/v1/status`. */
export function daemonRoutes({ administration }: Pick<HttpParts, "administration">): Hono<HttpEnv> {
  const routes = new Hono<HttpEnv>();
  routes.get("/v1/status", (context) => context.json(administration.status()));
  return routes;
}
