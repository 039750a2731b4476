/**
 * Those who wait, the oldest first.
 *
 * @module
 */
/** @import { Board, Wait } from "./board.js" */
import { arrange, element, part, setText } from "./element.js";
import { counted, duration, modeOf, nameOf } from "./words.js";

/** Waiters that are shown; the others are younger. */
const WAITERS_MAX = 20;

/** The list. */
export class WaiterList {
  #board;
  #onOpen;
  /** @type {Map<string, WaiterRow>} */
  #rows = new Map();
  #body = part("waiter-rows", HTMLElement);
  #count = part("waiters-count", HTMLElement);
  #empty = part("waiters-empty", HTMLElement);

  /** @param {{ readonly board: Board, readonly onOpen: (name: string) => void }} options */
  constructor({ board, onOpen }) {
    this.#board = board;
    this.#onOpen = onOpen;
  }

  /**
   * @param {{ readonly prefix: string, readonly now: number }} state
   */
  show({ prefix, now }) {
    const { waits, count } = this.#board.oldestWaits(WAITERS_MAX, prefix);
    /** @type {Map<string, WaiterRow>} */
    const rows = new Map();
    for (const wait of waits) {
      const { name, party: { session, request } } = wait;
      const key = `${session} ${request} ${name}`;
      const row = this.#rows.get(key) ?? new WaiterRow(name, this.#onOpen);
      row.show(wait, this.#board.get(name)?.held[0], now);
      rows.set(key, row);
    }
    this.#rows = rows;
    arrange(this.#body, [...rows.values()].map((row) => row.element));
    setText(this.#count, counted(count));
    this.#empty.hidden = waits.length > 0;
  }
}

/** One waiter. */
class WaiterRow {
  element;
  #age = element("span", { class: "num age" });
  #who = element("bdi", { class: "who" });
  #mode = element("span", { class: "mode" });
  #behind = element("bdi");
  #reason = element("bdi", { class: "reason" });

  /**
   * @param {string} name
   * @param {(name: string) => void} onOpen
   */
  constructor(name, onOpen) {
    const open = element("button", { type: "button", class: "link mono", "aria-haspopup": "dialog" }, name);
    open.addEventListener("click", () => onOpen(name));
    this.element = element(
      "li",
      {},
      element("p", { class: "line" }, this.#who, this.#age),
      element("p", { class: "line" }, open, this.#mode),
      element("p", { class: "hint" }, this.#behind, this.#reason),
    );
  }

  /**
   * @param {Wait} wait
   * @param {Wait["party"] | undefined} holder
   * @param {number} now
   */
  show({ party }, holder, now) {
    setText(this.#age, duration(now - party.since));
    setText(this.#who, nameOf(party));
    setText(this.#mode, modeOf(party));
    this.#mode.dataset["mode"] = party.mode;
    setText(this.#behind, holder ? `behind ${nameOf(holder)}` : "behind another process, or others who wait");
    setText(this.#reason, party.reason === undefined ? "" : ` · ${party.reason}`);
  }
}
