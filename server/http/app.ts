/**
 * The HTTP application: every route that is no WebSocket. Each area has a file `<area>_routes.ts` with a
 * function that makes its routes from the parts that it needs; this file puts them together, with what holds
 * for all of them, and answers what none of them does.
 *
 * @module
 */
import { Hono, type MiddlewareHandler } from "hono";
import type { Limits } from "../base/limits.ts";
import type { Log } from "../base/log.ts";
import { badRequest, Refusal } from "../dialect/rest_problem.ts";
import type { Administration } from "../session/administration.ts";
import type { Sessions } from "../session/sessions.ts";
import { accepts } from "./accept.ts";
import type { Caller, Identify } from "./callers.ts";
import { daemonRoutes } from "./daemon_routes.ts";
import { dutchRoutes } from "./double_dutch_routes.ts";
import { eventRoutes } from "./event_routes.ts";
import { HttpLocks } from "./http_locks.ts";
import { LockKeys } from "./lock_keys.ts";
import { lockRoutes } from "./lock_routes.ts";
import { nameRoutes } from "./name_routes.ts";
import { type AllowsOrigin, guardOrigins } from "./origins.ts";
import { openApiRoutes } from "./openapi_routes.ts";
import { type OperationParts, operationRoutes } from "./operation_routes.ts";
import { pageRoutes } from "./page_routes.ts";
import { problemResponse } from "./problem_response.ts";

/** What HTTP routes stand on. */
export interface HttpParts {
  readonly sessions: Sessions;
  readonly administration: Administration;
  readonly serverName: string;
  readonly limits: Limits;
  readonly log: Log;
  /**
   * Runs a turn: whatever asks a session does it in one, see `server/transport/reception.ts`. What it runs
   * must not throw.
   */
  readonly turn: (work: () => void) => void;
  /** Health and metrics. */
  readonly operation: OperationParts;
  readonly identify: Identify;
  /** What DoubleDutch clients have to show; null when nobody has to. */
  readonly apiKey: string | null;
  readonly allowsOrigin: AllowsOrigin;
  /** Makes a word that was never used and cannot be guessed. */
  readonly newWord: () => string;
  /** Bytes that nobody can guess, for the keys of locks. */
  readonly keySecret: Uint8Array;
}

/** What each request comes with, and what is found out about it. */
export interface HttpEnv {
  readonly Bindings: {
    /** Resolves when the answer was sent; rejects when it could not be. */
    readonly completed: Promise<void>;
    readonly remoteAddr: { readonly hostname: string };
  };
  readonly Variables: { readonly caller: Caller };
}

/** Methods that a route can have; HEAD goes with GET. */
const METHODS = ["GET", "POST", "PUT", "DELETE"];

/** The application. `fetch(request, info)` answers a request; it never rejects. */
export function createApp(parts: HttpParts): Hono<HttpEnv> {
  const { allowsOrigin, identify, keySecret, limits } = parts;
  const locks = new HttpLocks({ ...parts, keys: new LockKeys(keySecret) });
  const app = new Hono<HttpEnv>();
  app.use(guardOrigins(allowsOrigin));
  app.use("/v1/*", checkAccept, checkQuery, noStore, tellLength, async (context, next) => {
    context.set("caller", identify(context.req.raw, context.env.remoteAddr.hostname));
    await next();
  });
  app.use("/", tellLength);
  app.use("/web/*", tellLength);
  app.route("/", lockRoutes({ ...parts, locks, limits }));
  app.route("/", nameRoutes(parts));
  app.route("/", daemonRoutes(parts));
  app.route("/", eventRoutes(parts));
  app.route("/", operationRoutes(parts));
  app.route("/", openApiRoutes());
  app.route("/", dutchRoutes({ ...parts, locks }));
  app.route("/", pageRoutes());
  app.notFound(({ req }) => answerUnknown(app, req.method, req.path));
  app.onError((error, context) => {
    // Headers that were set before, for browsers above all, belong to this answer as well.
    const headers = Object.fromEntries(context.res.headers);
    if (error instanceof Refusal) return problemResponse(error.error, { status: error.status, headers });
    parts.log.error("http.failed", { error });
    const message = "Cannot answer: the daemon broke one of its own rules, its log says which";
    return problemResponse({ code: "INTERNAL", message }, { headers });
  });
  return app;
}

const checkAccept: MiddlewareHandler<HttpEnv> = async ({ req }, next) => {
  const type = req.path === "/v1/events" ? "text/event-stream" : "application/json";
  const header = req.header("Accept") ?? null;
  if (!accepts(header, type)) {
    throw badRequest(`Cannot answer in ${header}: want to be asked for ${type}`, 406);
  }
  await next();
};

/**
 * Routes that have parameters, and judge them; a key that somebody put into a URL is told at once that it has
 * no place there.
 */
const WITH_QUERY = new Set(["/v1/names", "/v1/sessions", "/v1/events"]);

const checkQuery: MiddlewareHandler<HttpEnv> = async ({ req }, next) => {
  const [name] = WITH_QUERY.has(req.path) ? [] : new URL(req.url).searchParams.keys();
  if (name !== undefined) throw badRequest(`Cannot read field ${name}: no such field`);
  await next();
};

/** What a lock is now is not what it is a moment later. */
const noStore: MiddlewareHandler<HttpEnv> = async (context, next) => {
  await next();
  context.header("cache-control", "no-store");
};

/** A HEAD says how long the answer to a GET would be; the runtime, which sees no body, would say 0. */
const tellLength: MiddlewareHandler<HttpEnv> = async (context, next) => {
  await next();
  if (context.req.method !== "HEAD" || context.res.body === null) return;
  const { byteLength } = await context.res.clone().arrayBuffer();
  context.header("content-length", String(byteLength));
};

/** Answers what has no route: the path may have one with another method. */
function answerUnknown(app: Hono<HttpEnv>, method: string, path: string): Response {
  const methods = METHODS.filter((one) =>
    app.router.match(one, path)[0].some(([[, route]]) => route.method === one)
  );
  if (methods.length === 0) {
    return problemResponse({ code: "BAD_REQUEST", message: `Cannot find ${path}: no such route` }, {
      status: 404,
    });
  }
  const allow = [...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
  if (method === "OPTIONS") return new Response(null, { status: 204, headers: { allow } });
  const message = `Cannot ${method} ${path}: want one of ${allow}`;
  return problemResponse({ code: "BAD_REQUEST", message }, { status: 405, headers: { allow } });
}
