/**
 * All about one name: who holds it, who waits, and a way to break a lock.
 *
 * @module
 */
/** @import { WhoAnswer } from "../../client/protocol/messages.ts" */
/** @import { Party } from "../../client/protocol/parties.ts" */
/** @import { Api } from "./api.js" */
import { ApiError } from "./api.js";
import { element, part, setText } from "./element.js";
import { clockTime, duration, labelsOf, MODE_MEANINGS, modeOf, nameOf, placeOf, plural } from "./words.js";

/** Holders, and waiters, that are shown. */
const PARTIES_MAX = 100;

/**
 * @typedef {{ readonly name: string, readonly token: number, readonly holders: readonly Party[] }} Breakable
 *   Locks of a name that share a token.
 */

/** The panel, a dialog. */
export class NamePanel {
  #api;
  #onBreak;
  #dialog = part("name-dialog", HTMLDialogElement);
  #title = part("name-title", HTMLElement);
  #body = part("name-body", HTMLElement);
  #outcome = part("name-outcome", HTMLElement);
  #name = "";
  #shown = "";

  /** @param {{ readonly api: Api, readonly onBreak: (breakable: Breakable) => void }} options */
  constructor({ api, onBreak }) {
    this.#api = api;
    this.#onBreak = onBreak;
    closable(this.#dialog);
    this.#dialog.addEventListener("close", () => {
      // The lock that it was opened from may be gone; then the focus would be nowhere.
      if (document.activeElement === document.body) part("locks", HTMLElement).focus();
    });
  }

  /** @param {string} name */
  open(name) {
    this.#name = name;
    this.#shown = "";
    this.#outcome.hidden = true;
    setText(this.#title, name);
    this.#body.replaceChildren(element("p", { class: "empty" }, "Loading…"));
    if (!this.#dialog.open) this.#dialog.showModal();
    this.look();
  }

  /** Shows nothing any more. */
  close() {
    this.#name = "";
    this.#body.replaceChildren();
    this.#dialog.close();
  }

  /**
   * Says what came of a break, if it is open: what stands behind a dialog is not read out.
   *
   * @param {string} words
   */
  tell(words) {
    this.#outcome.hidden = false;
    setText(this.#outcome, words);
  }

  /** Asks anew, while it is open. */
  async look() {
    const name = this.#name;
    if (!this.#dialog.open) return;
    try {
      const state = await this.#api.who(name);
      if (name === this.#name) this.#show(state);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#shown = "";
      this.#body.replaceChildren(element("p", { class: "error", role: "alert" }, error.message));
    }
  }

  /** @param {WhoAnswer} state */
  #show(state) {
    const now = this.#api.clock.at(Date.now());
    const text = JSON.stringify(state);
    if (text !== this.#shown) {
      this.#shown = text;
      // The focus may be in what is replaced: it goes to the same button of the same lock.
      const focused = document.activeElement?.getAttribute("data-token");
      this.#body.replaceChildren(...this.#sections(state));
      if (focused) {
        /** @type {HTMLElement | null} */ (this.#body.querySelector(`[data-token="${Number(focused)}"]`))
          ?.focus();
      }
    }
    for (const time of this.#body.querySelectorAll("time")) {
      const [since, until] = [Number(time.dataset["since"]), Number(time.dataset["until"])];
      setText(time, time.dataset["until"] === undefined ? duration(now - since) : duration(until - now));
    }
  }

  /** @param {WhoAnswer} state */
  #sections({ name, held, waiting, heldCount, waitingCount, outside, outsideHolder }) {
    const byToken = Map.groupBy(held, ({ token = 0 }) => token);
    const cards = [...byToken].map(([token, holders]) => this.#heldCard({ name, token, holders }));
    const other = outsideHolder
      ? [nameOf(outsideHolder), placeOf(outsideHolder)].filter(Boolean).join(", ")
      : "another process";
    const holders = heldCount === 0 && outside === null
      ? [element("p", { class: "empty" }, "Nobody holds it.")]
      : cards;
    if (outside !== null) {
      holders.push(
        element(
          "p",
          { class: "note" },
          "Held outside this daemon in ",
          element("b", {}, outside),
          " by ",
          element("bdi", {}, other),
          ".",
        ),
      );
    }
    return [
      element("h3", {}, heldCount > held.length ? `Held: the first ${held.length} of ${heldCount}` : "Held"),
      ...holders,
      element(
        "h3",
        {},
        waitingCount === 0 ? "Waiting" : `Waiting: ${plural(waitingCount, "request")}, in their order`,
      ),
      waiting.length === 0 ? element("p", { class: "empty" }, "Nobody waits.") : element(
        "ol",
        { class: "queue" },
        ...waiting.slice(0, PARTIES_MAX).map((party) => element("li", {}, ...facts(party))),
      ),
    ];
  }

  /** @param {Breakable} breakable */
  #heldCard({ name, token, holders }) {
    const button = element("button", { type: "button", class: "danger", "data-token": token }, "Break…");
    button.addEventListener("click", () => this.#onBreak({ name, token, holders }));
    return element(
      "article",
      { class: "lock" },
      element("p", { class: "line" }, element("span", { class: "num" }, `Token ${token}`), button),
      ...holders.slice(0, PARTIES_MAX).flatMap(facts),
      holders.length > PARTIES_MAX
        ? element("p", { class: "hint" }, `and ${holders.length - PARTIES_MAX} more`)
        : null,
    );
  }
}

/**
 * What is known of a party, as a list of terms; `time` elements are filled by whoever shows it.
 *
 * @param {Party} party
 */
export function facts(party) {
  const { mode, since, expires, owner, reason, session, request } = party;
  /** @type {[string, HTMLElement | string][]} */
  const terms = [
    ["Mode", element("span", { title: MODE_MEANINGS[mode] }, modeOf(party))],
    ["Since", element("span", {}, `${clockTime(since)}, for `, element("time", { "data-since": since }))],
  ];
  if (expires !== undefined) terms.push(["Ends in", element("time", { "data-until": expires })]);
  if (reason !== undefined) terms.push(["Reason", reason]);
  if (owner !== undefined) terms.push(["Owner", owner]);
  if (party.labels) terms.push(["Labels", labelsOf(party)]);
  terms.push(["Session", `${session}, request ${request}`]);
  return [
    element(
      "p",
      { class: "line" },
      element("bdi", { class: "who" }, nameOf(party)),
      element("bdi", { class: "where" }, placeOf(party)),
    ),
    element(
      "dl",
      {},
      ...terms.flatMap((
        [term, value],
      ) => [element("dt", {}, term), element("dd", {}, element("bdi", {}, value))]),
    ),
  ];
}

/**
 * A dialog that its close buttons close; Escape does so by itself.
 *
 * @param {HTMLDialogElement} dialog
 */
export function closable(dialog) {
  for (const button of dialog.querySelectorAll("[data-close]")) {
    button.addEventListener("click", () => dialog.close());
  }
}
