/**
 * Draws the picture of who waits for whom as SVG, and says the same in sentences for those who do not see it.
 *
 * @module
 */
/** @import { ExplainedName } from "../../client/protocol/watch_messages.ts" */
/** @import { Arrow, Box, Picture } from "./wait_graph.js" */
import { drawing, element } from "./element.js";
import { BOX } from "./wait_graph.js";
import { modeOf, nameOf } from "./words.js";

/** A picture that is too wide is made smaller, but not below this share of its size: then it scrolls. */
const SMALLEST_SHARE = 0.75;
/** Characters that fit into a box, of its title and of its detail. */
const TITLE_LENGTH = 21;
const DETAIL_LENGTH = 23;

/**
 * @param {Picture} picture
 * @returns {SVGSVGElement}
 */
export function drawPicture({ boxes, arrows, width, height }) {
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const svg = drawing(
    "svg",
    {
      class: "picture",
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      "aria-hidden": "true",
      focusable: "false",
    },
    drawing("defs", {}, head("head-waits"), head("head-held"), head("head-circle")),
    ...arrows.map((arrow) => drawArrow(arrow, byId)),
    ...boxes.map(drawBox),
  );
  svg.style.minInlineSize = `${SMALLEST_SHARE * width}px`;
  return svg;
}

/**
 * The sentences: `billing-1 waits for invoice/42 in EX (1st), held in PR by report-7.`
 *
 * @param {readonly ExplainedName[]} names
 * @returns {string[]}
 */
export function sentences(names) {
  return names.flatMap(({ name, held, waiting, waitingCount, outside }) => {
    const holders = held.map((party) => `${nameOf(party)} in ${modeOf(party)}`);
    if (outside !== null) holders.push(`another process in ${outside}`);
    const heldBy = holders.length === 0 ? "held by nobody" : `held by ${holders.join(", ")}`;
    const said = waiting.map((party) =>
      `${nameOf(party)} waits for ${name} in ${modeOf(party)}, place ${party.position}: ${heldBy}.`
    );
    const more = waitingCount - waiting.length;
    return more > 0 ? [...said, `${more} more wait for ${name}.`] : said;
  });
}

/** @param {Box} box */
function drawBox({ kind, title, detail, x, y }) {
  return drawing(
    "g",
    { class: `box ${kind}`, transform: `translate(${x} ${y})` },
    drawing("title", {}, detail === "" ? title : `${title} (${detail})`),
    drawing("rect", { width: BOX.width, height: BOX.height, rx: kind === "name" ? 4 : 12 }),
    drawing("text", { class: "title", x: 12, y: detail === "" ? 27 : 19 }, shorten(title, TITLE_LENGTH)),
    drawing("text", { class: "detail", x: 12, y: 34 }, shorten(detail, DETAIL_LENGTH)),
  );
}

/**
 * @param {Arrow} arrow
 * @param {ReadonlyMap<string, Box>} byId
 */
function drawArrow({ from, to, label, kind, closesCircle }, byId) {
  const [start, end] = [byId.get(from), byId.get(to)];
  if (!start || !end) return null;
  const type = closesCircle ? "circle" : kind;
  const [startY, endY] = [start.y + BOX.height / 2, end.y + BOX.height / 2];
  const isForward = end.x > start.x;
  // An arrow back leaves and enters where boxes are open, and goes around below.
  const [startX, endX] = isForward
    ? [start.x + BOX.width, end.x]
    : [start.x + BOX.width / 2, end.x + BOX.width / 2];
  const bend = BOX.columnGap / 2;
  const below = Math.max(start.y, end.y) + BOX.height + 2 * BOX.rowGap;
  const path = isForward
    ? `M${startX} ${startY}C${startX + bend} ${startY} ${endX - bend} ${endY} ${endX - 2} ${endY}`
    : `M${startX} ${start.y + BOX.height}C${startX} ${below} ${endX} ${below} ${endX} ${
      end.y + BOX.height + 2
    }`;
  const [labelX, labelY] = isForward
    ? [(startX + endX) / 2, (startY + endY) / 2 - 4]
    : [(startX + endX) / 2, below - 8];
  return drawing(
    "g",
    { class: `arrow ${type}` },
    drawing("path", { d: path, "marker-end": `url(#head-${type})` }),
    drawing("text", { x: labelX, y: labelY, "text-anchor": "middle" }, label),
  );
}

/** @param {string} id */
function head(id) {
  return drawing(
    "marker",
    { id, class: id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto" },
    drawing("path", { d: "M0 0L8 4L0 8Z" }),
  );
}

/**
 * @param {string} text
 * @param {number} length
 */
function shorten(text, length) {
  // By code points, so that none is cut in halves.
  const points = [...text];
  return points.length <= length ? text : `${points.slice(0, length - 1).join("")}…`;
}

/**
 * The sentences as a list.
 *
 * @param {readonly string[]} said
 */
export function sentenceList(said) {
  return element(
    "ul",
    { class: "sentences" },
    ...said.map((each) => element("li", {}, element("bdi", {}, each))),
  );
}
