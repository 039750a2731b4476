/**
 * The table of locks: a row for each name, a page at a time.
 *
 * @module
 */
/** @import { Board, Entry } from "./board.js" */
import { arrange, element, part, setText } from "./element.js";
import { Pager, ROWS_MAX } from "./pager.js";
import { Remaining } from "./remaining.js";
import { counted, duration, MODE_MEANINGS, modeOf, nameOf, placeOf } from "./words.js";

/** The table. */
export class LockTable {
  /** Where the page that is shown begins: the name before it. */
  window = { prefix: "", after: "", limit: ROWS_MAX };
  #board;
  #onOpen;
  /** @type {Map<string, LockRow>} */
  #rows = new Map();
  #page = 0;
  #body = part("lock-rows", HTMLElement);
  #count = part("locks-count", HTMLElement);
  #empty = part("locks-empty", HTMLElement);
  #pager;

  /**
   * @param {{ readonly board: Board, readonly onOpen: (name: string) => void, readonly onTurn: () => void }}
   *   options
   */
  constructor({ board, onOpen, onTurn }) {
    this.#board = board;
    this.#onOpen = onOpen;
    this.#pager = new Pager(part("lock-pager", HTMLElement), {
      onTurn: (direction) => {
        this.#page += direction;
        onTurn();
        part("locks", HTMLElement).scrollIntoView({ block: "start" });
      },
    });
  }

  /**
   * @param {object} state
   * @param {string} state.prefix
   * @param {number} state.now
   * @param {boolean} state.isLoaded
   * @param {boolean} state.isTruncated
   */
  show({ prefix, now, isLoaded, isTruncated }) {
    if (prefix !== this.window.prefix) this.#page = 0;
    const names = namesWith(this.#board.names, prefix);
    const pages = Math.max(1, Math.ceil(names.length / ROWS_MAX));
    this.#page = Math.min(Math.max(0, this.#page), pages - 1);
    const start = this.#page * ROWS_MAX;
    const shown = names.slice(start, start + ROWS_MAX);
    this.window = { prefix, after: names[start - 1] ?? "", limit: ROWS_MAX };
    this.#showRows(shown, now);
    setText(this.#count, `${counted(names.length)}${isTruncated ? "+" : ""}`);
    this.#empty.hidden = names.length > 0;
    setText(this.#empty, emptyWords(isLoaded, prefix));
    this.#pager.show({
      words: `${counted(start + 1)}–${counted(start + shown.length)} of ${counted(names.length)}${
        isTruncated ? " or more; search for others" : ""
      }`,
      hasBack: this.#page > 0,
      hasNext: this.#page < pages - 1,
    });
  }

  /**
   * @param {readonly string[]} names
   * @param {number} now
   */
  #showRows(names, now) {
    /** @type {Map<string, LockRow>} */
    const rows = new Map();
    for (const name of names) {
      const entry = this.#board.get(name);
      if (!entry) continue;
      const row = this.#rows.get(name) ?? new LockRow(name, this.#onOpen);
      row.show(entry, now);
      rows.set(name, row);
    }
    this.#rows = rows;
    arrange(this.#body, [...rows.values()].map((row) => row.element));
  }
}

/** One row. */
class LockRow {
  element;
  #mode = element("span", { class: "mode" });
  #holder = element("bdi", { class: "who" });
  #place = element("bdi", { class: "where" });
  #others = element("span", { class: "hint" });
  #reason = element("bdi", { class: "reason" });
  #age = element("span", { class: "num" });
  #remaining = new Remaining();
  #waiting = element("span", { class: "num waits" });

  /**
   * @param {string} name
   * @param {(name: string) => void} onOpen
   */
  constructor(name, onOpen) {
    const open = element("button", { type: "button", class: "link mono", "aria-haspopup": "dialog" }, name);
    open.addEventListener("click", () => onOpen(name));
    this.element = element(
      "tr",
      { role: "row" },
      element("th", { role: "rowheader", scope: "row", class: "name" }, open),
      cell("Mode", this.#mode),
      cell("Holder", this.#holder, this.#place, this.#others),
      cell("Reason", this.#reason),
      cell("Held for", this.#age),
      cell("Remaining", this.#remaining.element),
      cell("Waiting", this.#waiting),
    );
  }

  /**
   * @param {Entry} entry
   * @param {number} now
   */
  show({ held, heldCount, waitingCount }, now) {
    const [holder] = held;
    setText(this.#mode, holder ? modeOf(holder) : "–");
    this.#mode.title = holder ? MODE_MEANINGS[holder.mode] : "";
    this.#mode.dataset["mode"] = holder?.mode ?? "";
    setText(this.#holder, holder ? nameOf(holder) : "nobody here");
    setText(this.#place, holder ? placeOf(holder) : "");
    setText(this.#others, heldCount > 1 ? `and ${counted(heldCount - 1)} more` : "");
    setText(this.#reason, holder?.reason ?? "");
    setText(this.#age, holder ? duration(now - holder.since) : "");
    this.#remaining.show(holder, now);
    setText(this.#waiting, waitingCount === 0 ? "" : counted(waitingCount));
    this.element.classList.toggle("contended", waitingCount > 0);
  }
}

/**
 * A cell; on narrow screens, where rows are cards, its label stands before it.
 *
 * @param {string} label
 * @param {...HTMLElement} children
 */
export function cell(label, ...children) {
  return element("td", { role: "cell", "data-label": label }, ...children);
}

/**
 * The names that begin with the prefix, of a sorted list: they stand together.
 *
 * @param {readonly string[]} names
 * @param {string} prefix
 */
function namesWith(names, prefix) {
  return prefix === "" ? names : names.filter((name) => name.startsWith(prefix));
}

/**
 * @param {boolean} isLoaded
 * @param {string} prefix
 */
function emptyWords(isLoaded, prefix) {
  if (!isLoaded) return "Loading…";
  return prefix === "" ? "Nothing is locked." : `No name that begins with ${prefix} is locked.`;
}
