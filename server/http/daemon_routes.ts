/**
 * Routes about the daemon and its sessions (`docs/rest.md` section 4).
 *
 * @module
 */
import { type Context, Hono } from "hono";
import type { Limits } from "../base/limits.ts";
import { Refusal } from "../dialect/rest_problem.ts";
import { queryFields, readRest } from "../dialect/rest_request.ts";
import type { Administration, AdministrationVerb, Administrator } from "../session/administration.ts";
import type { HttpEnv } from "./app.ts";
import { readBody } from "./body.ts";
import { clientOf } from "./callers.ts";
import type { HttpSessionParts } from "./http_session.ts";

/** What these routes need. */
export interface DaemonRoutesParts extends HttpSessionParts {
  readonly administration: Administration;
  readonly limits: Limits;
}

/** `/v1/status`, `/v1/sessions`, `/v1/kick` and `/v1/drain`. */
export function daemonRoutes(parts: DaemonRoutesParts): Hono<HttpEnv> {
  const { administration, limits, sessions, turn } = parts;
  const routes = new Hono<HttpEnv>();
  const admit = (context: Context<HttpEnv>, verb: AdministrationVerb): Administrator => {
    const { caller: access, profile } = clientOf(context);
    const administrator = administration.admit({ access, client: profile }, verb);
    if ("code" in administrator) throw new Refusal(administrator);
    return administrator;
  };
  routes.get("/v1/status", (context) => context.json(admit(context, "status").status()));
  routes.get("/v1/sessions", (context) => {
    const query = queryFields(new URL(context.req.url).searchParams, ["limit"]);
    const { after = "", limit } = readRest("sessions", query);
    return context.json(admit(context, "sessions").list({ after, limit }));
  });
  routes.post("/v1/kick", async (context) => {
    const { session: kicked, reason } = readRest("kick", await readBody(context.req.raw, limits));
    const administrator = admit(context, "kick");
    if (!sessions.find(kicked)) {
      const message = `Cannot kick ${kicked}: there is no such session`;
      throw new Refusal({ code: "SESSION_GONE", message });
    }
    turn(() => administrator.kick({ session: kicked, reason }));
    return context.json({ session: kicked });
  });
  routes.post("/v1/drain", async (context) => {
    readRest("drain", await readBody(context.req.raw, limits));
    return context.json({ closesIn: admit(context, "drain").drain() }, 202);
  });
  return routes;
}
