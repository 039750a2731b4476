/**
 * Buttons to go through a long list by pages: a page is a plain table, which any screen reader knows, and
 * five thousand locks cost no more than twenty-five.
 *
 * @module
 */
import { element, setText } from "./element.js";

/** Rows of a page. */
export const ROWS_MAX = 25;

/** The buttons below one list. */
export class Pager {
  #nav;
  #words = element("span", { class: "hint" });
  #back = element("button", { type: "button", class: "quiet" }, "Previous");
  #next = element("button", { type: "button", class: "quiet" }, "Next");

  /**
   * @param {HTMLElement} nav
   * @param {{ readonly onTurn: (direction: -1 | 1) => void }} options
   */
  constructor(nav, { onTurn }) {
    this.#nav = nav;
    this.#back.addEventListener("click", () => onTurn(-1));
    this.#next.addEventListener("click", () => onTurn(1));
    nav.append(this.#back, this.#words, this.#next);
  }

  /**
   * @param {{ readonly words: string, readonly hasBack: boolean, readonly hasNext: boolean }} state
   */
  show({ words, hasBack, hasNext }) {
    this.#nav.hidden = !hasBack && !hasNext;
    setText(this.#words, words);
    // A button that has the focus keeps it when there is nowhere to go any more.
    this.#back.setAttribute("aria-disabled", String(!hasBack));
    this.#next.setAttribute("aria-disabled", String(!hasNext));
  }
}
