/**
 * One lock that was granted, as its holder sees it.
 *
 * ```text
 * HELD      → RELEASING [release]                     the server was asked to end it
 * HELD      → LOST      [lose]                        the signal is aborted
 * HELD      → RELEASED  [withdrawn]                   a cancel gave it back before anybody saw it
 * RELEASING → RELEASED  [#release]                    the answer came, or the session ended
 * RELEASING → HELD      [#release]                    the server could not do it: release may be called again
 * ```
 *
 * @module
 */
import { ConnectionError, LockError, LockLostError } from "./errors.ts";
import type { GrantAnswer, Guarantee, LossReason } from "./protocol/messages.ts";
import type { Mode } from "./protocol/modes.ts";

/** A lock that was granted. Dispose of it (`await using`) or release it. */
export interface Lock extends AsyncDisposable {
  /** The lock name. */
  readonly name: string;
  /** The mode that was granted, never an alias. */
  readonly mode: Mode;
  /** The fencing token: hand it to what the lock guards, which then refuses lower ones. */
  readonly token: number;
  /** Where exclusion comes from. */
  readonly guarantee: Guarantee;
  /** Names the lock within its session. */
  readonly id: number;
  /** True until it is released or lost, as far as this client knows. */
  readonly held: boolean;
  /** Aborts with a {@link LockLostError} when the lock ends before it is released; never on a release. */
  readonly signal: AbortSignal;
  /**
   * Gives the lock back. Idempotent: more calls make no more requests and end the same way.
   *
   * @throws {LockLostError} when the lock was lost before it was released, so that nobody takes its work for guarded.
   */
  release(): Promise<void>;
  /** Gives the lock back if it is still there. Never throws a {@link LockError}, which would hide the error of the body. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Asks the server to end the lock; rejected with `NOT_HELD` when there is none. */
export type AskRelease = (lock: number) => Promise<unknown>;

/** A {@link Lock} with what only its session may do to it. */
export class SessionLock implements Lock {
  readonly name: string;
  readonly mode: Mode;
  readonly token: number;
  readonly guarantee: Guarantee;
  readonly id: number;
  readonly #askRelease: AskRelease;
  readonly #controller = new AbortController();
  #held = true;
  #released: Promise<void> | undefined;

  constructor(grant: GrantAnswer, askRelease: AskRelease) {
    this.name = grant.name;
    this.mode = grant.mode;
    this.token = grant.token;
    this.guarantee = grant.guarantee;
    this.id = grant.lock;
    this.#askRelease = askRelease;
  }

  get held(): boolean {
    return this.#held;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  release(): Promise<void> {
    if (this.#released === undefined) {
      this.#released = this.#held ? this.#release() : Promise.reject(this.signal.reason);
      // Whoever does not wait for the release does not care how it ends.
      this.#released.catch(() => {});
    }
    return this.#released;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.release();
    } catch (error) {
      if (!(error instanceof LockError)) throw error;
    }
  }

  /** The lock ended on the other side. Does nothing when it is being or was released. */
  lose(reason: LossReason, cause?: unknown): void {
    if (!this.#held) return;
    this.#held = false;
    this.#controller.abort(new LockLostError(this, reason, cause));
  }

  /** A cancel gave the lock back. */
  withdrawn(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#released = Promise.resolve();
  }

  async #release(): Promise<void> {
    this.#held = false;
    try {
      await this.#askRelease(this.id);
    } catch (error) {
      // Gone before the release came, or with the session: either way it is not held, which is what was wanted.
      if (error instanceof ConnectionError || (error instanceof LockError && error.code === "NOT_HELD")) {
        return;
      }
      this.#held = true;
      this.#released = undefined;
      throw error;
    }
  }
}
