/**
 * The claims that a request is granted with: for all its names or for none.
 *
 * @module
 */
import { checkedToken, type Claims, type Refusal } from "./claims.ts";
import { MODE_BIT, union } from "./mode.ts";
import { type LockRequest, Place } from "./request.ts";

/**
 * What came of asking for all names of a request; a place is the one that another process is in the way of.
 */
export type Outcome = "granted" | "later" | Refusal | Place;

/** Asks for claims, and gives them back, for one lock table. */
export class Reservations {
  readonly #claims: Claims;

  constructor(claims: Claims) {
    this.#claims = claims;
  }

  /** Asks for all names, and reserves them; or for none. */
  take(request: LockRequest, now: number): Outcome {
    const { places, hasWaited } = request;
    const outside = (hasWaited || places.length > 1) && places.find((place) => this.#claims.keptOut(place));
    if (outside) return outside;
    let later = false;
    for (let index = 0; index < places.length; index++) {
      const place = places[index] as Place;
      const { resource, mode } = place;
      const admission = this.#claims.admit(place, union(resource.claimedModes | MODE_BIT[mode]), now);
      if (typeof admission === "number") place.token = checkedToken(admission);
      else if (admission === "later") place.asked = later = true;
      else {
        this.giveBack(request, now);
        return admission === "outside" ? place : admission;
      }
      resource.hold(place);
    }
    return later ? "later" : "granted";
  }

  /**
   * Gives up what was reserved for a request. Places whose claim has not answered stay as orphans, and new
   * ones take theirs.
   */
  giveBack(request: LockRequest, now: number): void {
    request.places = request.places.map((place) => {
      if (!place.reserved) return place;
      this.giveUp(place);
      this.#claims.settle(place.resource.name, union(place.resource.claimedModes), now);
      return new Place(request, place.resource, place.mode);
    });
  }

  /** A place is not wanted any more; one whose claim has not answered stays until it does. */
  giveUp(place: Place): void {
    if (place.asked) place.orphan = true;
    else place.resource.drop(place);
  }
}
