/**
 * One acquire, from its arrival to its end, for one name or for several at once.
 *
 * ```text
 *               acquire
 *                  |
 *      +-----------+-----------+
 *      v           v           v
 *   WAITING --> ADMITTING --> HELD
 *      |           |           |
 *      v           v           v
 *    ENDED <-------+-----------+
 * ```
 *
 * - WAITING [Granting.wait]: its places stand in the queues of their resources; it reserves nothing; its
 *   session knows it.
 * - ADMITTING [Granting.decide, promote]: every place reserves its mode; the claim of at least one has not
 *   answered; its session knows it.
 * - HELD [Granting.grant]: in force, every place has a token; its session knows it.
 * - ENDED [Granting.end]: in no list, but for places whose claim has not answered: those are *orphans*, and
 *   go on reserving until it does.
 *
 * @module
 */
import type { ValueBlock } from "../../client/protocol/messages.ts";
import type { Mode } from "../../client/protocol/modes.ts";
import type { Timed } from "../base/deadlines.ts";
import type { Acquire } from "./commands.ts";
import type { Conversion } from "./conversion.ts";
import type { Resource } from "./resource.ts";
import type { SessionLocks } from "./session_locks.ts";

/** A holder is warned when this share of the lock's life is left. */
export const WARNING_SHARE = 1 / 3;

/** See the diagram above. */
export type RequestState = "waiting" | "admitting" | "held" | "ended";

/** One name of a request. It stands in one list of its resource: the held ones, or the queue. */
export class Place {
  /** Fencing token; 0 until the claim has been given. */
  token = 0;
  /** What its grant found in the value block. */
  value: ValueBlock | undefined = undefined;
  /** Its holder has set the value, and is not done with it. */
  valueOpen = false;
  /** The claim was asked for and has not answered. */
  asked = false;
  /** Asked for, but its request does not want it any more. */
  orphan = false;
  /** Neighbours in the list. */
  previous: Place | undefined = undefined;
  next: Place | undefined = undefined;

  constructor(
    readonly request: LockRequest,
    readonly resource: Resource,
    /** What it is held in, or waits for. */
    public mode: Mode,
  ) {}

  /** How long its session outlives its connection, in milliseconds. */
  get graceMs(): number {
    return this.request.session.graceMs;
  }

  /** Its claim was given, or asked for: it is in the list of those who hold. */
  get reserved(): boolean {
    return this.asked || this.token > 0;
  }
}

/** One acquire. Fields change only in this folder. */
export class LockRequest implements Timed {
  state: RequestState = "waiting";
  /** Its names, sorted. */
  places: readonly Place[] = [];
  /** When it began to wait or, once held, when it was granted: monotonic milliseconds. */
  sinceMs: number;
  /**
   * When the wait ends by itself; once held, when the holder is to be warned, or the lock ends. Monotonic
   * milliseconds, or Infinity.
   */
  dueMs: number;
  heapIndex = -1;
  /** It has been WAITING: those who watch know of it. */
  hasWaited = false;
  /** The conversion that it is in, of a lock that is held. */
  conversion: Conversion | undefined = undefined;
  /** When the lock ends by itself: monotonic milliseconds, or Infinity. */
  endsMs = Infinity;
  /** Time to live from grant or renewal, in milliseconds. */
  ttlMs: number;

  constructor(
    readonly session: SessionLocks,
    readonly wanted: Acquire,
    /** Orders the requests and conversions of a table. */
    readonly arrival: number,
    now: number,
  ) {
    this.sinceMs = now;
    this.dueMs = now + wanted.waitMs;
    this.ttlMs = wanted.ttlMs ?? Infinity;
  }

  /** Chosen by the client; names the lock within its session. */
  get id(): number {
    return this.wanted.request;
  }

  /**
   * When a held lock ends, and its holder is warned, if it is granted or renewed now. It must be in no heap.
   */
  startLife(now: number): void {
    const { ttlMs, sinceMs, wanted: { maxHoldMs = Infinity } } = this;
    this.endsMs = Math.min(now + ttlMs, sinceMs + maxHoldMs);
    if (this.endsMs === Infinity) return;
    this.dueMs = Math.max(now, this.endsMs - Math.min(ttlMs, maxHoldMs) * WARNING_SHARE);
  }

  /** Its first place, the only one of most requests. */
  get place(): Place {
    return this.places[0] as Place;
  }
}

/**
 * A doubly linked list through the places themselves, in the order of arrival: adding and removing allocate
 * nothing.
 */
export class PlaceList implements Iterable<Place> {
  first: Place | undefined = undefined;
  last: Place | undefined = undefined;
  size = 0;

  /** Adds a place that is in no list at the end. */
  push(place: Place): void {
    this.#link(place, this.last, undefined);
  }

  /**
   * Adds a place in the order of arrival. Newcomers find it at once, at the end; one that comes back because
   * its claim was refused late had been near the front, and looks for it there.
   */
  insert(place: Place): void {
    const { arrival } = place.request;
    if (!this.last || this.last.request.arrival < arrival) return this.push(place);
    let after = this.first;
    while (after && after.request.arrival < arrival) after = after.next;
    this.#link(place, after?.previous, after);
  }

  /** Takes a place out that is in this list. */
  remove(place: Place): void {
    if (place.previous) place.previous.next = place.next;
    else this.first = place.next;
    if (place.next) place.next.previous = place.previous;
    else this.last = place.previous;
    place.previous = place.next = undefined;
    this.size--;
  }

  *[Symbol.iterator](): Iterator<Place> {
    for (let place = this.first; place; place = place.next) yield place;
  }

  #link(place: Place, before: Place | undefined, after: Place | undefined): void {
    place.previous = before;
    place.next = after;
    if (before) before.next = place;
    else this.first = place;
    if (after) after.previous = place;
    else this.last = place;
    this.size++;
  }
}
