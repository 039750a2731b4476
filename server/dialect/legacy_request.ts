/**
 * The JSON messages of the original distrilock (`docs/dialects.md` section 2). Nothing here throws on what a
 * peer sent.
 *
 * @module
 */
import { isFields } from "../../client/protocol/fields.ts";
import { LOCK_NAME_BYTES_MAX } from "../../client/protocol/limits.ts";

/** What can be asked for. */
export const COMMAND = { peek: 1, acquire: 2, release: 3, verify: 4 } as const;

/** What came of it. */
export const RESULT = { failed: 1, success: 2, badRequest: 3, internalError: 4 } as const;

/** One of the {@link RESULT} numbers. */
export type LegacyResult = typeof RESULT[keyof typeof RESULT];

/** Why a command failed, word for word: programs look at these. */
export const REASON = {
  none: "",
  noOp: "no-op",
  otherSession: "resource acquired through a different session",
  otherProcess: "resource acquired by different process",
  notFound: "lock not found",
  badName: "invalid lock name",
  badCommand: "unknown command",
  badVersion: "unsupported version",
  badMessage: "not a JSON object",
} as const;

/** A request, as far as it could be read; its fields come back in the answer. */
export interface LegacyRequest {
  readonly VersionMajor: number;
  readonly VersionMinor: number;
  readonly Command: number;
  readonly LockName: string;
}

/** What is added to the fields of a request to answer it. */
export interface LegacyOutcome {
  readonly Result: LegacyResult;
  readonly Reason: string;
  /** Whether somebody holds the lock now, as far as the command has found out. */
  readonly IsLocked: boolean;
}

/** Answers what cannot be read at all. */
export const NO_REQUEST: LegacyRequest = { VersionMajor: 0, VersionMinor: 1, Command: 0, LockName: "" };

const [MAJOR, MINOR] = [0, 1];
const LOCK_NAME = /^[A-Za-z0-9.\-_]+$/;

/**
 * Reads a message. `fault` is the reason to refuse it with, if there is one.
 *
 * ```ts
 * import { deepEqual, equal } from "node:assert/strict";
 *
 * const { request, fault } = readLegacyRequest('{"VersionMajor":0,"VersionMinor":1,"Command":2,"LockName":"nightly"}');
 * deepEqual(request, { VersionMajor: 0, VersionMinor: 1, Command: COMMAND.acquire, LockName: "nightly" });
 * equal(fault, undefined);
 * equal(readLegacyRequest('{"VersionMinor":1,"Command":2,"LockName":"a/b"}').fault, REASON.badName);
 * ```
 */
export function readLegacyRequest(
  text: string,
): { readonly request: LegacyRequest; readonly fault?: string } {
  const fields = parse(text);
  if (!isFields(fields)) return { request: NO_REQUEST, fault: REASON.badMessage };
  const { VersionMajor, VersionMinor, Command, LockName } = fields;
  const request = {
    VersionMajor: numberOr0(VersionMajor),
    VersionMinor: numberOr0(VersionMinor),
    Command: numberOr0(Command),
    LockName: typeof LockName === "string" ? LockName : "",
  };
  const fault = faultOf(request);
  return fault === undefined ? { request } : { request, fault };
}

/** Writes an answer. */
export function writeLegacyAnswer(request: LegacyRequest, outcome: LegacyOutcome): string {
  return JSON.stringify({ ...request, ...outcome });
}

function faultOf({ VersionMajor, VersionMinor, Command, LockName }: LegacyRequest): string | undefined {
  if (VersionMajor !== MAJOR || VersionMinor !== MINOR) return REASON.badVersion;
  if (!Object.values<number>(COMMAND).includes(Command)) return REASON.badCommand;
  if (!LOCK_NAME.test(LockName) || LockName.length > LOCK_NAME_BYTES_MAX) return REASON.badName;
  return undefined;
}

/** A field that is missing, or no number, is what the original's language makes of a missing one. */
function numberOr0(value: unknown): number {
  return Number.isSafeInteger(value) ? value as number : 0;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
