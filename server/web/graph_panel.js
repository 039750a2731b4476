/**
 * The panel with the picture of who waits for whom. Asks the daemon to explain the names that are waited for
 * longest.
 *
 * @module
 */
/** @import { ExplainedName } from "../../client/protocol/watch_messages.ts" */
/** @import { Api } from "./api.js" */
/** @import { Board } from "./board.js" */
import { ApiError } from "./api.js";
import { part, setText } from "./element.js";
import { drawPicture, sentenceList, sentences } from "./wait_drawing.js";
import { GRAPH_NAMES_MAX, waitPicture } from "./wait_graph.js";
import { plural } from "./words.js";

/** Names that are asked about in one look: each answer has the names behind it, too. */
const QUESTIONS_MAX = 6;
/** Waits that are looked through for names to ask about. */
const WAITS_MAX = 200;

/** The panel. */
export class GraphPanel {
  #api;
  #board;
  /** @type {readonly ExplainedName[]} */
  #names = [];
  /** What is drawn; the same is not drawn again. */
  #drawn = "";
  #count = part("graph-count", HTMLElement);
  #picture = part("graph-picture", HTMLElement);
  #words = part("graph-words", HTMLElement);
  #sentences = part("graph-sentences", HTMLElement);
  #empty = part("graph-empty", HTMLElement);

  /** @param {{ readonly api: Api, readonly board: Board }} options */
  constructor({ api, board }) {
    this.#api = api;
    this.#board = board;
  }

  /**
   * Asks anew. What fails here fails for the locks as well, and is told there.
   *
   * @param {string} prefix
   */
  async look(prefix) {
    const wanted = [...new Set(this.#board.oldestWaits(WAITS_MAX, prefix).waits.map(({ name }) => name))];
    /** @type {Map<string, ExplainedName>} */
    const known = new Map();
    let questions = 0;
    for (const name of wanted) {
      if (known.has(name) || known.size >= GRAPH_NAMES_MAX || questions === QUESTIONS_MAX) continue;
      questions++;
      try {
        const { names } = await this.#api.explain(name);
        for (const each of names) if (!known.has(each.name)) known.set(each.name, each);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
      }
    }
    const isWaitedFor = (/** @type {ExplainedName} */ { waiting }) => waiting.length > 0;
    this.#names = [...known.values()].filter(isWaitedFor).slice(0, GRAPH_NAMES_MAX);
    this.#draw(wanted.length);
  }

  /** Forgets what it shows. */
  forget() {
    this.#names = [];
    this.#draw(0);
  }

  /** @param {number} nameCount how many names are waited for */
  #draw(nameCount) {
    const text = JSON.stringify([this.#names, nameCount]);
    if (text === this.#drawn) return;
    this.#drawn = text;
    const isEmpty = this.#names.length === 0;
    const picture = waitPicture(this.#names);
    this.#picture.replaceChildren(...(isEmpty ? [] : [drawPicture(picture)]));
    this.#sentences.replaceChildren(sentenceList(sentences(this.#names)));
    const circle = picture.circles > 0 ? plural(picture.circles, "circle") : "";
    const shown = this.#names.length < nameCount
      ? `the ${this.#names.length} oldest of ${nameCount} names`
      : "";
    setText(this.#count, [shown, circle].filter(Boolean).join(", "));
    this.#picture.hidden = isEmpty;
    this.#words.hidden = isEmpty;
    this.#empty.hidden = !isEmpty;
  }
}
