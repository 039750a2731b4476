/**
 * Who a request comes from: the one place where HTTP asks that.
 *
 * @module
 */
import type { Context } from "hono";
import type { ClientProfile } from "../../client/protocol/messages.ts";
import { Refusal } from "../dialect/rest_problem.ts";
import { type Access, type Gate, isAccess } from "../session/access.ts";
import { accessOf } from "../session/bearer.ts";
import type { HttpEnv } from "./app.ts";

/**
 * Whoever sends a request. Its subject tells callers apart: what one of them asked is no answer for another.
 */
export type Caller = Access;

/**
 * Says who a request comes from; `peer` is its address. Throws a {@link Refusal} when it may not ask at all.
 */
export type Identify = (request: Request, peer: string) => Caller;

/** Identifies by the token of a request. */
export function identifyBy(gate: Gate): Identify {
  return (request, peer) => {
    const access = accessOf(request, gate, peer);
    if (!isAccess(access)) throw new Refusal(access);
    return access;
  };
}

/** Whom a session belongs to. */
export interface HttpClient {
  readonly caller: Caller;
  /** How others see it. */
  readonly profile: ClientProfile | undefined;
}

/** Who asks, and how others see it: by its address, unless it says more of itself. */
export function clientOf(context: Context<HttpEnv>): HttpClient {
  const { hostname } = context.env.remoteAddr;
  return { caller: context.get("caller"), profile: { name: "an HTTP client", host: hostname } };
}
