/**
 * What the lock table asks of the world outside this daemon. A *claim* on a name is this daemon's lock
 * against all other processes; it is as strong as the union of what local sessions hold. The table decides
 * between sessions and never does anything itself; whoever implements this interface keeps the claims (kernel
 * locks on a local directory, the same on NFS through a worker, or nothing but a counter when one daemon has
 * the directory to itself).
 *
 * @module
 */
import type { ErrorCode } from "../../client/protocol/codes.ts";
import type { Party, ValueBlock } from "../../client/protocol/messages.ts";
import type { Mode } from "../../client/protocol/modes.ts";
import { assert } from "../base/assert.ts";
import type { SetValue } from "./commands.ts";
import type { Conversion } from "./conversion.ts";
import type { Place } from "./request.ts";

/** Why a request is refused, where waiting would not cure it. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

/**
 * What is to be admitted: one name in one mode. An answer that comes later is given for the candidate itself.
 */
export type Candidate = Place | Conversion;

/**
 * Answer to {@link Claims.admit}: the fencing token of the grant; `"outside"` when another process is in the
 * way; `"later"` when `LockTable.admitted` will be called with the answer; or a refusal.
 */
export type Admission = number | "outside" | "later" | Refusal;

/** Keeper of this daemon's claims. */
export interface Claims {
  /**
   * May `candidate` be granted, with the claim on its name at least as strong as `union` (of all that would
   * then be held)? On anything but a token or `"later"` the claim is as it was. Whoever keeps the claims sees
   * to it that the grant stands for as long as a client of a session with a grace may believe in it.
   */
  admit(candidate: Candidate, union: Mode, now: number): Admission;

  /**
   * What is held of the name has become weaker: the claim is to be exactly `union`, NL meaning none. Cannot
   * fail.
   */
  settle(name: string, union: Mode, now: number): void;

  /** What the grant that {@link admit} gave last on the name found in its value block. */
  value(name: string): ValueBlock | undefined;

  /**
   * Leaves a value on a name that is held in PW or EX; on `"later"` whoever keeps the claims has the command
   * answered.
   */
  setValue(command: SetValue, name: string): Refusal | "later" | undefined;

  /** Whoever set the value is done with it: in order, or not. Comes before the claim shrinks. */
  closeValue(name: string, how: "released" | "died"): void;

  /** Who holds the name at another daemon, as far as that has said; for people. */
  outsideHolder(name: string): Party | undefined;

  /**
   * False while nobody answers who would have to: a request that hangs then is not refused for what others
   * hold.
   */
  readonly available: boolean;

  /**
   * Whether others are known to be in the way of `candidate` until the next retry. What waits does not ask
   * then: two waiters whose modes get on would, where claims answer later, ask in turn without end. Of
   * several names none is asked for at all: those that were given would have to be given back, and what they
   * stood in the way of would ask for them at once, again and again.
   */
  keptOut(candidate: Candidate): boolean;

  /**
   * A request waits for what others hold: `LockTable.retry` is to be called when trying again makes sense.
   */
  awaitOutside(name: string, mode: Mode, now: number): void;
}

/** How long a `wait: 0` may hang in a claim that answers later, in milliseconds. */
export const TRY_ADMISSION_MS = 1_000;

/** A fencing token, checked to be one. */
export function checkedToken(token: number): number {
  assert(Number.isSafeInteger(token) && token > 0, "a fencing token is a positive integer");
  return token;
}
