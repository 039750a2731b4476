/**
 * The picture of who waits for whom, as boxes and arrows in columns: whoever waits is to the left of the name
 * that it waits for, and the name to the left of whoever holds it. Pure.
 *
 * Columns: a box stands one to the right of the rightmost box that points to it; an arrow that closes a
 * circle does not count, and is marked. Rows: boxes of a column are sorted by the middle of what points to
 * them (the barycentre rule of Sugiyama, Tagawa and Toda, 1981), which keeps most arrows from crossing.
 *
 * @module
 */
/** @import { Party } from "../../client/protocol/parties.ts" */
/** @import { ExplainedName } from "../../client/protocol/watch_messages.ts" */
import { modeOf, nameOf, placeOf, plural } from "./words.js";

/** Names in one picture, and holders and waiters of one name: more would be no picture. */
export const GRAPH_NAMES_MAX = 12;
export const GRAPH_PARTIES_MAX = 4;

export const BOX = Object.freeze({ width: 164, height: 44, columnGap: 68, rowGap: 14, margin: 12 });

/**
 * @typedef {object} Box
 * @property {string} id
 * @property {"name" | "party" | "more"} kind
 * @property {string} title
 * @property {string} detail
 * @property {number} column
 * @property {number} x
 * @property {number} y
 */
/**
 * @typedef {object} Arrow
 * @property {string} from
 * @property {string} to
 * @property {string} label
 * @property {"waits" | "held"} kind
 * @property {boolean} closesCircle
 */
/**
 * @typedef {object} Picture
 * @property {readonly Box[]} boxes
 * @property {readonly Arrow[]} arrows
 * @property {number} width
 * @property {number} height
 * @property {number} circles
 */

/**
 * Draws what the daemon explained.
 *
 * @param {readonly ExplainedName[]} names
 * @returns {Picture}
 */
export function waitPicture(names) {
  const { boxes, arrows } = collect(names);
  const marked = markCircles(boxes, arrows);
  layOut(boxes, marked);
  const width = Math.max(0, ...boxes.map(({ x }) => x + BOX.width + BOX.margin));
  const circles = marked.filter(({ closesCircle }) => closesCircle).length;
  // Arrows that close a circle go around below.
  const room = BOX.margin + (circles > 0 ? 2 * BOX.rowGap : 0);
  const height = Math.max(0, ...boxes.map(({ y }) => y + BOX.height + room));
  return { boxes, arrows: marked, width, height, circles };
}

/** @param {readonly ExplainedName[]} names */
function collect(names) {
  /** @type {Map<string, Box>} */
  const boxes = new Map();
  /** @type {Map<string, Arrow>} */
  const arrows = new Map();
  const box = (/** @type {Omit<Box, "column" | "x" | "y">} */ made) => {
    if (!boxes.has(made.id)) boxes.set(made.id, { ...made, column: 0, x: 0, y: 0 });
    return made.id;
  };
  const arrow = (/** @type {Omit<Arrow, "closesCircle">} */ made) =>
    arrows.set(`${made.kind} ${made.from} ${made.to}`, { ...made, closesCircle: false });
  for (
    const { name, held, waiting, heldCount, waitingCount, outside, outsideHolder } of names.slice(
      0,
      GRAPH_NAMES_MAX,
    )
  ) {
    const at = box({
      id: `name ${name}`,
      kind: "name",
      title: name,
      detail: `${plural(heldCount, "holder")}, ${waitingCount} waiting`,
    });
    for (const party of held.slice(0, GRAPH_PARTIES_MAX)) {
      arrow({ from: at, to: box(partyBox(party)), label: modeOf(party), kind: "held" });
    }
    for (const party of waiting.slice(0, GRAPH_PARTIES_MAX)) {
      arrow({
        from: box(partyBox(party)),
        to: at,
        label: `${modeOf(party)} #${party.position}`,
        kind: "waits",
      });
    }
    const more = waitingCount - Math.min(waiting.length, GRAPH_PARTIES_MAX);
    if (more > 0) {
      const from = box({
        id: `more ${name}`,
        kind: "more",
        title: `${more} more`,
        detail: "wait behind them",
      });
      arrow({ from, to: at, label: "", kind: "waits" });
    }
    if (outside !== null) {
      const title = outsideHolder ? nameOf(outsideHolder) : "another process";
      const detail = outsideHolder ? placeOf(outsideHolder) : "outside this daemon";
      arrow({
        from: at,
        to: box({ id: `outside ${name}`, kind: "party", title, detail }),
        label: outside,
        kind: "held",
      });
    }
  }
  return { boxes: [...boxes.values()], arrows: [...arrows.values()] };
}

/**
 * One flow of control: the owner of a session, or all that it does without one.
 *
 * @param {Party} party
 * @returns {Omit<Box, "column" | "x" | "y">}
 */
function partyBox(party) {
  const { session, owner } = party;
  const detail = [owner === undefined ? "" : `owner ${owner}`, placeOf(party)].filter(Boolean).join(", ");
  return { id: `party ${session} ${owner ?? ""}`, kind: "party", title: nameOf(party), detail };
}

/**
 * Marks the arrows that lead back to where one came from.
 *
 * @param {readonly Box[]} boxes
 * @param {readonly Arrow[]} arrows
 * @returns {Arrow[]}
 */
function markCircles(boxes, arrows) {
  const from = Map.groupBy(arrows, (arrow) => arrow.from);
  /** @type {Set<Arrow>} */
  const closing = new Set();
  const done = new Set();
  const trail = new Set();
  const visit = (/** @type {string} */ id) => {
    if (done.has(id)) return;
    trail.add(id);
    for (const arrow of from.get(id) ?? []) {
      if (trail.has(arrow.to)) closing.add(arrow);
      else visit(arrow.to);
    }
    trail.delete(id);
    done.add(id);
  };
  // From those that nobody waits for, if there are any: then circles are told where one comes to them.
  const targets = new Set(arrows.map(({ to }) => to));
  for (const { id } of boxes) if (!targets.has(id)) visit(id);
  for (const { id } of boxes) visit(id);
  return arrows.map((arrow) => ({ ...arrow, closesCircle: closing.has(arrow) }));
}

/**
 * Gives every box its column and its place in it.
 *
 * @param {readonly Box[]} boxes
 * @param {readonly Arrow[]} arrows
 */
function layOut(boxes, arrows) {
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const forward = arrows.filter(({ closesCircle }) => !closesCircle);
  // Without circles the longest way has fewer arrows than there are boxes.
  for (let changed = true, round = 0; changed && round < boxes.length; round++) {
    changed = false;
    for (const { from, to } of forward) {
      const [left, right] = [byId.get(from), byId.get(to)];
      if (!left || !right || right.column > left.column) continue;
      right.column = left.column + 1;
      changed = true;
    }
  }
  const columns = Map.groupBy(boxes, ({ column }) => column);
  const tallest = Math.max(0, ...[...columns.values()].map(({ length }) => length));
  const fullHeight = tallest * (BOX.height + BOX.rowGap) - BOX.rowGap;
  const into = Map.groupBy(forward, ({ to }) => to);
  for (const column of [...columns.keys()].sort((a, b) => a - b)) {
    const inside = columns.get(column) ?? [];
    const middle = (/** @type {Box} */ { id, y }) => {
      const ys = (into.get(id) ?? []).map(({ from }) => byId.get(from)?.y ?? 0);
      return ys.length === 0 ? y : ys.reduce((sum, each) => sum + each, 0) / ys.length;
    };
    const sorted = inside.toSorted((a, b) => middle(a) - middle(b));
    const height = sorted.length * (BOX.height + BOX.rowGap) - BOX.rowGap;
    const top = BOX.margin + (fullHeight - height) / 2;
    for (const [row, box] of sorted.entries()) {
      box.x = BOX.margin + column * (BOX.width + BOX.columnGap);
      box.y = top + row * (BOX.height + BOX.rowGap);
    }
  }
}
