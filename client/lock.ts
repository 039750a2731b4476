/**
 * One lock that was granted, as its holder sees it.
 *
 * @module
 */
import type { Guarantee, Party, ValueBlock } from "./protocol/messages.ts";
import type { Mode, ModeName } from "./protocol/modes.ts";

/** A lock that was granted. Dispose of it (`await using`) or release it. */
export interface Lock extends AsyncDisposable {
  /** The lock name; of several the first in sorted order. */
  readonly name: string;
  /** All names of the lock, sorted. */
  readonly names: readonly string[];
  /** The mode that it has now, never an alias. {@link convert} changes it. */
  readonly mode: Mode;
  /**
   * The fencing token of {@link name}: hand it to what the lock guards, which then refuses lower ones. A
   * conversion upward changes it, so read it when it is used.
   */
  readonly token: number;
  /** The fencing token of each name. */
  readonly tokens: ReadonlyMap<string, number>;
  /** Where exclusion comes from. */
  readonly guarantee: Guarantee;
  /** Names the lock within its session. */
  readonly id: number;
  /** True until it is released or lost, as far as this client knows. */
  readonly held: boolean;
  /**
   * Aborts with a {@link LockLostError} when the lock ends before it is released; never on a release. A lock
   * with a `ttl` or a `maxHold` is taken for lost a little before its time, by this client's own clock, also
   * when nothing is heard from the server. So is every lock whose server vouches for it only for a time, and
   * does not do so again: with the {@link guarantee} `nfs` or `quorum`.
   */
  readonly signal: AbortSignal;
  /**
   * When the lock ends by itself, in milliseconds since 1970 by the server's clock; undefined when it does
   * not.
   */
  readonly expires: number | undefined;
  /**
   * Milliseconds until {@link signal} aborts by itself; `Infinity` when it never does, 0 when the lock is not
   * held.
   */
  remaining(): number;
  /**
   * Does nothing while the lock is held: a check before work that cannot be undone.
   *
   * @throws {LockLostError} when it was lost.
   * @throws {LockError} with the code `NOT_HELD` when it was released.
   */
  assertHeld(): void;
  /**
   * Changes the mode without ever letting the lock go. When it is refused, runs out of time or is aborted,
   * the old mode is still held.
   *
   * @throws {LockTimeoutError} when `wait` ran out.
   * @throws {LockError} with the code `BUSY`, with `DEADLOCK` (see its `cycle`) when this and another
   * conversion wait for each other, or with `BAD_REQUEST` for a lock of several names.
   * @throws {LockLostError} when the lock was lost before.
   * @throws the reason of `signal`, once the server confirmed that the old mode is held as before.
   */
  convert(mode: ModeName, options?: ConvertOptions): Promise<void>;
  /**
   * Lets the lock live so many milliseconds from now, and by each renewal to come; as many as before when it
   * is not said. Only needed where the client does not renew by itself, or to change the time.
   *
   * @throws {LockLostError} when the lock has ended: nothing is ever taken again.
   */
  renew(ttl?: number): Promise<void>;
  /**
   * What earlier holders left on the name, as it was when the lock was granted; undefined when nobody ever
   * did. Of several names: of the first.
   */
  readonly value: ValueBlock | undefined;
  /** The same of all names that have one. */
  readonly values: ReadonlyMap<string, ValueBlock>;
  /**
   * Leaves a text of at most 1,024 bytes of UTF-8 for later holders: with a lock of one name held in PW or
   * EX. Until the lock is released it counts as unfinished, and is invalid for later holders if this one
   * dies.
   *
   * @throws {LockError} with the code `BAD_REQUEST` for another lock or a longer text.
   */
  setValue(text: string): Promise<void>;
  /**
   * Asks the server to ask the kernel whether the lock is held. False when it is not; it is never taken
   * again.
   */
  verify(): Promise<boolean>;
  /**
   * Gives the lock back. Idempotent: more calls make no more requests and end the same way. While a session
   * with a grace has no connection it waits for one, or for the end of the grace.
   *
   * @throws {LockLostError} when the lock was lost before it was released, so that nobody takes its work for
   *   guarded.
   */
  release(): Promise<void>;
  /** What a log should say of it, with the names that it has here. `JSON.stringify` and loggers call it. */
  toJSON(): Pick<Lock, "names" | "mode" | "token" | "guarantee" | "held" | "expires">;
  /**
   * Gives the lock back if it is still there. Never throws a {@link LockError}, which would hide the error of
   * the body.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

/** How to convert a lock. */
export interface ConvertOptions {
  /** Milliseconds until the server gives up: 0 = try once, absent = wait for ever. */
  readonly wait?: number | undefined;
  /** Ends the wait; a conversion that was done by then stays done. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * What the holder of a lock wishes to hear. An error that one of them throws is not caught, as with any event
 * listener.
 */
export interface LockListeners {
  /** Somebody, `by`, began to wait for what the lock holds. */
  readonly onYield?: ((lock: Lock, by: Party) => void) | undefined;
  /**
   * A third of the lock's `ttl` or `maxHold` is left, because it is not renewed, cannot be, or nothing was
   * heard of the renewal. `lock.remaining()` says how much time there is to stop.
   */
  readonly onExpiring?: ((lock: Lock) => void) | undefined;
}
