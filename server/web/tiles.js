/**
 * The four numbers of the top, each with a chart of the last five minutes.
 *
 * @module
 */
/** @import { Sample } from "./tally.js" */
import { element, part, setText } from "./element.js";
import { Sparkline } from "./sparkline.js";
import { SAMPLES_MAX } from "./tally.js";
import { counted, latency } from "./words.js";

/**
 * @typedef {object} TileForm
 * @property {string} label
 * @property {string} hint
 * @property {keyof Sample} field
 * @property {(value: number) => string} write
 */

/** @type {readonly TileForm[]} */
const FORMS = [
  { label: "Held", hint: "locks", field: "held", write: counted },
  { label: "Waiting", hint: "requests", field: "waiting", write: counted },
  {
    label: "Grants",
    hint: "per second",
    field: "grantsPerSecond",
    write: (value) => value < 10 ? String(value) : counted(Math.round(value)),
  },
  { label: "p99 wait", hint: "of grants in the last 10 s", field: "p99Ms", write: latency },
];

/** The numbers. */
export class Tiles {
  #tiles = FORMS.map((form) => new Tile(form));

  constructor() {
    part("tiles", HTMLElement).append(...this.#tiles.map((tile) => tile.element));
  }

  /**
   * @param {readonly Sample[]} samples
   * @param {Partial<Sample>} now what is known at this moment, in place of the last sample
   */
  show(samples, now) {
    for (const tile of this.#tiles) tile.show(samples, now);
  }
}

/** One number. */
class Tile {
  element;
  #form;
  #value = element("span", { class: "value num" });
  #range = element("span", { class: "hint num" });
  #chart = new Sparkline();

  /** @param {TileForm} form */
  constructor(form) {
    this.#form = form;
    this.element = element(
      "div",
      { class: "tile card", "data-field": form.field },
      element("h2", {}, form.label, " ", element("span", { class: "hint" }, form.hint)),
      element("p", { class: "line" }, this.#value, this.#range),
      this.#chart.element,
    );
  }

  /**
   * @param {readonly Sample[]} samples
   * @param {Partial<Sample>} now
   */
  show(samples, now) {
    const { field, write } = this.#form;
    const values = samples.map((sample) => sample[field]);
    const value = now[field] ?? values.at(-1) ?? null;
    setText(this.#value, value === null ? "–" : write(value));
    const known = values.filter((each) => each !== null);
    setText(this.#range, known.length < 2 ? "" : `most ${write(Math.max(...known, value ?? 0))}`);
    this.#chart.show(values, SAMPLES_MAX);
  }
}
