/**
 * How much is left of a lock's life: a bar that shrinks, and the same as words.
 *
 * @module
 */
/** @import { SeenParty } from "./board.js" */
import { element, setText } from "./element.js";
import { duration } from "./words.js";

/** Less than this share of a life is shown as urgent. */
const URGENT_SHARE = 0.2;

/** One bar. */
export class Remaining {
  #fill = element("span", { class: "fill" });
  #bar = element("span", { class: "bar", "aria-hidden": "true" }, this.#fill);
  #words = element("span", { class: "num" });
  element = element("span", { class: "remaining" }, this.#words, this.#bar);

  /**
   * @param {SeenParty | undefined} party
   * @param {number} now by the daemon's clock
   */
  show(party, now) {
    const { expires, lifeMs = 1 } = party ?? {};
    this.#bar.hidden = expires === undefined;
    this.element.classList.toggle("endless", expires === undefined);
    if (expires === undefined) return setText(this.#words, party ? "as its session" : "");
    const leftMs = Math.max(0, expires - now);
    const share = Math.min(1, leftMs / lifeMs);
    setText(this.#words, duration(leftMs));
    this.#bar.classList.toggle("urgent", share < URGENT_SHARE);
    // As a property: the page's policy allows no style in an attribute.
    this.#fill.style.inlineSize = `${(100 * share).toFixed(1)}%`;
  }
}
