/**
 * Locks on their way to another mode. The states of conversions change here and nowhere else; `conversion.ts`
 * draws them.
 *
 * @module
 */
import type { Mode } from "../../client/protocol/modes.ts";
import type { Deadlines } from "../base/deadlines.ts";
import type { Answers } from "./answers.ts";
import { type Admission, checkedToken, type Claims, TRY_ADMISSION_MS } from "./claims.ts";
import type { Conversion, Waiter } from "./conversion.ts";
import { CONFLICTS, MODE_BIT, union } from "./mode.ts";
import { type LockTableLimits, refuseWaits } from "./refusals.ts";
import type { LockRequest, Place } from "./request.ts";
import type { Resource } from "./resource.ts";
import { findCycle } from "./wait_graph.ts";

/** What conversions stand on. */
export interface ConvertingOptions {
  readonly claims: Claims;
  readonly answers: Answers;
  readonly deadlines: Deadlines<Waiter>;
  readonly limits: LockTableLimits;
  /**
   * Grants what something that ended was in the way of, but for `refused` modes, and lets the claim shrink.
   */
  readonly resettle: (resource: Resource, now: number, refused: number) => void;
}

/** Converts for one lock table. */
export class Converting {
  readonly #claims: Claims;
  readonly #answers: Answers;
  readonly #deadlines: Deadlines<Waiter>;
  readonly #limits: LockTableLimits;
  readonly #resettle: ConvertingOptions["resettle"];

  constructor({ claims, answers, deadlines, limits, resettle }: ConvertingOptions) {
    this.#claims = claims;
    this.#answers = answers;
    this.#deadlines = deadlines;
    this.#limits = limits;
    this.#resettle = resettle;
  }

  /** Converts, lets wait, or refuses. The conversion is of a lock that is held and in no other conversion. */
  convert(conversion: Conversion, now: number): void {
    const { resource, request: { session }, id, waitMs } = conversion;
    const free = resource.letsConvert(conversion);
    if (!free && waitMs === 0) return this.#answers.blocked(conversion, "BUSY");
    const subject = `Cannot convert ${resource.name}`;
    const refusal = refuseWaits(session, { subject, limits: this.#limits });
    if (!free && refusal) return this.#answers.refused(session.id, id, refusal);
    this.#begin(conversion);
    // Even one that need not wait goes before those who do, and so may close a circle that another request of
    // its owner is in.
    if (this.#closesCircle(conversion)) return;
    if (!free) return this.#wait(conversion);
    const admission = this.#admit(conversion, now);
    const mayWait = admission !== "outside" || waitMs === 0 || !refusal;
    this.#decide(conversion, mayWait ? admission : refusal, now);
    if (conversion.state === "ended") this.#resettle(resource, now, 0);
  }

  /** Takes a conversion back. The lock stays as it is. */
  end(conversion: Conversion): void {
    const { request, resource } = conversion;
    if (conversion.state === "waiting") request.session.waitedEnough(conversion);
    conversion.state = "ended";
    request.conversion = undefined;
    request.session.conversions.delete(conversion.id);
    this.#deadlines.remove(conversion);
    resource.removeConversion(conversion);
  }

  /** Answers the conversion of a lock that is about to end, if it is in one. */
  abort({ conversion, session, id }: LockRequest): void {
    if (!conversion) return;
    const message = `Cannot convert ${conversion.resource.name}: lock ${id} has ended`;
    this.#answers.refused(session.id, conversion.id, { code: "NOT_HELD", message });
    this.end(conversion);
  }

  /** Does the conversions that nothing is in the way of any more; modes in `refused` are passed over. */
  promote(resource: Resource, now: number, refused: number): void {
    let passed = refused;
    for (;;) {
      const conversion = resource.nextConversion(passed);
      if (!conversion) return;
      const admission = this.#admit(conversion, now);
      if (admission === "outside") passed |= MODE_BIT[conversion.mode];
      this.#decide(conversion, admission, now);
    }
  }

  /** The answer to an admission that came `"later"`. */
  admitted(conversion: Conversion, answer: Exclude<Admission, "later">, now: number): void {
    const { state, mode, resource, request: { session } } = conversion;
    if (state === "admitting") {
      conversion.state = "waiting";
      session.waits(conversion);
      this.#decide(conversion, answer, now);
    }
    // Those behind a try that the world refused are asked for: nobody else says when to.
    this.#resettle(resource, now, conversion.state === "waiting" ? MODE_BIT[mode] : 0);
  }

  /** Refuses conversions that came to go before somebody who waits for them in a circle. */
  refuseCircles(resource: Resource): void {
    for (const conversion of [...resource.conversions]) this.#closesCircle(conversion);
  }

  #admit(conversion: Conversion, now: number): Admission {
    // The old mode as well: it is held until the new one is.
    const modes = conversion.resource.claimedModes | MODE_BIT[conversion.mode];
    return this.#claims.admit(conversion, union(modes), now);
  }

  #begin(conversion: Conversion): void {
    const { resource, request, id } = conversion;
    request.conversion = conversion;
    request.session.conversions.set(id, conversion);
    request.session.waits(conversion);
    resource.addConversion(conversion);
  }

  #wait(conversion: Conversion): void {
    if (conversion.dueMs !== Infinity) this.#deadlines.add(conversion);
    notifyHolders(this.#answers, conversion.place, conversion.mode);
  }

  /** What becomes of a WAITING conversion that nobody here is in the way of. */
  #decide(conversion: Conversion, admission: Admission, now: number): void {
    const { resource, place, request, id, mode, waitMs } = conversion;
    if (admission === "later" || (admission === "outside" && waitMs > 0)) {
      if (admission === "outside") this.#claims.awaitOutside(resource.name, mode, now);
      else this.#setAdmitting(conversion, now);
      if (conversion.heapIndex === -1 && conversion.dueMs !== Infinity) this.#deadlines.add(conversion);
      return;
    }
    this.end(conversion);
    if (admission === "outside") return this.#answers.blocked(conversion, "BUSY");
    if (typeof admission === "object") return this.#answers.refused(request.session.id, id, admission);
    resource.change(place, mode);
    place.token = resource.newestToken(checkedToken(admission));
    this.#answers.converted(id, place);
    this.#answers.happened("converted", request);
  }

  #setAdmitting(conversion: Conversion, now: number): void {
    conversion.state = "admitting";
    conversion.request.session.waitedEnough(conversion);
    if (conversion.waitMs === 0) conversion.dueMs = now + TRY_ADMISSION_MS;
  }

  #closesCircle(conversion: Conversion): boolean {
    const cycle = findCycle(conversion);
    if (!cycle) return false;
    this.#answers.deadlocked(conversion, cycle);
    this.end(conversion);
    return true;
  }
}

/** Tells the holders who wish it that `waiter` waits for what they have, in `mode`. */
export function notifyHolders(answers: Answers, waiter: Place, mode: Mode): void {
  if (waiter.resource.yieldNotices === 0) return;
  for (const holder of waiter.resource.held) {
    const { state, wanted: { yieldNotice } } = holder.request;
    if (!yieldNotice || state !== "held" || holder.orphan || holder === waiter) continue;
    if (CONFLICTS[mode] & MODE_BIT[holder.mode]) answers.yieldTo(holder, waiter);
  }
}
