/**
 * What makes an answer one to a request about sessions or the daemon. A part of `codec.ts`.
 *
 * @module
 */
import { type Fields, isFields } from "./fields.ts";
import type { SessionRequest } from "./session_messages.ts";
import { isAllFenced, isArrayOf, isNumber, isOptional, isText } from "./shapes.ts";

/** The shape of the answer that each operation gets. More fields are always allowed. */
export const SESSION_SHAPES: { readonly [O in SessionRequest["op"]]: (fields: Fields) => boolean } = {
  hello: (fields) =>
    isNumber(fields.version) && isText(fields.session) && isText(fields.guarantee) &&
    isFields(fields.server) && isText(fields.server.name) && isText(fields.server.version) &&
    isFields(fields.limits) && isNumber(fields.limits.frameBytesMax) &&
    isOptional(fields.heartbeatMs, isNumber) && isOptional(fields.secret, isText) &&
    isOptional(fields.grace, isNumber) && isOptional(fields.validFor, isNumber) &&
    (fields.resumed === undefined || isResumption(fields)),
  ping: (fields) => isDone(fields) && isOptional(fields.validFor, isNumber),
  bye: isDone,
  releaseAll: ({ released }) => isNumber(released),
  sessions: ({ sessions, next }) =>
    isArrayOf(
      sessions,
      ({ session, state, transport, since, locks, waits }) =>
        isText(session) && isText(state) && isText(transport) && isNumber(since) && isNumber(locks) &&
        isNumber(waits),
    ) && (next === null || isText(next)),
  kick: isDone,
  status: ({ version, uptime, guarantee, store, draining, counts }) =>
    isText(version) && isNumber(uptime) && isText(guarantee) && isText(store) &&
    typeof draining === "boolean" && isFields(counts) && Object.values(counts).every(isNumber),
  drain: ({ closesIn }) => isNumber(closesIn),
};

/** Fields of which each answer that tells more than that it was done has one at least. */
const TELLING_FIELDS = [
  "lock",
  "request",
  "name",
  "names",
  "session",
  "sessions",
  "released",
  "broken",
  "expires",
  "counts",
  "closesIn",
];

/** True for what says no more than that the request was carried out. */
function isDone(fields: Fields): boolean {
  return !TELLING_FIELDS.some((name) => Object.hasOwn(fields, name));
}

function isResumption({ locks, waiting, lost }: Fields): boolean {
  return isArrayOf(
    locks,
    ({ lock, name, mode, token, all, expires }) =>
      isNumber(lock) && isText(name) && isText(mode) && isNumber(token) &&
      isOptional(all, isAllFenced) && isOptional(expires, isNumber),
  ) &&
    Array.isArray(waiting) && waiting.every(isNumber) &&
    isArrayOf(
      lost,
      ({ lock, name, token, reason }) => isNumber(lock) && isText(name) && isNumber(token) && isText(reason),
    );
}
