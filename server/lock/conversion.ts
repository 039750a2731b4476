/**
 * A held lock on its way to another mode. Until it gets there the old mode is held.
 *
 * ```text
 *   WAITING ──▶ ADMITTING ──▶ ENDED      the lock has the new mode
 *      └────────────┴───────▶ ENDED      it has not: refused, timed out, cancelled, or the lock ended
 * ```
 *
 * - WAITING: others hold, or convert to, what conflicts with the new mode.
 * - ADMITTING: nobody here does, and the new mode is reserved; the claim has not answered.
 *
 * @module
 */
import type { Mode } from "../../client/protocol/modes.ts";
import type { Timed } from "../base/deadlines.ts";
import type { LockRequest, Place } from "./request.ts";
import type { Resource } from "./resource.ts";

/** A conversion that was not done at once. */
export class Conversion implements Timed {
  state: "waiting" | "admitting" | "ended" = "waiting";
  heapIndex = -1;
  readonly request: LockRequest;
  dueMs: number;

  constructor(
    /** What is converted. */
    readonly place: Place,
    /** The id of the convert, which names it within its session. */
    readonly id: number,
    /** The mode that it is to have. */
    readonly mode: Mode,
    readonly waitMs: number,
    readonly arrival: number,
    readonly sinceMs: number,
  ) {
    this.request = place.request;
    this.dueMs = sinceMs + waitMs;
  }

  /** The name that it is of. */
  get resource(): Resource {
    return this.place.resource;
  }

  /** How long its session outlives its connection, in milliseconds. */
  get graceMs(): number {
    return this.place.graceMs;
  }
}

/** Anything that waits. */
export type Waiter = LockRequest | Conversion;
