/**
 * Routes about the daemon and its sessions (`docs/rest.md` section 4).
 *
 * @module
 */
import { Hono } from "hono";
import type { Limits } from "../base/limits.ts";
import { Refusal } from "../dialect/rest_problem.ts";
import { queryFields, readRest } from "../dialect/rest_request.ts";
import type { Administration } from "../session/administration.ts";
import type { Session } from "../session/sessions.ts";
import type { HttpEnv } from "./app.ts";
import { readBody } from "./body.ts";
import { clientOf, type HttpClient } from "./callers.ts";
import { HttpSession, type HttpSessionParts } from "./http_session.ts";

/** What these routes need. */
export interface DaemonRoutesParts extends HttpSessionParts {
  readonly administration: Administration;
  readonly limits: Limits;
}

/** `/v1/status`, `/v1/sessions`, `/v1/kick` and `/v1/drain`. */
export function daemonRoutes(parts: DaemonRoutesParts): Hono<HttpEnv> {
  const { administration, limits, sessions } = parts;
  const routes = new Hono<HttpEnv>();
  routes.get("/v1/status", (context) => context.json(administration.status()));
  routes.get("/v1/sessions", (context) => {
    const query = queryFields(new URL(context.req.url).searchParams, ["limit"]);
    const { after = "", limit } = readRest("sessions", query);
    return context.json(administration.list({ after, limit }));
  });
  routes.post("/v1/kick", async (context) => {
    const { session: kicked, reason } = readRest("kick", await readBody(context.req.raw, limits));
    if (!sessions.find(kicked)) {
      const message = `Cannot kick ${kicked}: there is no such session`;
      throw new Refusal({ code: "SESSION_GONE", message });
    }
    actOnce(parts, clientOf(context), (session) => administration.kick(session, { session: kicked, reason }));
    return context.json({ session: kicked });
  });
  routes.post("/v1/drain", async (context) => {
    readRest("drain", await readBody(context.req.raw, limits));
    const closesIn = actOnce(parts, clientOf(context), (session) => administration.drain(session));
    return context.json({ closesIn }, 202);
  });
  return routes;
}

/** Does one thing in a session of its own. */
function actOnce<T>(parts: HttpSessionParts, client: HttpClient, work: (session: Session) => T): T {
  const session = new HttpSession(parts, client);
  try {
    return session.act(work);
  } finally {
    session.end();
  }
}
