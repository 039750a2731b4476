/**
 * One lock name while anybody holds it or waits for it.
 *
 * Always true: the modes of `held` are pairwise compatible; `heldModes` is the set of them; `convertingModes`
 * is the set of modes that conversions are to have.
 *
 * @module
 */
import type { Mode } from "../../client/protocol/modes.ts";
import type { Conversion } from "./conversion.ts";
import { allConflict, CONFLICTS, MODE_BIT } from "./mode.ts";
import { WaitQueue } from "./queue.ts";
import { type Place, PlaceList } from "./request.ts";

/** One lock name. */
export class Resource {
  /**
   * Places that reserve their mode, in the order of their grants: of HELD and ADMITTING requests, and
   * orphans.
   */
  readonly held = new PlaceList();
  /** The set of their modes. */
  heldModes = 0;
  /** Conversions that were not done at once, in the order of their arrival. They go before those who wait. */
  readonly conversions: Conversion[] = [];
  /** The set of the modes that they are to have. */
  convertingModes = 0;
  /** How many of `held` wish to be told when somebody waits. */
  yieldNotices = 0;
  /** Those who wait; made when the first one does, since most names never see one. */
  queue: WaitQueue | undefined = undefined;
  readonly #counts: Record<Mode, number> = { NL: 0, CR: 0, CW: 0, PR: 0, PW: 0, EX: 0 };
  #newestToken = 0;
  readonly #converting: Record<Mode, number> = { NL: 0, CR: 0, CW: 0, PR: 0, PW: 0, EX: 0 };

  constructor(readonly name: string) {}

  /** Nobody holds it and nobody waits for it. */
  get empty(): boolean {
    return this.held.size === 0 && this.waiting === 0;
  }

  /** How many wait for a first lock. */
  get waiting(): number {
    return this.queue?.size ?? 0;
  }

  /** The set of modes that are in the way of the queue: held ones, and those that conversions are to have. */
  get modesAhead(): number {
    return this.heldModes | this.convertingModes;
  }

  /** What the claim on the name has to cover: all that is held, and conversions that are being admitted. */
  get claimedModes(): number {
    let modes = this.heldModes;
    for (const { state, mode } of this.conversions) if (state === "admitting") modes |= MODE_BIT[mode];
    return modes;
  }

  /**
   * Whether a newcomer in that mode would have to wait here: for a lock in force, a conversion, or an earlier
   * waiter.
   */
  blocks(mode: Mode): boolean {
    return (CONFLICTS[mode] & (this.modesAhead | (this.queue?.modes ?? 0))) !== 0;
  }

  /** Whether nothing here is in the way of a waiter any more. */
  lets({ mode, request: { arrival } }: Place): boolean {
    return (CONFLICTS[mode] & this.modesAhead) === 0 && !this.queue?.conflictsBefore(mode, arrival);
  }

  /** Whether nothing is in the way of a new conversion: no other holder, and no conversion before it. */
  letsConvert({ place, mode }: Conversion): boolean {
    return (CONFLICTS[mode] & (this.heldModesWithout(place) | this.convertingModes)) === 0;
  }

  /**
   * The first conversion that nothing is in the way of any more: no other holder, and no conversion before
   * it. Modes in `passed` are left out.
   */
  nextConversion(passed: number): Conversion | undefined {
    let ahead = 0;
    for (const conversion of this.conversions) {
      const { state, mode, place } = conversion;
      const free = (CONFLICTS[mode] & (this.heldModesWithout(place) | ahead)) === 0;
      if (free && state === "waiting" && (passed & MODE_BIT[mode]) === 0) return conversion;
      ahead |= MODE_BIT[mode];
      if (allConflict(this.convertingModes & ~passed, ahead)) return undefined;
    }
    return undefined;
  }

  /** The set of modes that all other places hold. */
  heldModesWithout({ mode }: Place): number {
    return this.#counts[mode] > 1 ? this.heldModes : this.heldModes & ~MODE_BIT[mode];
  }

  /** Reserves the mode of a place. */
  hold(place: Place): void {
    this.held.push(place);
    if (place.request.wanted.yieldNotice) this.yieldNotices++;
    this.#count(place.mode);
  }

  /** Gives up the reservation of a place. */
  drop(place: Place): void {
    this.held.remove(place);
    if (place.request.wanted.yieldNotice) this.yieldNotices--;
    this.#discount(place.mode);
  }

  /** Gives a place that holds another mode. */
  change(place: Place, mode: Mode): void {
    this.#discount(place.mode);
    place.mode = mode;
    this.#count(mode);
  }

  /**
   * The token of a grant whose claim was given with `token`: the newest one that was granted meanwhile, if
   * others of a request of several names kept it waiting. Whoever got that is compatible with it, and such
   * may share.
   */
  newestToken(token: number): number {
    return this.#newestToken = Math.max(this.#newestToken, token);
  }

  /** Queues a place in the order of arrival. */
  enqueue(place: Place): void {
    (this.queue ??= new WaitQueue()).add(place);
  }

  /** Adds a conversion that has to wait. */
  addConversion(conversion: Conversion): void {
    this.conversions.push(conversion);
    this.#converting[conversion.mode]++;
    this.convertingModes |= MODE_BIT[conversion.mode];
  }

  /** Takes a conversion out that has ended. */
  removeConversion(conversion: Conversion): void {
    this.conversions.splice(this.conversions.indexOf(conversion), 1);
    if (--this.#converting[conversion.mode] === 0) this.convertingModes &= ~MODE_BIT[conversion.mode];
  }

  /** Places whose requests have not been answered, ADMITTING and WAITING, in the order of arrival. */
  *undecided(): Generator<Place> {
    const waiting = this.queue?.inOrder() ?? [];
    const admitting = [...this.held].filter(({ request, orphan }) =>
      request.state === "admitting" && !orphan
    );
    if (admitting.length === 0) yield* waiting;
    else yield* [...admitting, ...waiting].sort((a, b) => a.request.arrival - b.request.arrival);
  }

  #count(mode: Mode): void {
    this.#counts[mode]++;
    this.heldModes |= MODE_BIT[mode];
  }

  #discount(mode: Mode): void {
    if (--this.#counts[mode] === 0) this.heldModes &= ~MODE_BIT[mode];
  }
}
