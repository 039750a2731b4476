/**
 * Routes for those who keep the daemon running: `/livez`, `/readyz` and `/metrics`.
 *
 * `/livez` and `/readyz` are open to all: they say no more than a connection attempt does, and probes carry
 * no credentials. `/metrics` names no lock, but tells how much is going on: it is for whoever may read some
 * name.
 *
 * @module
 */
import { Hono } from "hono";
import { type Check, describeChecks, isHealthy } from "../metrics/health.ts";
import { Refusal } from "../dialect/rest_problem.ts";
import type { HttpEnv, HttpParts } from "./app.ts";

/** What these routes stand on. */
export interface OperationParts {
  /** What readiness depends on, as it is now. */
  readonly readiness: () => readonly Check[];
  /** All metrics in a text format of Prometheus, and what that is called. */
  readonly metrics: () => Promise<{ readonly text: string; readonly type: string }>;
}

const PLAIN = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };

/** `/livez`, `/readyz` (both with `?verbose`) and `/metrics`. */
export function operationRoutes(parts: Pick<HttpParts, "operation" | "identify">): Hono<HttpEnv> {
  const routes = new Hono<HttpEnv>();
  // That it answers is all that it says: what is wrong with the store is not mended by a restart.
  routes.get(
    "/livez",
    ({ req }) => healthResponse("livez", [{ name: "ping", fault: undefined }], req.query("verbose")),
  );
  routes.get(
    "/readyz",
    ({ req }) => healthResponse("readyz", parts.operation.readiness(), req.query("verbose")),
  );
  routes.get("/metrics", async ({ req, env }) => {
    const caller = parts.identify(req.raw, env.remoteAddr.hostname);
    if (!caller.allowsBelow("read", "")) {
      const state = caller.ended ?? `${caller.subject} has the right read for no name`;
      throw new Refusal({ code: "DENIED", message: `Cannot read metrics: ${state}` });
    }
    const { text, type } = await parts.operation.metrics();
    return new Response(text, { headers: { "content-type": type, "cache-control": "no-store" } });
  });
  return routes;
}

function healthResponse(
  what: "livez" | "readyz",
  checks: readonly Check[],
  verbose: string | undefined,
): Response {
  const isWell = isHealthy(checks);
  // Whoever is told no is told why.
  const text = isWell && verbose === undefined ? "ok\n" : describeChecks(what, checks);
  return new Response(text, { status: isWell ? 200 : 503, headers: PLAIN });
}
