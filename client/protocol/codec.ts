/**
 * Messages to text and back: what travels in one frame of the native protocol (`docs/protocol.md` sections 2
 * and 3), without a line end. Nothing here throws on what a peer sent: a bad request becomes a fault to
 * answer, a bad answer is told apart.
 *
 * @module
 */
import { isErrorCode } from "./codes.ts";
import type {
  Answer,
  BreakAnswer,
  CancelAnswer,
  ConvertAnswer,
  DoneAnswer,
  DrainAnswer,
  ErrorAnswer,
  ErrorBody,
  ExplainAnswer,
  GrantAnswer,
  HelloAnswer,
  ListAnswer,
  Operation,
  PingAnswer,
  Push,
  ReleaseAllAnswer,
  ReleaseAnswer,
  RenewAnswer,
  ServerMessage,
  SessionsAnswer,
  SetAnswer,
  StatusAnswer,
  VerifyAnswer,
  WhoAnswer,
} from "./messages.ts";
import { checkRequest } from "./judgement.ts";
import { badRequest, type CheckedRequest, type Fields, isFields, type RequestFault } from "./requests.ts";
import { SESSION_SHAPES } from "./session_answers.ts";
import { isAllFenced, isNumber, isOptional, isText } from "./shapes.ts";

export { checkRequest } from "./judgement.ts";
export type { CheckedAcquire, CheckedHello, CheckedList, CheckedRequest, RequestFault } from "./requests.ts";

/**
 * Reads one frame as a request ([P-5], [P-8], [P-9]), with its defaults filled in. A fault carries the
 * request's id whenever that could be read.
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

/** Writes a request that was judged as one frame: nothing is judged here. */
export function encodeRequest(request: CheckedRequest): string {
  if (request.op !== "acquire" || request.names.length > 1) return JSON.stringify(request);
  const { id, op, names: [name], ...rest } = request;
  return JSON.stringify({ id, op, name, ...rest });
}

/**
 * Writes an answer or a push as one frame. Its values are the server's own, so they are taken as they are: a
 * lock name that passed [P-20] needs no escape.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(encodeMessage({ id: 3, ok: true, lock: 2 }), '{"id":3,"ok":true,"lock":2}');
 * ```
 */
export function encodeMessage(message: ServerMessage): string {
  // Grants and releases are what a busy server sends: written by hand they cost a tenth of JSON.stringify.
  if (
    "guarantee" in message && "lock" in message && message.all === undefined &&
    message.expires === undefined && message.value === undefined
  ) {
    const { id, lock, name, mode, token, guarantee } = message;
    return `{"id":${id},"ok":true,"lock":${lock},"name":"${name}","mode":"${mode}","token":${token},"guarantee":"${guarantee}"}`;
  }
  return JSON.stringify(message);
}

/** The answer that each operation gets when it succeeds. */
export interface AnswerByOperation {
  readonly hello: HelloAnswer;
  readonly ping: PingAnswer;
  readonly bye: DoneAnswer;
  readonly releaseAll: ReleaseAllAnswer;
  readonly sessions: SessionsAnswer;
  readonly kick: DoneAnswer;
  readonly status: StatusAnswer;
  readonly drain: DrainAnswer;
  readonly acquire: GrantAnswer;
  readonly release: ReleaseAnswer;
  readonly convert: ConvertAnswer;
  readonly renew: RenewAnswer;
  readonly verify: VerifyAnswer;
  readonly set: SetAnswer;
  readonly cancel: CancelAnswer;
  readonly break: BreakAnswer;
  readonly who: WhoAnswer;
  readonly explain: ExplainAnswer;
  readonly watch: DoneAnswer;
  readonly list: ListAnswer;
}

/**
 * Reads one frame that a server sent: an answer, a push, `"ignored"` for a push that this version does not
 * know ([P-9]), or undefined for a frame that no server of this protocol sends. Unknown fields are let
 * through.
 *
 * An error code that is not in the closed set is read as `INTERNAL`, so that the request still gets its
 * answer.
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
  ...SESSION_SHAPES,
  acquire: ({ lock, name, mode, token, guarantee, all, expires }) =>
    isNumber(lock) && isText(name) && isText(mode) && isNumber(token) && isText(guarantee) &&
    (all === undefined || isAllFenced(all)) && (expires === undefined || isNumber(expires)),
  release: ({ lock }) => isNumber(lock),
  convert: ({ lock, mode, token }) => isNumber(lock) && isText(mode) && isNumber(token),
  renew: ({ lock, expires, expiresIn }) =>
    isNumber(lock) && isOptional(expires, isNumber) && isOptional(expiresIn, isNumber),
  verify: ({ lock, token }) => isNumber(lock) && isNumber(token),
  set: ({ lock }) => isNumber(lock),
  break: ({ broken }) => isParties(broken),
  cancel: ({ request, was }) => isNumber(request) && isText(was),
  who: (fields) => isNameState(fields) && (fields.outside === null || isText(fields.outside)),
  explain: ({ names }) => Array.isArray(names) && names.every(isExplainedName),
  watch: () => true,
  list: ({ names, next }) =>
    Array.isArray(names) && names.every((state) => isFields(state) && isNameState(state)) &&
    (next === null || isText(next)),
};

const OPERATIONS = Object.keys(ANSWER_SHAPES) as readonly Operation[];

function readPush(fields: Fields): Push | "ignored" | undefined {
  const { push, lock, name, token, reason, closesIn, expiresIn, by } = fields;
  switch (push) {
    case "lost":
      return isNumber(lock) && isText(name) && isNumber(token) && isText(reason)
        ? fields as unknown as Push
        : undefined;
    case "expiring":
      return isNumber(lock) && isNumber(expiresIn) ? fields as unknown as Push : undefined;
    case "yield":
      return isNumber(lock) && isText(name) && isParties([by]) ? fields as unknown as Push : undefined;
    case "ping":
      return { push };
    case "closing":
      return isText(reason) ? fields as unknown as Push : undefined;
    case "draining":
      return isNumber(closesIn) ? fields as unknown as Push : undefined;
    case "event":
    case "resync":
      return isWatchPush(fields) ? fields as unknown as Push : undefined;
    default:
      return "ignored";
  }
}

function readError({ id, error }: Fields): ErrorAnswer | undefined {
  if ((id !== null && !isNumber(id)) || !isFields(error)) return undefined;
  const { code, message, blockedBy, cycle } = error;
  if (!isText(code) || !isText(message)) return undefined;
  const body: ErrorBody = { code: isErrorCode(code) ? code : "INTERNAL", message };
  const parties = {
    ...(isParties(blockedBy) ? { blockedBy: blockedBy as ErrorBody["blockedBy"] & object } : {}),
    ...(isParties(cycle) ? { cycle: cycle as ErrorBody["cycle"] & object } : {}),
  };
  return { id, ok: false, error: { ...body, ...parties } };
}

function isNameState({ name, held, waiting, heldCount, waitingCount }: Fields): boolean {
  return isText(name) && isParties(held) && isParties(waiting) && isNumber(heldCount) &&
    isNumber(waitingCount);
}

function isExplainedName(value: unknown): boolean {
  return isFields(value) && isNameState(value) && (value.outside === null || isText(value.outside)) &&
    (value.waiting as readonly Fields[]).every(({ position, blockedBy }) =>
      isNumber(position) && Array.isArray(blockedBy)
    );
}

function isWatchPush({ push, watch, seq, event, name, party }: Fields): boolean {
  if (!isNumber(watch) || !isNumber(seq)) return false;
  return push === "resync" || (isText(event) && isText(name) && isParties([party]));
}

/** Whether that is a list of parties, as far as an answer is looked at. */
export function isParties(value: unknown): value is readonly Fields[] {
  return Array.isArray(value) &&
    value.every((party) =>
      isFields(party) && isText(party.session) && isText(party.mode) && isNumber(party.since)
    );
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
