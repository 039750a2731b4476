/**
 * One lock name while anybody holds it or waits for it.
 *
 * Always true: the modes of `held` are pairwise compatible; `heldModes` is the set of them.
 *
 * @module
 */
import { type Mode } from "../../client/protocol/modes.ts";
import { CONFLICTS, MODE_BIT } from "./mode.ts";
import { WaitQueue } from "./queue.ts";
import { type LockRequest, RequestList } from "./request.ts";

/** One lock name. */
export class Resource {
  /** Requests that reserve their mode: HELD, ADMITTING and WITHDRAWN, in the order of their grants. */
  readonly held = new RequestList();
  /** The set of their modes. */
  heldModes = 0;
  /** Those who wait; made when the first one does, since most names never see one. */
  queue: WaitQueue | undefined = undefined;
  readonly #counts: Record<Mode, number> = { NL: 0, CR: 0, CW: 0, PR: 0, PW: 0, EX: 0 };

  constructor(readonly name: string) {}

  /** Nobody holds it and nobody waits for it. */
  get empty(): boolean {
    return this.held.size === 0 && this.waiting === 0;
  }

  /** How many wait. */
  get waiting(): number {
    return this.queue?.size ?? 0;
  }

  /** Whether a newcomer in that mode would have to wait here: for a lock in force, or for an earlier waiter. */
  blocks(mode: Mode): boolean {
    return (CONFLICTS[mode] & (this.heldModes | (this.queue?.modes ?? 0))) !== 0;
  }

  /** Reserves the mode of a request. */
  hold(request: LockRequest): void {
    this.held.push(request);
    this.#counts[request.mode]++;
    this.heldModes |= MODE_BIT[request.mode];
  }

  /** Gives up the reservation of a request. */
  drop(request: LockRequest): void {
    this.held.remove(request);
    if (--this.#counts[request.mode] === 0) this.heldModes &= ~MODE_BIT[request.mode];
  }

  /** Queues a request at the place of its arrival. */
  enqueue(request: LockRequest): void {
    (this.queue ??= new WaitQueue()).add(request);
  }

  /** Those who were not answered yet, ADMITTING and WAITING, in the order of arrival. */
  *undecided(): Generator<LockRequest> {
    const waiting = this.queue?.inOrder() ?? [];
    const admitting = [...this.held].filter((request) => request.state === "admitting");
    if (admitting.length === 0) yield* waiting;
    else yield* [...admitting, ...waiting].sort((a, b) => a.arrival - b.arrival);
  }

  /**
   * Those that stand in the way of a request, holders first, at most `most` of them. A request that is being admitted is not in
   * its own way, and of one that was withdrawn nobody knows any more.
   */
  blockers(request: LockRequest, most: number): LockRequest[] {
    const found: LockRequest[] = [];
    for (const state of ["held", "admitting"] as const) {
      for (const one of this.held) {
        if (found.length === most) return found;
        if (one.state !== state || one === request) continue;
        if (CONFLICTS[request.mode] & MODE_BIT[one.mode]) found.push(one);
      }
    }
    for (const waiter of this.queue?.inOrder() ?? []) {
      if (found.length === most || waiter.arrival >= request.arrival) return found;
      if (CONFLICTS[request.mode] & MODE_BIT[waiter.mode]) found.push(waiter);
    }
    return found;
  }
}
