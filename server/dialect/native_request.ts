/**
 * What a client of the native protocol asks, as a command of its session.
 *
 * @module
 */
import type { CheckedRequest } from "../../client/protocol/codec.ts";
import { assertNever } from "../base/assert.ts";
import type { Session } from "../session/session.ts";

/** Requests that the conversation answers itself: about connections, sessions and the daemon. */
export const ANSWERED_AT_ONCE = ["hello", "ping", "bye", "sessions", "kick", "status", "drain"] as const;

/** A request that the store answers, by an effect. */
export type StoreRequest = Exclude<CheckedRequest, { readonly op: typeof ANSWERED_AT_ONCE[number] }>;

/** Has the session carry out a request. */
export function ask(session: Session, request: StoreRequest): void {
  switch (request.op) {
    case "acquire": {
      const { id, names, mode, wait = Infinity, owner, reason, labels, ttl, maxHold } = request;
      const life = { ttlMs: ttl, maxHoldMs: maxHold, yieldNotice: request.yield };
      return session.acquire(id, { names, mode, waitMs: wait, owner, reason, labels, ...life });
    }
    case "convert": {
      const { id, lock, mode, wait = Infinity } = request;
      return session.convert(id, { lock, mode, waitMs: wait });
    }
    case "renew":
      return session.renew(request.id, request.lock, request.ttl);
    case "verify":
      return session.verify(request.id, request.lock);
    case "set":
      return session.setValue(request.id, request.lock, request.value);
    case "break":
      return session.break(request.id, { name: request.name, token: request.token, reason: request.reason });
    case "release":
      return session.release(request.id, request.lock);
    case "releaseAll":
      return session.releaseAll(request.id);
    case "cancel":
      return session.cancel(request.id, request.request);
    case "who":
      return session.who(request.id, request.name);
    case "explain":
      return session.explain(request.id, request.name);
    case "watch":
      return session.watch(request.id, request.prefix);
    case "list": {
      const { id, prefix, after = "", limit } = request;
      return session.list(id, { prefix, after, limit });
    }
    default:
      return assertNever(request, "request");
  }
}
