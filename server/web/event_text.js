/**
 * Reads the text of a stream of events, however it is cut into pieces. (`EventSource` cannot send a token, so
 * the page reads the stream itself.) Pure.
 *
 * Source: WHATWG HTML section 9.2.5 (Parsing an event stream) and 9.2.6 (Interpreting an event stream).
 *
 * @module
 */

/** @typedef {{ readonly type: string, readonly data: string }} StreamEvent */

/** What a stream has said, without what was said in the middle of a line. */
export class EventText {
  /** The id of the last event, to go on from. @type {string | undefined} */
  lastId;
  #rest = "";
  #type = "";
  /** @type {string[]} */
  #data = [];

  /**
   * Takes the next piece, and gives the events that are complete with it.
   *
   * @param {string} piece
   * @returns {StreamEvent[]}
   */
  read(piece) {
    const lines = (this.#rest + piece).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#readLine(line.endsWith("\r") ? line.slice(0, -1) : line));
  }

  /**
   * @param {string} line
   * @returns {StreamEvent[]}
   */
  #readLine(line) {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#type = value;
    if (field === "data") this.#data.push(value);
    if (field === "id") this.lastId = value;
    return [];
  }

  /** @returns {StreamEvent[]} */
  #dispatch() {
    const type = this.#type === "" ? "message" : this.#type;
    const data = this.#data.join("\n");
    this.#type = "";
    this.#data = [];
    return data === "" ? [] : [{ type, data }];
  }
}
