/**
 * One acquire, from its arrival to its end, and the lists that requests stand in.
 *
 * ```text
 *                      acquire
 *                         |
 *      +------------------+-------------------+
 *      v                  v                   v
 *   WAITING ---------> ADMITTING ---------> HELD
 *      |   [promote]      |   [admitted]      |
 *      |                  v                   |
 *      |              WITHDRAWN               |     [release, cancel, lose, endSession]
 *      v                  v                   v
 *    ENDED <--------------+-------------------+
 * ```
 *
 * - WAITING: stands in its resource's queue; reserves nothing; its session knows it.
 * - ADMITTING: the claim was asked for, the answer comes later; reserves its mode in the resource; its session knows it.
 * - WITHDRAWN: its caller has been told that it ended, the claim has not answered yet; still reserves its mode; no session knows it.
 * - HELD: in force, with a token; its session knows it.
 * - ENDED: in no list.
 *
 * @module
 */
import type { Mode } from "../../client/protocol/modes.ts";
import type { Timed } from "../base/deadlines.ts";
import type { SessionId } from "./effect.ts";
import type { Resource } from "./resource.ts";
import type { SessionLocks } from "./session_locks.ts";

/** What a session asks for. */
export interface Acquire {
  readonly session: SessionId;
  /** Rises with every acquire of the session; the same again is a retry. */
  readonly request: number;
  readonly name: string;
  readonly mode: Mode;
  /** 0 = try once; Infinity = wait for ever. */
  readonly waitMs: number;
  readonly reason: string | undefined;
}

/** See the diagram above. */
export type RequestState = "waiting" | "admitting" | "withdrawn" | "held" | "ended";

/** One acquire. Fields change only in this folder. */
export class LockRequest implements Timed {
  state: RequestState = "waiting";
  /** Fencing token; 0 until the request is held. */
  token = 0;
  /** When it began to wait or, once held, when it was granted: monotonic milliseconds. */
  sinceMs: number;
  /** When the wait ends by itself: monotonic milliseconds, or Infinity. */
  dueMs: number;
  heapIndex = -1;
  /** Neighbours in the one list that it stands in. */
  previous: LockRequest | undefined = undefined;
  next: LockRequest | undefined = undefined;

  /** Chosen by the client; names the lock within its session. */
  readonly id: number;
  readonly mode: Mode;
  /** 0 = try once; Infinity = wait for ever. */
  readonly waitMs: number;
  readonly reason: string | undefined;

  /** `arrival` orders the requests of all names of a table. */
  constructor(
    readonly session: SessionLocks,
    readonly resource: Resource,
    wanted: Acquire,
    readonly arrival: number,
    now: number,
  ) {
    this.id = wanted.request;
    this.mode = wanted.mode;
    this.waitMs = wanted.waitMs;
    this.reason = wanted.reason;
    this.sinceMs = now;
    this.dueMs = now + wanted.waitMs;
  }
}

/** A doubly linked list through the requests themselves: adding and removing allocate nothing and take one step. */
export class RequestList implements Iterable<LockRequest> {
  first: LockRequest | undefined = undefined;
  last: LockRequest | undefined = undefined;
  size = 0;

  /** Adds a request that is in no list at the end. */
  push(request: LockRequest): void {
    this.#link(request, this.last, undefined);
  }

  /**
   * Adds a request at the place of its arrival. Newcomers find it at once, at the end; one that comes back because its claim was refused
   * late had been near the front, and looks for it there.
   */
  insert(request: LockRequest): void {
    if (!this.last || this.last.arrival < request.arrival) return this.push(request);
    let after = this.first;
    while (after && after.arrival < request.arrival) after = after.next;
    this.#link(request, after?.previous, after);
  }

  /** Takes a request out that is in this list. */
  remove(request: LockRequest): void {
    if (request.previous) request.previous.next = request.next;
    else this.first = request.next;
    if (request.next) request.next.previous = request.previous;
    else this.last = request.previous;
    request.previous = request.next = undefined;
    this.size--;
  }

  *[Symbol.iterator](): Iterator<LockRequest> {
    for (let request = this.first; request; request = request.next) yield request;
  }

  #link(request: LockRequest, before: LockRequest | undefined, after: LockRequest | undefined): void {
    request.previous = before;
    request.next = after;
    if (before) before.next = request;
    else this.first = request;
    if (after) after.previous = request;
    else this.last = request;
    this.size++;
  }
}
