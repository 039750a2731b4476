/**
 * Small charts of the last minutes, in SVG. Numbers and words beside them say the same.
 *
 * @module
 */
import { drawing } from "./element.js";

const WIDTH = 150;
const HEIGHT = 36;
/** Keeps the line, which is wider than its points, inside. */
const MARGIN = 2;

/** One chart. */
export class Sparkline {
  /** The drawing. */
  element;
  #area = drawing("path", { class: "area" });
  #line = drawing("path", { class: "line" });

  constructor() {
    this.element = drawing(
      "svg",
      {
        class: "sparkline",
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        preserveAspectRatio: "none",
        "aria-hidden": "true",
      },
      this.#area,
      this.#line,
    );
  }

  /**
   * Shows values, the newest at the right; a null is a gap.
   *
   * @param {readonly (number | null)[]} values
   * @param {number} samplesMax how many fill the width
   */
  show(values, samplesMax) {
    const { area, line } = sparkPaths(values, samplesMax);
    this.#area.setAttribute("d", area);
    this.#line.setAttribute("d", line);
  }
}

/**
 * The paths of a line, and of what is under it.
 *
 * @param {readonly (number | null)[]} values
 * @param {number} samplesMax
 */
export function sparkPaths(values, samplesMax) {
  const most = Math.max(1, ...values.map((value) => value ?? 0));
  const step = WIDTH / (samplesMax - 1);
  const left = WIDTH - step * (values.length - 1);
  const area = [];
  const line = [];
  for (const run of runsOf(values)) {
    const points = run.values.map((value, index) => {
      const x = left + step * (run.start + index);
      return `${round(x)} ${round(HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * value / most)}`;
    });
    const [startX, endX] = [
      round(left + step * run.start),
      round(left + step * (run.start + points.length - 1)),
    ];
    line.push(`M${points.join("L")}${points.length === 1 ? "h0.1" : ""}`);
    area.push(`M${startX} ${HEIGHT}L${points.join("L")}L${endX} ${HEIGHT}Z`);
  }
  return { area: area.join(""), line: line.join("") };
}

/**
 * The runs of values without a gap.
 *
 * @param {readonly (number | null)[]} values
 */
function runsOf(values) {
  /** @type {{ start: number, values: number[] }[]} */
  const runs = [];
  let isOpen = false;
  for (const [index, value] of values.entries()) {
    if (value !== null && !isOpen) runs.push({ start: index, values: [] });
    if (value !== null) runs.at(-1)?.values.push(value);
    isOpen = value !== null;
  }
  return runs;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
