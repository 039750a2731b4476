/**
 * What one session holds and waits for.
 *
 * @module
 */
import type { ClientProfile } from "../../client/protocol/messages.ts";
import { Conversion, type Waiter } from "./conversion.ts";
import type { SessionId } from "./effect.ts";
import type { LockRequest } from "./request.ts";

/** What one session holds and waits for. */
export class SessionLocks {
  /** WAITING, ADMITTING and HELD requests by their ids. */
  readonly requests = new Map<number, LockRequest>();
  /** Conversions that have not ended, by their ids. */
  readonly conversions = new Map<number, Conversion>();
  /** What waits for each owner; owners that wait for nothing are not in it. */
  readonly waitsOfOwner = new Map<string, Set<Waiter>>();
  /** The requests of each owner; owners that have none are not in it. */
  readonly requestsOfOwner = new Map<string, Set<LockRequest>>();
  /** How many names requests and conversions that are WAITING wait for. */
  waiting = 0;
  /** How many names its requests have, all together. */
  names = 0;
  /**
   * The greatest id that an acquire of this session ever had: an id up to here that is not in `requests` has
   * ended.
   */
  highestId = 0;

  constructor(
    readonly id: SessionId,
    readonly client: ClientProfile | undefined,
    /** How long it outlives its connection, in milliseconds. */
    readonly graceMs = 0,
  ) {}

  /** A request begins to live. Harmless when it does already. */
  add(request: LockRequest): void {
    if (this.requests.has(request.id)) return;
    this.requests.set(request.id, request);
    this.names += request.places.length;
    addTo(this.requestsOfOwner, request.wanted.owner, request);
  }

  /** A request has ended. */
  remove(request: LockRequest): void {
    this.requests.delete(request.id);
    this.names -= request.places.length;
    removeFrom(this.requestsOfOwner, request.wanted.owner, request);
  }

  /** Something of the session begins to wait. */
  waits(waiter: Waiter): void {
    this.waiting += namesOf(waiter);
    addTo(this.waitsOfOwner, ownerOf(waiter), waiter);
  }

  /** It does not wait any more. */
  waitedEnough(waiter: Waiter): void {
    this.waiting -= namesOf(waiter);
    removeFrom(this.waitsOfOwner, ownerOf(waiter), waiter);
  }
}

function addTo<T>(sets: Map<string, Set<T>>, owner: string | undefined, added: T): void {
  if (owner === undefined) return;
  const set = sets.get(owner);
  if (set) set.add(added);
  else sets.set(owner, new Set([added]));
}

function removeFrom<T>(sets: Map<string, Set<T>>, owner: string | undefined, removed: T): void {
  if (owner === undefined) return;
  const set = sets.get(owner);
  set?.delete(removed);
  if (set?.size === 0) sets.delete(owner);
}

function namesOf(waiter: Waiter): number {
  return waiter instanceof Conversion ? 1 : waiter.places.length;
}

function ownerOf(waiter: Waiter): string | undefined {
  return (waiter instanceof Conversion ? waiter.request : waiter).wanted.owner;
}
