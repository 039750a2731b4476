/**
 * Routes of lock names: which are held, who holds one, who waits for whom, and breaking a lock of others
 * (`docs/rest.md` section 3).
 *
 * @module
 */
import { type Context, Hono } from "hono";
import type { Limits } from "../base/limits.ts";
import { nameBody } from "../dialect/rest_answer.ts";
import { badRequest } from "../dialect/rest_problem.ts";
import { queryFields, readRest } from "../dialect/rest_request.ts";
import type { HttpEnv } from "./app.ts";
import { readBody } from "./body.ts";
import { clientOf } from "./callers.ts";
import { askOnce, type HttpSessionParts } from "./http_session.ts";

/** What these routes need. */
export interface NameRoutesParts extends HttpSessionParts {
  readonly limits: Limits;
}

/** `/v1/names`, `/v1/explain` and `/v1/break`. */
export function nameRoutes(parts: NameRoutesParts): Hono<HttpEnv> {
  const routes = new Hono<HttpEnv>();
  routes.get("/v1/names", async (context) => {
    const { prefix, after = "", limit } = readRest("list", queryOf(context, ["limit"]));
    const query = { prefix, after, limit };
    const { names, next } = await askOnce(
      parts,
      clientOf(context),
      "listed",
      (session, request) => session.list(request, query),
    );
    return context.json({ names, next });
  });
  routes.get("/v1/names/*", async (context) => {
    const { name } = readRest("who", { ...queryOf(context), name: nameOf(context, "/v1/names/") });
    const described = await askOnce(
      parts,
      clientOf(context),
      "described",
      (session, request) => session.who(request, name),
    );
    return context.json(nameBody(described));
  });
  routes.get("/v1/explain/*", async (context) => {
    const { name } = readRest("explain", { ...queryOf(context), name: nameOf(context, "/v1/explain/") });
    const { names } = await askOnce(
      parts,
      clientOf(context),
      "explained",
      (session, request) => session.explain(request, name),
    );
    return context.json({ names });
  });
  routes.post("/v1/break", async (context) => {
    const { name, token, reason } = readRest("break", await readBody(context.req.raw, parts.limits));
    const { parties } = await askOnce(
      parts,
      clientOf(context),
      "broken",
      (session, request) => session.break(request, { name, token, reason }),
    );
    return context.json({ broken: parties });
  });
  return routes;
}

/** The rest of the path: a lock name, whose `/` may be written as they are. */
function nameOf({ req }: Context<HttpEnv>, before: string): string {
  const encoded = new URL(req.url).pathname.slice(before.length);
  try {
    return decodeURIComponent(encoded);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw badRequest(`Cannot read ${JSON.stringify(encoded)}: it is not percent-encoded UTF-8`);
  }
}

function queryOf({ req }: Context<HttpEnv>, numbers: readonly string[] = []): ReturnType<typeof queryFields> {
  return queryFields(new URL(req.url).searchParams, numbers);
}
