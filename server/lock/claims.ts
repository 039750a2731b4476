/**
 * What the lock table asks of the world outside this daemon. A *claim* on a name is this daemon's lock against all other
 * processes; it is as strong as the union of what local sessions hold. The table decides between sessions and never does anything
 * itself; whoever implements this interface keeps the claims (kernel locks on a local directory, the same on NFS through a
 * worker, or nothing but a counter when one daemon has the directory to itself).
 *
 * @module
 */
import type { ErrorCode } from "../../client/protocol/codes.ts";
import type { Mode } from "../../client/protocol/modes.ts";
import type { LockRequest } from "./request.ts";

/** Why a request is refused, where waiting would not cure it. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

/**
 * Answer to {@link Claims.admit}: the fencing token of the grant; `"outside"` when another process is in the way;
 * `"later"` when `LockTable.admitted` will be called with the answer; or a refusal.
 */
export type Admission = number | "outside" | "later" | Refusal;

/** Keeper of this daemon's claims. */
export interface Claims {
  /**
   * May `request` be granted, with the claim on its name at least as strong as `union` (of all that would then be held)? On anything but a token or
   * `"later"` the claim is as it was.
   */
  admit(request: LockRequest, union: Mode, now: number): Admission;

  /** What is held of the name has become weaker: the claim is to be exactly `union`, NL meaning none. Cannot fail. */
  settle(name: string, union: Mode, now: number): void;

  /** A request waits for what others hold: `LockTable.retry` is to be called when trying again makes sense. */
  awaitOutside(name: string, mode: Mode, now: number): void;
}
