/**
 * DoubleDutch's words (`docs/dialects.md` section 3): plain text in the old form, JSON in the new one.
 * Whatever goes wrong has the body of a lock that was not had, since programs of the old form take any other
 * text for a key.
 *
 * @module
 */
import { shown } from "../../client/protocol/fields.ts";
import { LIFE_MS_MAX, LIFE_MS_MIN } from "../../client/protocol/limits.ts";
import { lockNameFault } from "../../client/protocol/names.ts";
import type { ErrorBody } from "../../client/protocol/messages.ts";
import { badRequest, STATUS_OF } from "./rest_problem.ts";
import { readRestWait, TTL_MS_DEFAULT } from "./rest_request.ts";

/** An answer: a text, or an object for JSON. */
export interface DutchAnswer {
  readonly status: number;
  readonly body: string | object;
}

/** One lock of the status. */
export interface DutchLock {
  readonly lockname: string;
  /** Its key; empty for a caller who has not shown the API key. */
  readonly sessiontoken: string;
  /** In seconds. */
  readonly remaining: number;
}

/** What each form says when nothing came of a request. */
export const NOTHING = "false";
/** What the old form says after a release. */
export const RELEASED = "released";

const SECONDS = /^\d{1,10}(\.\d{1,3})?$/;

/** A lock name. Throws a `Refusal`. */
export function readDutchName(text: string | undefined): string {
  const fault = lockNameFault(text ?? "");
  if (text !== undefined && fault === undefined) return text;
  throw badRequest(`Cannot read lockname ${shown(text)}: ${fault}`);
}

/**
 * A lifetime in seconds, as milliseconds. Throws a `Refusal`.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(readLifetimeMs("1209600"), 14 * 24 * 3_600_000);
 * equal(readLifetimeMs(undefined), 30_000);
 * ```
 */
export function readLifetimeMs(text: string | undefined): number {
  if (text === undefined) return TTL_MS_DEFAULT;
  const ms = readSecondsMs("lifetime", text);
  if (ms >= LIFE_MS_MIN && ms <= LIFE_MS_MAX) return ms;
  throw badRequest(
    `Cannot read lifetime ${shown(text)}: it is not from ${LIFE_MS_MIN / 1_000} to ${
      LIFE_MS_MAX / 1_000
    } seconds`,
  );
}

/** A time to wait in seconds, as milliseconds. Throws a `Refusal`. */
export function readTimeoutMs(text: string | undefined, waitMsMax: number): number {
  return text === undefined ? 0 : readRestWait(readSecondsMs("timeout", text), waitMsMax);
}

/** Whether an error says no more than that somebody else has the lock. */
export function isNotAcquired({ code }: ErrorBody): boolean {
  return code === "BUSY" || code === "TIMEOUT";
}

/** The answer in the new form to a release, or to a request of a lock, that came to nothing. */
export function dutchRefusal(
  servername: string,
  error: ErrorBody,
  fields: { readonly lockname?: string; readonly [field: string]: unknown },
): DutchAnswer {
  const body = { servername, ...fields };
  if (isNotAcquired(error)) return { status: 200, body };
  return { status: STATUS_OF[error.code], body: { ...body, error: `${error.code}: ${error.message}` } };
}

function readSecondsMs(field: string, text: string): number {
  if (SECONDS.test(text)) return Math.round(Number(text) * 1_000);
  throw badRequest(`Cannot read ${field} ${shown(text)}: it is not a number of seconds`);
}
