/**
 * What goes wrong between a program and its locks. A program looks at the class or at `code`, never at the
 * message.
 *
 * ```text
 * LockError                 a request was refused: see code, blockedBy and cycle
 * ├─ LockTimeoutError       TIMEOUT: the wait that the caller allowed ran out
 * ├─ LockLostError          NOT_HELD: a lock ended before its holder released it
 * └─ ConnectionError        there is no session (any more): nothing was reached, or the connection ended
 * ```
 *
 * The caller's own abort is none of them: it is rejected with the reason of the caller's signal.
 *
 * @module
 */
import type { ErrorCode } from "./protocol/codes.ts";
import type { CycleParty, ErrorBody, LossReason, Party } from "./protocol/messages.ts";

/** A request was refused. */
export class LockError extends Error {
  override readonly name: string = "LockError";
  /** Why, for programs. */
  readonly code: ErrorCode;
  /**
   * Who stands in the way, holders first, at most 8; empty when the refusal has nothing to do with others.
   */
  readonly blockedBy: readonly Party[];
  /** With the code `DEADLOCK`: who would wait for whom, beginning with the refused request; else empty. */
  readonly cycle: readonly CycleParty[];

  /** @internal Errors are made by the client. */
  constructor(
    { code, message, blockedBy = [], cycle = [], cause }: ErrorBody & { readonly cause?: unknown },
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.blockedBy = blockedBy;
    this.cycle = cycle;
  }
}

/** The time that the caller gave to `wait` ran out; `blockedBy` says because of whom. */
export class LockTimeoutError extends LockError {
  override readonly name: string = "LockTimeoutError";
}

/**
 * A lock ended although its holder did not release it: the reason of `lock.signal`, and what a release after
 * that is rejected with. From here on somebody else may hold the lock; its token still tells the two apart.
 */
export class LockLostError extends LockError {
  override readonly name: string = "LockLostError";
  /** Name of the lock. */
  readonly lockName: string;
  /** Its fencing token. */
  readonly token: number;
  /** What ended it; `session` when the connection ended, or the client was closed. */
  readonly reason: LossReason;

  /** @internal Errors are made by the client. */
  constructor(lock: { readonly name: string; readonly token: number }, reason: LossReason, cause?: unknown) {
    super({ code: "NOT_HELD", message: `Cannot keep ${lock.name}: ${LOSS_TEXTS[reason] ?? reason}`, cause });
    this.lockName = lock.name;
    this.token = lock.token;
    this.reason = reason;
  }
}

/**
 * There is no session: the server could not be reached, turned the connection away, or the connection ended.
 * All locks and waits of the client have ended with it. Its code is `SESSION_GONE` unless the server gave
 * another one.
 */
export class ConnectionError extends LockError {
  override readonly name: string = "ConnectionError";

  /** @internal Errors are made by the client. */
  constructor(message: string, { code = "SESSION_GONE", cause }: { code?: ErrorCode; cause?: unknown } = {}) {
    super({ code, message, cause });
  }
}

const LOSS_TEXTS: { readonly [R in LossReason]: string } = {
  store: "the store lost it",
  broken: "an administrator broke it",
  expired: "its time to live ran out",
  "max-hold": "it was held as long as allowed",
  session: "its session ended",
};

/** The error class for what a server answered. */
export function errorFrom(body: ErrorBody): LockError {
  return body.code === "TIMEOUT" ? new LockTimeoutError(body) : new LockError(body);
}
