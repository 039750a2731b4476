/**
 * What happens, as it happens, the newest first. It is not read out as it comes: there may be thousands a
 * second. What is bad news for a holder is announced, but seldom.
 *
 * @module
 */
/** @import { BoardEvent } from "./board.js" */
import { element, part, setText } from "./element.js";
import { clockTime, modeOf, nameOf } from "./words.js";

/** Lines that are kept, and lines that one look adds at most: what rushes by faster is counted, not shown. */
const LINES_MAX = 100;
const BURST_MAX = 25;
/** A time between announcements, in milliseconds. */
const ANNOUNCE_INTERVAL_MS = 10_000;

const VERBS = Object.freeze({
  "waiting": "waits for",
  "granted": "was granted",
  "converted": "converted",
  "released": "released",
  "lost": "lost",
  "broken": "was broken out of",
  "gave-up": "gave up",
});

/** The feed. */
export class Feed {
  #onOpen;
  /** @type {{ readonly event: BoardEvent, readonly atMs: number }[]} */
  #fresh = [];
  #skipped = 0;
  #badNews = 0;
  #announcedMs = -Infinity;
  #isPaused = false;
  #rows = part("feed-rows", HTMLElement);
  #empty = part("feed-empty", HTMLElement);
  #pause = part("feed-pause", HTMLElement);
  #announcer = part("announcer", HTMLElement);

  /** @param {{ readonly onOpen: (name: string) => void }} options */
  constructor({ onOpen }) {
    this.#onOpen = onOpen;
    this.#pause.addEventListener("click", () => {
      this.#isPaused = !this.#isPaused;
      this.#pause.setAttribute("aria-pressed", String(this.#isPaused));
      setText(this.#pause, this.#isPaused ? "Go on" : "Pause");
    });
  }

  /**
   * @param {BoardEvent} event
   * @param {number} atMs by the daemon's clock
   */
  add(event, atMs) {
    if (event.event === "lost" || event.event === "broken") this.#badNews++;
    this.#fresh.push({ event, atMs });
    if (this.#fresh.length <= LINES_MAX) return;
    this.#fresh.shift();
    this.#skipped++;
  }

  /** Forgets what happened. */
  forget() {
    this.#fresh = [];
    this.#skipped = 0;
    this.#badNews = 0;
    this.#rows.replaceChildren();
    this.#empty.hidden = false;
  }

  /**
   * Shows what was added.
   *
   * @param {{ readonly prefix: string, readonly nowMs: number }} state
   */
  show({ prefix, nowMs }) {
    this.#announce(nowMs);
    if (this.#isPaused || this.#fresh.length === 0) return;
    const wanted = this.#fresh.filter(({ event: { name } }) => name.startsWith(prefix));
    const shown = wanted.slice(-BURST_MAX);
    const skipped = this.#skipped + wanted.length - shown.length;
    this.#fresh = [];
    this.#skipped = 0;
    const lines = shown.map(({ event, atMs }) => this.#line(event, atMs));
    if (skipped > 0) lines.unshift(element("li", { class: "hint" }, `${skipped} more, too fast to show`));
    this.#rows.prepend(...lines.reverse());
    while (this.#rows.childElementCount > LINES_MAX) this.#rows.lastElementChild?.remove();
    this.#empty.hidden = this.#rows.childElementCount > 0;
  }

  /** @param {number} nowMs */
  #announce(nowMs) {
    if (this.#badNews === 0 || nowMs - this.#announcedMs < ANNOUNCE_INTERVAL_MS) return;
    const count = this.#badNews;
    setText(
      this.#announcer,
      `${count === 1 ? "1 lock was" : `${count} locks were`} lost or broken at ${clockTime(nowMs)}`,
    );
    this.#badNews = 0;
    this.#announcedMs = nowMs;
  }

  /**
   * @param {BoardEvent} event
   * @param {number} atMs
   */
  #line({ event, name, party, reason }, atMs) {
    const open = element("button", { type: "button", class: "link mono", "aria-haspopup": "dialog" }, name);
    open.addEventListener("click", () => this.#onOpen(name));
    const because = reason === undefined ? null : element("bdi", { class: "hint" }, ` (${reason})`);
    return element(
      "li",
      { "data-event": event },
      element("time", { class: "num hint" }, clockTime(atMs)),
      element(
        "p",
        {},
        element("bdi", { class: "who" }, nameOf(party)),
        ` ${VERBS[event] ?? event} `,
        open,
        event === "released" ? null : ` in ${modeOf(party)}`,
        because,
      ),
    );
  }
}
