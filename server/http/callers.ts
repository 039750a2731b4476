/**
 * Who a request comes from: the one place where HTTP asks that.
 *
 * @module
 */
import type { Context } from "hono";
import type { ClientProfile } from "../../client/protocol/messages.ts";
import type { HttpEnv } from "./app.ts";

/** Whoever sends a request. */
export interface Caller {
  /** Tells callers apart: what one of them asked is no answer for another. */
  readonly subject: string;
}

/** Says who a request comes from. Throws a `Refusal` when it may not ask at all. */
export type Identify = (request: Request) => Caller;

/** Whoever reaches the port. */
export const ANYBODY: Caller = { subject: "anybody" };

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
