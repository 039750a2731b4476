/**
 * Messages to text and back: what travels in one frame of the native protocol (`docs/protocol.md` sections 2 and 3), without a
 * line end. Nothing here throws on what a peer sent: a bad request becomes a fault to answer, a bad answer is told apart.
 *
 * @module
 */
import { isErrorCode } from "./codes.ts";
import type {
  Answer,
  CancelAnswer,
  ErrorAnswer,
  ErrorBody,
  GrantAnswer,
  HelloAnswer,
  ListAnswer,
  Operation,
  Push,
  ReleaseAnswer,
  Request,
  ServerMessage,
  WhoAnswer,
} from "./messages.ts";
import {
  badRequest,
  type CheckedRequest,
  checkRequest,
  type Fields,
  isFields,
  type RequestFault,
} from "./requests.ts";

export { checkRequest } from "./requests.ts";
export type { CheckedAcquire, CheckedList, CheckedRequest, RequestFault } from "./requests.ts";

/**
 * Reads one frame as a request ([P-5], [P-8], [P-9]), with its defaults filled in. A fault carries the request's id whenever that
 * could be read.
 *
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 *
 * deepEqual(decodeRequest('{"id":3,"op":"release","lock":2}'), { id: 3, op: "release", lock: 2 });
 * deepEqual(decodeRequest('{"id":3,"op":"dance"}'), {
 *   fault: true,
 *   id: 3,
 *   code: "UNSUPPORTED",
 *   message: 'Cannot do "dance": no such operation',
 * });
 * ```
 */
export function decodeRequest(text: string): CheckedRequest | RequestFault {
  const fields = parseObject(text);
  if (fields === undefined) return badRequest(null, "Cannot read the frame: it is not a JSON object");
  return checkRequest(fields);
}

/** Writes a request as one frame. It should have passed {@link checkRequest}: nothing is judged here. */
export function encodeRequest(request: Request): string {
  return JSON.stringify(request);
}

/**
 * Writes an answer or a push as one frame. Its values are the server's own, so they are taken as they are: a lock name that passed
 * [P-20] needs no escape.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(encodeMessage({ id: 3, ok: true, lock: 2 }), '{"id":3,"ok":true,"lock":2}');
 * ```
 */
export function encodeMessage(message: ServerMessage): string {
  // Grants and releases are what a busy server sends: written by hand they cost a tenth of JSON.stringify.
  if ("ok" in message && message.ok && "lock" in message) {
    return "token" in message
      ? encodeGrant(message)
      : `{"id":${message.id},"ok":true,"lock":${message.lock}}`;
  }
  return JSON.stringify(message);
}

function encodeGrant({ id, lock, name, mode, token, guarantee }: GrantAnswer): string {
  return `{"id":${id},"ok":true,"lock":${lock},"name":"${name}","mode":"${mode}","token":${token},"guarantee":"${guarantee}"}`;
}

/** The answer that each operation gets when it succeeds. */
export interface AnswerByOperation {
  readonly hello: HelloAnswer;
  readonly acquire: GrantAnswer;
  readonly release: ReleaseAnswer;
  readonly cancel: CancelAnswer;
  readonly who: WhoAnswer;
  readonly list: ListAnswer;
}

/**
 * Reads one frame that a server sent: an answer, a push, `"ignored"` for a push that this version does not know ([P-9]), or
 * undefined for a frame that no server of this protocol sends. Unknown fields are let through.
 *
 * An error code that is not in the closed set is read as `INTERNAL`, so that the request still gets its answer.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(decodeServerMessage('{"push":"weather"}'), "ignored");
 * equal(decodeServerMessage("HTTP/1.1 400 Bad Request"), undefined);
 * ```
 */
export function decodeServerMessage(text: string): ServerMessage | "ignored" | undefined {
  const fields = parseObject(text);
  if (fields === undefined) return undefined;
  if (fields.push !== undefined) return readPush(fields);
  if (fields.ok === false) return readError(fields);
  if (fields.ok !== true || !isNumber(fields.id)) return undefined;
  const answer = fields as unknown as Answer;
  return OPERATIONS.some((operation) => isAnswerTo(operation, answer)) ? answer : undefined;
}

/** True when an answer is the one that a successful request of that operation gets. */
export function isAnswerTo<O extends Operation>(
  operation: O,
  answer: Answer,
): answer is AnswerByOperation[O] {
  return answer.ok && ANSWER_SHAPES[operation](answer as unknown as Fields);
}

/** What makes an answer one to that operation. More fields are always allowed. */
const ANSWER_SHAPES: { readonly [O in Operation]: (fields: Fields) => boolean } = {
  hello: ({ version, session, guarantee, server, limits }) =>
    isNumber(version) && isText(session) && isText(guarantee) &&
    isFields(server) && isText(server.name) && isText(server.version) &&
    isFields(limits) && isNumber(limits.frameBytesMax),
  acquire: ({ lock, name, mode, token, guarantee }) =>
    isNumber(lock) && isText(name) && isText(mode) && isNumber(token) && isText(guarantee),
  release: ({ lock }) => isNumber(lock),
  cancel: ({ request, was }) => isNumber(request) && isText(was),
  who: (fields) => isNameState(fields) && (fields.outside === null || isText(fields.outside)),
  list: ({ names, next }) =>
    Array.isArray(names) && names.every((state) => isFields(state) && isNameState(state)) &&
    (next === null || isText(next)),
};

const OPERATIONS = Object.keys(ANSWER_SHAPES) as readonly Operation[];

function readPush(fields: Fields): Push | "ignored" | undefined {
  const { push, lock, name, token, reason, closesIn } = fields;
  switch (push) {
    case "lost":
      return isNumber(lock) && isText(name) && isNumber(token) && isText(reason)
        ? fields as unknown as Push
        : undefined;
    case "draining":
      return isNumber(closesIn) ? fields as unknown as Push : undefined;
    default:
      return "ignored";
  }
}

function readError({ id, error }: Fields): ErrorAnswer | undefined {
  if ((id !== null && !isNumber(id)) || !isFields(error)) return undefined;
  const { code, message, blockedBy } = error;
  if (!isText(code) || !isText(message)) return undefined;
  const body: ErrorBody = { code: isErrorCode(code) ? code : "INTERNAL", message };
  if (!isParties(blockedBy)) return { id, ok: false, error: body };
  return { id, ok: false, error: { ...body, blockedBy: blockedBy as ErrorBody["blockedBy"] & object } };
}

function isNameState({ name, held, waiting, heldCount, waitingCount }: Fields): boolean {
  return isText(name) && isParties(held) && isParties(waiting) && isNumber(heldCount) &&
    isNumber(waitingCount);
}

function isParties(value: unknown): value is readonly Fields[] {
  return Array.isArray(value) &&
    value.every((party) =>
      isFields(party) && isText(party.session) && isText(party.mode) && isNumber(party.since)
    );
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function parseObject(text: string): Fields | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return isFields(value) ? value : undefined;
}
