/**
 * Routes of locks: acquire, look, renew, convert, verify, leave a value, release (`docs/rest.md` section 2).
 *
 * @module
 */
import { type Context, Hono } from "hono";
import type { Limits } from "../base/limits.ts";
import { grantBody, heldBody } from "../dialect/rest_answer.ts";
import { badRequest, Refusal } from "../dialect/rest_problem.ts";
import { readRest, readRestAcquire, readRestWait } from "../dialect/rest_request.ts";
import type { Sessions } from "../session/sessions.ts";
import type { HttpEnv } from "./app.ts";
import { readBody } from "./body.ts";
import { clientOf } from "./callers.ts";
import type { HttpLock, HttpLocks } from "./http_locks.ts";

/** Proves that a lock is one's own. A header, since what stands in a URL ends in logs. */
const KEY_HEADER = "Distrilock-Key";
const IDEMPOTENCY_HEADER = "Idempotency-Key";
/** 1 to 255 printable ASCII characters. */
const IDEMPOTENCY_KEY = /^[!-~]{1,255}$/;

/** What these routes need. */
export interface LockRoutesParts {
  readonly sessions: Sessions;
  readonly locks: HttpLocks;
  readonly limits: Limits;
}

/** `/v1/locks` and below. */
export function lockRoutes(parts: LockRoutesParts): Hono<HttpEnv> {
  const { locks, limits } = parts;
  const find = (context: Context<HttpEnv>) => {
    const { req } = context;
    return locks.find(req.param("lock") ?? "", {
      key: req.header(KEY_HEADER),
      caller: context.get("caller"),
    });
  };
  const fieldsOf = ({ req }: Context<HttpEnv>) => readBody(req.raw, limits);
  const routes = new Hono<HttpEnv>();
  routes.post("/v1/locks", (context) => acquire(context, parts));
  routes.get("/v1/locks/:lock", (context) => context.json(describe(find(context))));
  routes.delete("/v1/locks/:lock", async (context) => {
    const lock = find(context);
    await locks.release(lock);
    return context.json({ lock: lock.id });
  });
  routes.post("/v1/locks/:lock/renew", async (context) => {
    const lock = find(context);
    const { ttl } = readRest("renew", await fieldsOf(context), { lock: lock.request });
    const { expires } = await lock.session.ask(
      "renewed",
      (session, request) => session.renew(request, lock.request, ttl),
    );
    lock.ttlMs = ttl ?? lock.ttlMs;
    const expiresIn = locks.expiresInMs(lock, expires);
    return context.json({ lock: lock.id, ttl: lock.ttlMs, expires, expiresIn });
  });
  routes.post("/v1/locks/:lock/convert", async (context) => {
    const lock = find(context);
    const { mode, wait } = readRest("convert", await fieldsOf(context), { lock: lock.request });
    const waitMs = readRestWait(wait, limits.httpWaitMsMax);
    const converted = await lock.session.askWhile(
      context.req.raw.signal,
      "converted",
      (session, request) => session.convert(request, { lock: lock.request, mode, waitMs }),
    );
    return context.json({ lock: lock.id, mode: converted.mode, token: converted.token });
  });
  routes.post("/v1/locks/:lock/verify", async (context) => {
    const lock = find(context);
    readRest("verify", await fieldsOf(context), { lock: lock.request });
    const { token } = await lock.session.ask(
      "verified",
      (session, request) => session.verify(request, lock.request),
    );
    return context.json({ lock: lock.id, token });
  });
  routes.put("/v1/locks/:lock/value", async (context) => {
    const lock = find(context);
    const { value } = readRest("set", await fieldsOf(context), { lock: lock.request });
    await lock.session.ask("value-set", (session, request) => session.setValue(request, lock.request, value));
    lock.value = { text: value, valid: true };
    return context.json({ lock: lock.id });
  });
  return routes;
}

async function acquire(
  context: Context<HttpEnv>,
  { locks, limits, sessions }: LockRoutesParts,
): Promise<Response> {
  const { req: { raw }, env: { completed } } = context;
  const idempotencyKey = context.req.header(IDEMPOTENCY_HEADER);
  if (idempotencyKey !== undefined && !IDEMPOTENCY_KEY.test(idempotencyKey)) {
    throw badRequest(`Cannot read ${IDEMPOTENCY_HEADER}: want 1 to 255 printable ASCII characters`);
  }
  const asked = readRestAcquire(await readBody(raw, limits), { waitMsMax: limits.httpWaitMsMax });
  const lock = await locks.acquire(asked, {
    ...clientOf(context),
    signal: raw.signal,
    idempotencyKey,
    key: context.req.header(KEY_HEADER),
  });
  completed.catch(() => locks.unsent(lock));
  const { guarantee } = sessions.store;
  const granted = await lock.granted;
  const handle = {
    lock: lock.id,
    session: lock.sessionId,
    key: locks.keyOf(lock),
    ttl: lock.ttlMs,
    expiresIn: locks.expiresInMs(lock, granted.expires),
    guarantee,
  };
  return context.json(grantBody(granted, handle), 201, { location: `/v1/locks/${lock.id}` });
}

function describe(lock: HttpLock): object {
  const { id, sessionId, session, request, value } = lock;
  const held = session.holding(request);
  if (held) return heldBody(held, { lock: id, session: sessionId, value });
  throw new Refusal({
    code: "NOT_HELD",
    message: `Cannot find the lock ${JSON.stringify(id)}: it has ended`,
  });
}
