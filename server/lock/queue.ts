/**
 * The waiters of one name, first in first out, as one list a mode. A waiter may pass only those that do not conflict with
 * it, so the next to be granted is always the first of one of the six lists: finding it takes a look at six heads, however
 * many wait.
 *
 * @module
 */
import { type Mode, MODES } from "../../client/protocol/modes.ts";
import { CONFLICTS, MODE_BIT } from "./mode.ts";
import { type LockRequest, RequestList } from "./request.ts";

/** The waiters of one name. */
export class WaitQueue {
  readonly #lists: Readonly<Record<Mode, RequestList>> = {
    NL: new RequestList(),
    CR: new RequestList(),
    CW: new RequestList(),
    PR: new RequestList(),
    PW: new RequestList(),
    EX: new RequestList(),
  };
  /** The set of modes that somebody waits for. */
  modes = 0;
  /** How many wait. */
  size = 0;

  /** Adds a waiter at the place of its arrival. */
  add(request: LockRequest): void {
    this.#lists[request.mode].insert(request);
    this.modes |= MODE_BIT[request.mode];
    this.size++;
  }

  /** Takes a waiter out, wherever it stands. */
  remove(request: LockRequest): void {
    const list = this.#lists[request.mode];
    list.remove(request);
    this.size--;
    if (list.size === 0) this.modes &= ~MODE_BIT[request.mode];
  }

  /**
   * The earliest waiter that conflicts neither with the modes in `held` nor with a waiter that came before it, leaving out the
   * modes in `passed` (which stay in the way of others). Undefined when there is none.
   */
  next(held: number, passed: number): LockRequest | undefined {
    let found: LockRequest | undefined;
    for (const mode of MODES) {
      if ((this.modes & ~passed & MODE_BIT[mode]) === 0 || CONFLICTS[mode] & held) continue;
      const head = this.#lists[mode].first as LockRequest;
      if (found && found.arrival < head.arrival) continue;
      if (!this.#conflictsBefore(mode, head.arrival)) found = head;
    }
    return found;
  }

  /** Every waiter in the order of arrival. */
  *inOrder(): Generator<LockRequest> {
    const heads = new Map(MODES.map((mode) => [mode, this.#lists[mode].first]));
    for (;;) {
      let earliest: LockRequest | undefined;
      for (const head of heads.values()) {
        if (head && (!earliest || head.arrival < earliest.arrival)) earliest = head;
      }
      if (!earliest) return;
      heads.set(earliest.mode, earliest.next);
      yield earliest;
    }
  }

  #conflictsBefore(mode: Mode, arrival: number): boolean {
    const conflicting = CONFLICTS[mode] & this.modes;
    if (conflicting === 0) return false;
    for (const other of MODES) {
      if (conflicting & MODE_BIT[other] && (this.#lists[other].first as LockRequest).arrival < arrival) {
        return true;
      }
    }
    return false;
  }
}
