/**
 * The routes of DoubleDutch, in both forms (`docs/dialects.md` section 3).
 *
 * @module
 */
import { type Context, Hono } from "hono";
import type { Limits } from "../base/limits.ts";
import {
  type DutchAnswer,
  dutchRefusal,
  isNotAcquired,
  NOTHING,
  readDutchName,
  readLifetimeMs,
  readTimeoutMs,
  RELEASED,
} from "../dialect/double_dutch.ts";
import { badRequest, Refusal, STATUS_OF } from "../dialect/rest_problem.ts";
import type { Sessions } from "../session/sessions.ts";
import type { HttpEnv } from "./app.ts";
import type { HttpClient, Identify } from "./callers.ts";
import { DutchLocks, type DutchWish } from "./double_dutch.ts";
import type { HttpLocks } from "./http_locks.ts";
import { isSameText } from "./lock_keys.ts";
import { refuseOtherSites } from "./origins.ts";

/** What these routes need. */
export interface DutchRoutesParts {
  readonly locks: HttpLocks;
  readonly sessions: Sessions;
  readonly serverName: string;
  readonly limits: Limits;
  /** What `auth` has to be; null when nobody is asked. */
  readonly apiKey: string | null;
  readonly identify: Identify;
}

/** `/getLock`, `/releaseLock`, `/getlock`, `/releaselock` and `/status`. */
export function dutchRoutes(parts: DutchRoutesParts): Hono<HttpEnv> {
  const dutch = new DutchLocks(parts.locks, parts.sessions.clock);
  const routes = new Hono<HttpEnv>();
  oldRoutes(routes, parts, dutch);
  newRoutes(routes, parts, dutch);
  return routes;
}

function oldRoutes(routes: Hono<HttpEnv>, parts: DutchRoutesParts, dutch: DutchLocks): void {
  const { httpWaitMsMax } = parts.limits;
  routes.get("/getLock/:name/:lifetime?", (context) =>
    answer(async () => {
      const client = clientOf(context, parts);
      const { name, lifetime } = context.req.param();
      const wish = {
        name: readDutchName(name),
        lifetimeMs: readLifetimeMs(lifetime),
        timeoutMs: readTimeoutMs(context.req.query("timeout"), httpWaitMsMax),
      };
      return { status: 200, body: await take(context, dutch, wish, client) };
    }, oldRefusal));
  routes.get("/releaseLock/:name/:key", (context) =>
    answer(async () => {
      const { caller } = clientOf(context, parts);
      const { name, key } = context.req.param();
      await dutch.release({ name: readDutchName(name), key }, caller);
      return { status: 200, body: RELEASED };
    }, oldRefusal));
}

function newRoutes(routes: Hono<HttpEnv>, parts: DutchRoutesParts, dutch: DutchLocks): void {
  const { serverName: servername, limits: { httpWaitMsMax } } = parts;
  routes.get("/getlock", (context) => {
    const { lockname = "", lifetime, timeout } = context.req.query();
    const nothing = { lockname, sessiontoken: "", lockacquired: false };
    return answer(async () => {
      const client = clientOf(context, parts);
      const wish = {
        name: readDutchName(lockname),
        lifetimeMs: readLifetimeMs(lifetime),
        timeoutMs: readTimeoutMs(timeout, httpWaitMsMax),
      };
      const sessiontoken = await take(context, dutch, wish, client);
      return { status: 200, body: { servername, lockname, sessiontoken, lockacquired: true } };
    }, ({ error }) => dutchRefusal(servername, error, nothing));
  });
  routes.delete("/releaselock", (context) => {
    const { lockname = "", token = "" } = context.req.query();
    return answer(async () => {
      const { caller } = clientOf(context, parts);
      await dutch.release({ name: readDutchName(lockname), key: token }, caller);
      return { status: 200, body: { servername, lockname, lockreleased: true } };
    }, ({ error }) => {
      // The original knows of one way not to release.
      const code = error.code === "NOT_HELD" ? "BAD_REQUEST" : error.code;
      return dutchRefusal(servername, { ...error, code }, { lockname, lockreleased: false });
    });
  });
  routes.get("/status", (context) =>
    answer(async () => {
      const { caller } = clientOf(context, parts);
      const locks = dutch.list({ withKeys: parts.apiKey !== null }, caller);
      return await Promise.resolve({ status: 200, body: { servername, status: "ok", locks } });
    }, ({ error }) => dutchRefusal(servername, error, { status: "error", locks: [] })));
}

/** Takes a lock; answers with its key. */
async function take(
  context: Context<HttpEnv>,
  dutch: DutchLocks,
  wish: DutchWish,
  client: HttpClient,
): Promise<string> {
  // A GET that locks: only those who ask on purpose may, and a HEAD would lock and throw the key away.
  if (context.req.method === "HEAD") throw badRequest("Cannot lock by HEAD: nobody would have the key", 405);
  const { raw: { signal } } = context.req;
  const { key, lock } = await dutch.get(wish, { ...client, signal });
  context.env.completed.catch(() => dutch.unsent(lock));
  return key;
}

/** Who asks. Throws a {@link Refusal} when it may not. */
function clientOf({ req, env }: Context<HttpEnv>, { apiKey, identify }: DutchRoutesParts): HttpClient {
  refuseOtherSites(req);
  const { hostname: host } = env.remoteAddr;
  if (apiKey !== null) checkApiKey(req.query("auth"), apiKey);
  // The API key opens these routes. What may be done there is for the token to say, or for what strangers
  // may.
  return { caller: identify(req.raw, host), profile: { name: "a DoubleDutch client", host } };
}

function checkApiKey(auth: string | undefined, apiKey: string): void {
  if (!auth) throw badRequest("Cannot answer without auth: want the API key");
  if (isSameText(auth, apiKey)) return;
  throw new Refusal({ code: "UNAUTHENTICATED", message: "Cannot answer: auth is not the API key" });
}

function oldRefusal({ error }: Refusal): DutchAnswer {
  const isNoError = isNotAcquired(error) || error.code === "NOT_HELD";
  return { status: isNoError ? 200 : STATUS_OF[error.code], body: NOTHING };
}

async function answer(
  work: () => Promise<DutchAnswer>,
  refuse: (refusal: Refusal) => DutchAnswer,
): Promise<Response> {
  const { status, body } = await work().catch((error: unknown) => {
    if (!(error instanceof Refusal)) throw error;
    const { status: own } = error;
    return own === undefined ? refuse(error) : { ...refuse(error), status: own };
  });
  const isText = typeof body === "string";
  return new Response(isText ? body : JSON.stringify(body), {
    status,
    headers: {
      "content-type": isText ? "text/plain; charset=utf-8" : "application/json",
      "cache-control": "no-store",
      ...(status === 503 || status === 429 ? { "retry-after": "1" } : {}),
    },
  });
}
