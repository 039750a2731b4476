/**
 * The waiters of one name, first in first out. A waiter may pass only those that do not conflict with it, so
 * among those that want this name alone the next to be granted is always the first of its mode: one list a
 * mode makes finding it a look at six heads, however many wait. Those that want several names at once stand
 * in a list of their own, since the first of them may be kept by another name while one behind it is free to
 * go.
 *
 * @module
 */
import { type Mode, MODES } from "../../client/protocol/modes.ts";
import { allConflict, CONFLICTS, MODE_BIT } from "./mode.ts";
import { type Place, PlaceList } from "./request.ts";

/** The waiters of one name. */
export class WaitQueue {
  readonly #single: Readonly<Record<Mode, PlaceList>> = {
    NL: new PlaceList(),
    CR: new PlaceList(),
    CW: new PlaceList(),
    PR: new PlaceList(),
    PW: new PlaceList(),
    EX: new PlaceList(),
  };
  readonly #several = new PlaceList();
  readonly #counts: Record<Mode, number> = { NL: 0, CR: 0, CW: 0, PR: 0, PW: 0, EX: 0 };
  /** The set of modes that somebody waits for. */
  modes = 0;
  /** How many wait. */
  size = 0;

  /** Adds a waiter at the place of its arrival. */
  add(place: Place): void {
    this.#listOf(place).insert(place);
    this.modes |= MODE_BIT[place.mode];
    this.#counts[place.mode]++;
    this.size++;
  }

  /** Takes a waiter out, wherever it stands. */
  remove(place: Place): void {
    this.#listOf(place).remove(place);
    if (--this.#counts[place.mode] === 0) this.modes &= ~MODE_BIT[place.mode];
    this.size--;
  }

  /** Whether somebody who came before `arrival` waits for a mode that conflicts with `mode`. */
  conflictsBefore(mode: Mode, arrival: number): boolean {
    const conflicting = CONFLICTS[mode] & this.modes;
    if (conflicting === 0) return false;
    for (const other of MODES) {
      if ((conflicting & MODE_BIT[other]) === 0) continue;
      const head = this.#single[other].first;
      if (head && head.request.arrival < arrival) return true;
    }
    for (const place of this.#several) {
      if (place.request.arrival >= arrival) break;
      if (conflicting & MODE_BIT[place.mode]) return true;
    }
    return false;
  }

  /**
   * The earliest waiter that conflicts neither with the modes in `held` nor with a waiter before it, and that
   * `ready` lets go. Modes in `passed` are left out (but stay in the way of others). Undefined when there is
   * none.
   */
  next(held: number, passed: number, ready: (place: Place) => boolean): Place | undefined {
    if (this.#several.size > 0) return this.#nextInOrder(held, passed, ready);
    let found: Place | undefined;
    for (const mode of MODES) {
      if ((this.modes & ~passed & MODE_BIT[mode]) === 0 || CONFLICTS[mode] & held) continue;
      const head = this.#single[mode].first as Place;
      if (found && found.request.arrival < head.request.arrival) continue;
      if (!this.conflictsBefore(mode, head.request.arrival)) found = head;
    }
    return found;
  }

  /** Every waiter in the order of arrival. */
  *inOrder(): Generator<Place> {
    const heads = [...Object.values(this.#single), this.#several].map((list) => list.first);
    for (;;) {
      let earliest = -1;
      heads.forEach((head, index) => {
        if (!head) return;
        const best = heads[earliest];
        if (!best || head.request.arrival < best.request.arrival) earliest = index;
      });
      const place = heads[earliest];
      if (!place) return;
      heads[earliest] = place.next;
      yield place;
    }
  }

  #nextInOrder(held: number, passed: number, ready: (place: Place) => boolean): Place | undefined {
    let ahead = 0;
    for (const place of this.inOrder()) {
      const { mode } = place;
      const free = (CONFLICTS[mode] & (held | ahead)) === 0 && (passed & MODE_BIT[mode]) === 0;
      if (free && ready(place)) return place;
      ahead |= MODE_BIT[mode];
      if (allConflict(this.modes, held | ahead)) return undefined;
    }
    return undefined;
  }

  #listOf(place: Place): PlaceList {
    return place.request.places.length > 1 ? this.#several : this.#single[place.mode];
  }
}
