/**
 * Keeps the board true: opens the stream of events, loads the lists, and does both anew whenever something
 * may be missing.
 *
 * ```text
 *   CONNECTING ──▶ LIVE ◀──▶ STALE        [#follow: the stream opened and the lists are here; it ended, or an answer did not come]
 *        └──────────┴──▶ REFUSED          [the daemon wants a token, or another one; start() begins anew]
 *                   └──▶ PAUSED           [stop: nobody looks at the page; start() goes on]
 * ```
 *
 * A list and the stream come on two connections, so an event may overtake a list that is older. Whatever was
 * told while a list was on its way is carried out on it once more: an event does no harm twice, and after the
 * last one the name is as it says.
 *
 * @module
 */
/** @import { NameState } from "../../client/protocol/parties.ts" */
/** @import { Api } from "./api.js" */
/** @import { Board, BoardEvent, NameQuery } from "./board.js" */
/** @import { Tally } from "./tally.js" */
import { ApiError } from "./api.js";
import { pause, readEvents } from "./event_reading.js";

/** Names that the page loads at most: it is for looking, and a search shows the others. */
export const NAMES_MAX = 20_000;
const PAGE_SIZE = 1_000;
/** However many events get lost, lists are not loaded more often than this, in milliseconds. */
const RELOAD_INTERVAL_MS = 3_000;
const RETRY_MS_LEAST = 500;
const RETRY_MS_MOST = 8_000;
/** Names that are asked for one by one in one look. */
const DOUBTFUL_MAX = 10;
const STREAM_ENDED = "The daemon ended the stream of events";
const FAREWELLS = { draining: "The daemon leaves service", closing: "An administrator ended the stream" };

/** @typedef {"connecting" | "live" | "stale" | "refused" | "paused"} Phase */
/**
 * @typedef {object} FollowerOptions
 * @property {Api} api
 * @property {Board} board
 * @property {Tally} tally
 * @property {() => void} onChange Called whenever there is something else to show.
 * @property {(event: BoardEvent) => void} onEvent
 */

/** Follows one daemon. */
export class Follower {
  /** @type {Phase} */
  phase = "connecting";
  /** Why it is not live, for people. */
  why = "";
  /** When the daemon was last heard of, in milliseconds since 1970 by the browser's clock. */
  heardMs = Date.now();
  /** Whether there are more names than the page loads. */
  isTruncated = false;
  /** Names of the board begin so. */
  prefix = "";
  #options;
  #abort = new AbortController();
  /** @type {string | undefined} */
  #lastId;
  #isStreaming = false;
  #isLoaded = false;
  /** Events since each list that is on its way was asked for. @type {Set<BoardEvent[]>} */
  #records = new Set();
  /** @type {Promise<void> | undefined} */
  #loading;
  #isLoadWanted = false;
  #farewell = STREAM_ENDED;

  /** @param {FollowerOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /**
   * Begins, or goes on; another prefix begins anew.
   *
   * @param {string} prefix
   */
  start(prefix = this.prefix) {
    this.stop();
    if (prefix !== this.prefix) this.#forget();
    this.prefix = prefix;
    this.#abort = new AbortController();
    this.#become(this.#isLoaded ? "stale" : "connecting");
    this.#follow(this.#abort.signal);
  }

  /** Begins anew, as somebody else. */
  restart() {
    this.#forget();
    this.start();
  }

  /** Lets go of the connection; what is known stays. */
  stop() {
    this.#abort.abort();
    this.#isStreaming = false;
    this.#options.tally.gap();
    this.#become("paused");
  }

  /**
   * Asks once more for some names that are looked at, and for those that events left in doubt: a renewal is
   * no event, and an answer is a sign of life.
   *
   * @param {NameQuery} window
   */
  async look(window) {
    if (!this.#isLoaded || this.phase === "refused" || this.phase === "paused") return;
    const { board } = this.#options;
    try {
      await this.#list(window);
      for (let count = 0; count < DOUBTFUL_MAX; count++) {
        const name = board.takeDoubtful();
        if (name === undefined) break;
        await this.#ask(name);
      }
      this.#heard();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @param {string} name */
  async #ask(name) {
    const { api, board } = this.#options;
    try {
      await this.#snapshot(() => api.who(name), (state, now) => board.put(state, now));
    } catch (error) {
      // The right to read that name was taken away.
      if (error instanceof ApiError && error.status === 403) return board.drop(name);
      board.doubt(name);
      throw error;
    }
  }

  #forget() {
    this.#lastId = undefined;
    this.#isLoaded = false;
    this.isTruncated = false;
    this.#options.board.clear();
  }

  /** @param {AbortSignal} signal */
  async #follow(signal) {
    for (let retryMs = RETRY_MS_LEAST; !signal.aborted; retryMs = Math.min(2 * retryMs, RETRY_MS_MOST)) {
      try {
        const stream = await this.#options.api.events({ prefix: this.prefix, lastId: this.#lastId, signal });
        this.#isStreaming = true;
        this.#farewell = STREAM_ENDED;
        if (this.#lastId === undefined || this.#isLoadWanted) this.#reload();
        else this.#heard();
        retryMs = RETRY_MS_LEAST;
        await this.#read(stream, signal);
        throw new ApiError(this.#farewell, { status: 0 });
      } catch (error) {
        if (signal.aborted) return;
        this.#isStreaming = false;
        this.#options.tally.gap();
        this.#failed(error);
        if (this.phase === "refused") return;
      }
      // Pages that lost the same daemon do not all come back at the same moment.
      await pause(retryMs * (0.75 + Math.random() / 2), signal);
    }
  }

  /**
   * @param {ReadableStream<string>} stream
   * @param {AbortSignal} signal
   */
  async #read(stream, signal) {
    for await (const { events, lastId } of readEvents(stream)) {
      if (signal.aborted) return;
      for (const event of events) this.#take(event);
      this.#lastId = lastId ?? this.#lastId;
      this.#heard();
    }
  }

  /** @param {{ readonly type: string, readonly data: string }} event */
  #take({ type, data }) {
    const { board, tally, api, onEvent } = this.#options;
    if (type === "resync") {
      tally.gap();
      return this.#reload();
    }
    if (type === "draining" || type === "closing") {
      // The stream cannot be gone on with.
      this.#lastId = undefined;
      this.#farewell = FAREWELLS[type];
      return;
    }
    /** @type {BoardEvent} */
    const event = JSON.parse(data);
    const { name, party } = event;
    if (event.event === "granted") {
      tally.granted(party.since - (board.waitingSince(name, party) ?? party.since));
    }
    for (const record of this.#records) record.push(event);
    board.apply(event, api.clock.at(Date.now()));
    onEvent(event);
  }

  /** Loads the lists, soon; asked for again while they load, it is done again. */
  #reload() {
    this.#isLoadWanted = true;
    this.#loading ??= this.#loadWhileWanted().finally(() => this.#loading = undefined);
  }

  async #loadWhileWanted() {
    while (this.#isLoadWanted && !this.#abort.signal.aborted) {
      this.#isLoadWanted = false;
      const { prefix } = this;
      try {
        await this.#load(prefix);
      } catch (error) {
        this.#isLoadWanted = true;
        this.#failed(error);
      }
      if (this.#isLoadWanted && prefix === this.prefix) await pause(RELOAD_INTERVAL_MS, this.#abort.signal);
    }
  }

  /** @param {string} prefix */
  async #load(prefix) {
    let after = "";
    for (let count = 0; prefix === this.prefix;) {
      const { next } = await this.#list({ prefix, after, limit: PAGE_SIZE });
      count += PAGE_SIZE;
      this.isTruncated = next !== null && count >= NAMES_MAX;
      if (next === null || this.isTruncated) {
        this.#isLoaded = true;
        return this.#heard();
      }
      after = next;
    }
  }

  /** Puts a page of the list on the board. @param {NameQuery} query */
  async #list(query) {
    const { api, board } = this.#options;
    const before = this.prefix;
    return await this.#snapshot(() => api.names(query), (page, now) => {
      if (before === this.prefix) board.putPage(page, query, now);
    });
  }

  /**
   * Asks, takes over the answer, and carries out once more what was told meanwhile.
   *
   * @template T
   * @param {() => Promise<T>} ask
   * @param {(answer: T, now: number) => void} take
   * @returns {Promise<T>}
   */
  async #snapshot(ask, take) {
    const { api: { clock }, board, onChange } = this.#options;
    /** @type {BoardEvent[]} */
    const record = [];
    this.#records.add(record);
    try {
      const answer = await ask();
      take(answer, clock.at(Date.now()));
      for (const event of record) board.apply(event, clock.at(Date.now()));
      onChange();
      return answer;
    } finally {
      this.#records.delete(record);
    }
  }

  #heard() {
    this.heardMs = Date.now();
    if (this.phase === "paused" || this.phase === "refused") return;
    if (this.#isStreaming && this.#isLoaded) this.#become("live");
    else this.#options.onChange();
  }

  /** @param {unknown} error */
  #failed(error) {
    if (!(error instanceof Error)) throw error;
    if (this.phase === "paused") return;
    const isRefusal = error instanceof ApiError && error.isRefusal;
    if (isRefusal) this.#abort.abort();
    this.#become(isRefusal ? "refused" : this.#isLoaded ? "stale" : "connecting", error.message);
  }

  /**
   * @param {Phase} phase
   * @param {string} why
   */
  #become(phase, why = "") {
    this.phase = phase;
    this.why = why;
    this.#options.onChange();
  }
}
