/**
 * Elements of the page. Whatever was said by a client (names, reasons, labels) becomes text or the value of a
 * harmless attribute, never markup: there is no other way to make an element here, and the page's policy
 * (`require-trusted-types-for`) allows none.
 *
 * @module
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @typedef {Node | string | null | undefined} Child What may stand in an element; nothing stands for null and
 *   undefined.
 */
/**
 * @typedef {Readonly<Record<string, string | number | boolean | undefined>>} Attributes False and undefined
 *   are left out, true is an empty value.
 */

/**
 * Makes an element of HTML.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/**
 * Makes an element of SVG.
 *
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[T]}
 */
export function drawing(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/**
 * The element of the page that has that id. It is there: `page.html` has it.
 *
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function part(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`Cannot find #${id}: the page has no such ${kind.name}`);
  return found;
}

/**
 * Sets the text of a node if it is another one: what did not change is not read out again, and a selection in
 * it stays.
 *
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Puts those children into a parent, in that order, and moves only what has to be moved: the focus stays
 * where it is. When what had it goes, it is at the part of the page that the parent is in, and not at the
 * beginning of the page.
 *
 * @param {Element} parent
 * @param {readonly Element[]} children
 */
export function arrange(parent, children) {
  const wanted = new Set(children);
  const hasFocus = parent.contains(document.activeElement);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  for (const [index, child] of children.entries()) {
    const there = parent.children[index];
    if (there !== child) parent.insertBefore(child, there ?? null);
  }
  if (!hasFocus || parent.contains(document.activeElement)) return;
  const section = parent.closest("section");
  section?.focus({ preventScroll: true });
}

/**
 * @template {Element} T
 * @param {T} made
 * @param {Attributes} attributes
 * @param {readonly Child[]} children
 * @returns {T}
 */
function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}
