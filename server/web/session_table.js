/**
 * The table of sessions, a page at a time, for those who may see it.
 *
 * @module
 */
/** @import { SessionState } from "../../client/protocol/session_messages.ts" */
/** @import { Api } from "./api.js" */
import { ApiError } from "./api.js";
import { arrange, element, part, setText } from "./element.js";
import { cell } from "./lock_table.js";
import { Pager, ROWS_MAX } from "./pager.js";
import { counted, duration, nameOf, placeOf } from "./words.js";

/** The table. */
export class SessionTable {
  #api;
  /** The ids before each page up to the one that is shown. */
  #afters = [""];
  /** @type {readonly SessionState[]} */
  #sessions = [];
  /** @type {string | null} */
  #next = null;
  /**
   * Why there is nothing to see; a daemon that refuses is not asked again, each time would be noted in its
   * audit log.
   */
  #refusal = "";
  /** @type {Map<string, SessionRow>} */
  #rows = new Map();
  #table = part("session-table", HTMLElement);
  #body = part("session-rows", HTMLElement);
  #count = part("sessions-count", HTMLElement);
  #empty = part("sessions-empty", HTMLElement);
  #pager;

  /** @param {{ readonly api: Api, readonly onTurn: () => void }} options */
  constructor({ api, onTurn }) {
    this.#api = api;
    this.#pager = new Pager(part("session-pager", HTMLElement), {
      onTurn: (direction) => {
        if (direction === -1 && this.#afters.length > 1) this.#afters.pop();
        if (direction === 1 && this.#next !== null) this.#afters.push(this.#next);
        onTurn();
      },
    });
  }

  /** Asks anew, as somebody else. */
  forget() {
    this.#refusal = "";
    this.#afters = [""];
    this.#sessions = [];
    this.#next = null;
  }

  /** Asks for the page that is shown. Other failures than a refusal are told by whoever follows the locks. */
  async look() {
    if (this.#refusal !== "") return;
    try {
      const { sessions, next } = await this.#api.sessions({
        after: this.#afters.at(-1) ?? "",
        limit: ROWS_MAX,
      });
      this.#sessions = sessions;
      this.#next = next;
      if (sessions.length === 0 && this.#afters.length > 1) this.#afters.pop();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.isRefusal) this.#refusal = error.message;
    }
  }

  /**
   * @param {{ readonly now: number, readonly total: number | undefined }} state
   */
  show({ now, total }) {
    const page = this.#afters.length;
    this.#table.hidden = this.#refusal !== "" || this.#sessions.length === 0;
    this.#empty.hidden = !this.#table.hidden;
    setText(this.#empty, this.#refusal === "" ? "No session is open." : `Not shown. ${this.#refusal}.`);
    setText(this.#count, this.#refusal !== "" || total === undefined ? "" : counted(total));
    /** @type {Map<string, SessionRow>} */
    const rows = new Map();
    for (const session of this.#refusal === "" ? this.#sessions : []) {
      const row = this.#rows.get(session.session) ?? new SessionRow(session);
      row.show(session, now);
      rows.set(session.session, row);
    }
    this.#rows = rows;
    arrange(this.#body, [...rows.values()].map((row) => row.element));
    this.#pager.show({ words: `Page ${page}`, hasBack: page > 1, hasNext: this.#next !== null });
  }
}

/** One row. */
class SessionRow {
  element;
  #state = element("span", { class: "tag" });
  #age = element("span", { class: "num" });
  #locks = element("span", { class: "num" });
  #waits = element("span", { class: "num" });
  #transport = element("span");

  /** @param {SessionState} session */
  constructor(session) {
    this.element = element(
      "tr",
      { role: "row" },
      element("th", { role: "rowheader", scope: "row" }, element("bdi", { class: "who" }, nameOf(session))),
      cell("Where", element("bdi", { class: "where" }, placeOf(session))),
      cell("Over", this.#transport),
      cell("State", this.#state),
      cell("Here for", this.#age),
      cell("Locks", this.#locks),
      cell("Waits", this.#waits),
      cell("Session", element("span", { class: "mono hint" }, session.session)),
    );
  }

  /**
   * @param {SessionState} session
   * @param {number} now
   */
  show({ state, transport, since, grace, expires, locks, waits }, now) {
    setText(this.#transport, transport);
    this.#state.dataset["state"] = state;
    const ends = expires === undefined ? "" : `, ends in ${duration(expires - now)}`;
    const outlives = grace === undefined || expires !== undefined ? "" : `, grace ${duration(grace)}`;
    setText(this.#state, `${state}${ends}${outlives}`);
    setText(this.#age, duration(now - since));
    setText(this.#locks, counted(locks));
    setText(this.#waits, counted(waits));
  }
}
