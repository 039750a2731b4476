/**
 * Breaking a lock, guarded: the name has to be typed and a reason given, and the token that was shown goes
 * with it, so that a lock that moved on meanwhile is not hit.
 *
 * @module
 */
/** @import { Api } from "./api.js" */
/** @import { Breakable } from "./name_panel.js" */
import { ApiError } from "./api.js";
import { element, part, setText } from "./element.js";
import { closable } from "./name_panel.js";
import { nameOf, placeOf, plural } from "./words.js";

/** Holders that are named. */
const HOLDERS_MAX = 5;

/** The dialog. */
export class BreakDialog {
  #api;
  #onDone;
  #dialog = part("break-dialog", HTMLDialogElement);
  #what = part("break-what", HTMLElement);
  #name = part("break-name", HTMLInputElement);
  #reason = part("break-reason", HTMLInputElement);
  #error = part("break-error", HTMLElement);
  #submit = part("break-submit", HTMLButtonElement);
  /** @type {Breakable | undefined} */
  #breakable;

  /** @param {{ readonly api: Api, readonly onDone: (words: string) => void }} options */
  constructor({ api, onDone }) {
    this.#api = api;
    this.#onDone = onDone;
    closable(this.#dialog);
    part("break-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.#confirm();
    });
  }

  /** @param {Breakable} breakable */
  open(breakable) {
    const { name, token, holders } = breakable;
    this.#breakable = breakable;
    this.#name.value = "";
    this.#reason.value = "";
    this.#fail("");
    const who = holders.slice(0, HOLDERS_MAX).map((party) =>
      element(
        "li",
        {},
        element("bdi", { class: "who" }, nameOf(party)),
        " ",
        element("bdi", { class: "where" }, placeOf(party)),
      )
    );
    this.#what.replaceChildren(
      element(
        "p",
        {},
        element("span", { class: "mono strong" }, name),
        element("span", { class: "hint num" }, ` token ${token}`),
      ),
      element("ul", { class: "plain" }, ...who),
      holders.length > HOLDERS_MAX
        ? element("p", { class: "hint" }, `and ${holders.length - HOLDERS_MAX} more`)
        : "",
    );
    this.#dialog.showModal();
    this.#name.focus();
  }

  async #confirm() {
    const breakable = this.#breakable;
    if (!breakable || this.#submit.disabled) return;
    const { name, token } = breakable;
    const reason = this.#reason.value.trim();
    if (this.#name.value !== name) return this.#fail("That is not the name of the lock", this.#name);
    if (reason === "") return this.#fail("Say why, for whoever loses the lock", this.#reason);
    this.#submit.disabled = true;
    try {
      const { broken } = await this.#api.breakLock({ name, token, reason });
      const holders = broken.map((party) => nameOf(party)).slice(0, HOLDERS_MAX).join(", ");
      this.#dialog.close();
      this.#onDone(`Broke ${plural(broken.length, "lock")} of ${name}, held by ${holders}`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#fail(failureWords(error));
    } finally {
      this.#submit.disabled = false;
    }
  }

  /**
   * @param {string} words
   * @param {HTMLInputElement} [field] the one that is wrong
   */
  #fail(words, field) {
    setText(this.#error, words);
    for (const each of [this.#name, this.#reason]) each.setAttribute("aria-invalid", String(each === field));
    field?.focus();
  }
}

/** @param {ApiError} error */
function failureWords({ code, message }) {
  if (code === "STALE_TOKEN") {
    return "Nothing was broken: the lock has another holder by now. Close this and look again.";
  }
  if (code === "NOT_HELD") return "Nothing was broken: nobody holds the lock any more.";
  return `Nothing is known to be broken. ${message}.`;
}
