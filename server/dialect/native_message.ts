/**
 * What happened to a session, in the words of the native protocol.
 *
 * @module
 */
import type { Guarantee, RenewAnswer, ServerMessage } from "../../client/protocol/messages.ts";
import { assertNever } from "../base/assert.ts";
import type { Granted, Renewed } from "../lock/effect.ts";
import type { WatchEffect } from "../session/watches.ts";
import type { Effect } from "../store/store.ts";
import { watchMessage } from "./native_watch.ts";

/** The answer or push that tells an effect. */
export function messageOf(effect: Effect | WatchEffect, guarantee: Guarantee): ServerMessage {
  switch (effect.type) {
    case "granted":
      return grantMessage(effect, guarantee);
    case "refused": {
      const { request: id, code, message, blockedBy, cycle } = effect;
      const parties = { ...(blockedBy ? { blockedBy } : {}), ...(cycle ? { cycle } : {}) };
      return { id, ok: false, error: { code, message, ...parties } };
    }
    case "converted": {
      const { request: id, lock, mode, token } = effect;
      return { id, ok: true, lock, mode, token };
    }
    case "renewed":
      return renewAnswer(effect);
    case "verified":
      return { id: effect.request, ok: true, lock: effect.lock, token: effect.token };
    case "value-set":
      return { id: effect.request, ok: true, lock: effect.lock };
    case "broken":
      return { id: effect.request, ok: true, broken: effect.parties };
    case "expiring":
      return { push: "expiring", lock: effect.lock, expiresIn: effect.expiresInMs };
    case "yield": {
      const { lock, name, by } = effect;
      return { push: "yield", lock, name, by };
    }
    case "released":
      return { id: effect.request, ok: true, lock: effect.lock };
    case "released-all":
      return { id: effect.request, ok: true, released: effect.locks };
    case "cancelled":
      return { id: effect.request, ok: true, request: effect.target, was: effect.was };
    case "lost": {
      const { lock, name, token, reason } = effect;
      return { push: "lost", lock, name, token, reason };
    }
    case "described":
      return {
        id: effect.request,
        ok: true,
        ...effect.state,
        outside: effect.outside,
        ...(effect.outsideHolder ? { outsideHolder: effect.outsideHolder } : {}),
      };
    case "explained":
      return { id: effect.request, ok: true, names: effect.names };
    case "listed":
      return { id: effect.request, ok: true, names: effect.names, next: effect.next };
    case "watching":
    case "event":
    case "resync":
      return watchMessage(effect);
    default:
      return assertNever(effect, "effect");
  }
}

function grantMessage(effect: Granted, guarantee: Guarantee): ServerMessage {
  const { request: id, mode, fenced: [{ name, token, value }], fenced: all, expires } = effect;
  const grant = { id, ok: true, lock: id, name, mode, token, guarantee } as const;
  if (all.length === 1 && expires === undefined && value === undefined) return grant;
  return {
    ...grant,
    ...(value === undefined ? {} : { value }),
    ...(all.length > 1 ? { all } : {}),
    ...(expires === undefined ? {} : { expires }),
  };
}

function renewAnswer({ request: id, lock, expires, expiresInMs: expiresIn }: Renewed): RenewAnswer {
  if (expires === undefined || expiresIn === undefined) return { id, ok: true, lock };
  return { id, ok: true, lock, expires, expiresIn };
}
