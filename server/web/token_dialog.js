/**
 * Where a token is pasted. It is kept in memory, or, if that is wished, until the tab is closed; never
 * longer, and never in a URL.
 *
 * @module
 */
import { part, setText } from "./element.js";
import { closable } from "./name_panel.js";

const KEY = "distrilock token";
/** What a token looks like: what a header can carry. */
const FORM = /^[\x21-\x7e]{1,512}$/;

/** The dialog. */
export class TokenDialog {
  #onToken;
  #dialog = part("token-dialog", HTMLDialogElement);
  #why = part("token-why", HTMLElement);
  #text = part("token-text", HTMLInputElement);
  #keep = part("token-keep", HTMLInputElement);
  #error = part("token-error", HTMLElement);

  /** @param {{ readonly onToken: (token: string | undefined) => void }} options */
  constructor({ onToken }) {
    this.#onToken = onToken;
    closable(this.#dialog);
    part("token-open", HTMLElement).addEventListener("click", () => this.open(""));
    part("token-forget", HTMLElement).addEventListener("click", () => this.#take(undefined));
    part("token-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      const token = this.#text.value.trim();
      if (FORM.test(token)) return this.#take(token);
      setText(this.#error, "That is no token: want 1 to 512 ASCII characters without a space");
      this.#text.focus();
    });
  }

  /** The token that the tab has kept, if there is one. */
  get kept() {
    return storage()?.getItem(KEY) ?? undefined;
  }

  /**
   * @param {string} why what the daemon said; empty when nobody was refused
   */
  open(why) {
    if (why !== "") setText(this.#why, why);
    setText(this.#error, "");
    this.#text.value = "";
    this.#keep.checked = this.kept !== undefined;
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#text.focus();
  }

  /** @param {string | undefined} token */
  #take(token) {
    storage()?.removeItem(KEY);
    if (token !== undefined && this.#keep.checked) storage()?.setItem(KEY, token);
    this.#text.value = "";
    this.#dialog.close();
    this.#onToken(token);
  }
}

/** The storage of the tab; undefined where the browser has none for this page. */
function storage() {
  try {
    return globalThis.sessionStorage;
  } catch (error) {
    if (error instanceof DOMException) return undefined;
    throw error;
  }
}
