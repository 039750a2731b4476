/**
 * The page: puts its parts together, and looks at the daemon every two seconds while somebody looks at the
 * page.
 *
 * @module
 */
/** @import { DaemonStatus } from "../../client/protocol/session_messages.ts" */
import { Api, ApiError } from "./api.js";
import { Board } from "./board.js";
import { BreakDialog } from "./break_dialog.js";
import { element, part, setText } from "./element.js";
import { Feed } from "./feed.js";
import { Follower } from "./follower.js";
import { GraphPanel } from "./graph_panel.js";
import { LockTable } from "./lock_table.js";
import { NamePanel } from "./name_panel.js";
import { SessionTable } from "./session_table.js";
import { STEP_MS, Tally } from "./tally.js";
import { Tiles } from "./tiles.js";
import { TokenDialog } from "./token_dialog.js";
import { WaiterList } from "./waiter_list.js";
import { clockTime, duration } from "./words.js";

/** Most often that the page is drawn, and how often at least, in milliseconds. */
const DRAW_MS_LEAST = 200;
const DRAW_MS_MOST = 1_000;
/** A search waits for the next key so long before the daemon is asked, in milliseconds. */
const TYPING_MS = 300;
/**
 * A page that nobody sees lets go of its connection after this, in milliseconds: browsers have six for one
 * daemon.
 */
const HIDDEN_MS_MAX = 10_000;
const NOTICE_MS = 15_000;

class Page {
  #api = new Api(document.baseURI);
  #board = new Board();
  #tally = new Tally();
  #follower;
  #locks;
  #waiters;
  #sessions;
  #graph;
  #feed;
  #panel;
  #breaking;
  #tokens;
  #tiles = new Tiles();
  #search = part("search", HTMLInputElement);
  /** @type {DaemonStatus | undefined} */
  #status;
  /** A daemon that refuses its status is not asked again: each time would be noted in its audit log. */
  #isStatusRefused = false;
  #isLooking = false;
  #isDrawingSoon = false;
  #drawnMs = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #hiding;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typing;
  #refusedWhy = "";
  /** That of the follower when it last changed. @type {Follower["phase"]} */
  #phase = "connecting";

  constructor() {
    const [api, board] = [this.#api, this.#board];
    const onOpen = (/** @type {string} */ name) => this.#panel.open(name);
    const onTurn = () => this.#turnNow();
    this.#follower = new Follower({
      api,
      board,
      tally: this.#tally,
      onChange: () => this.#changed(),
      onEvent: (event) => this.#feed.add(event, this.#now()),
    });
    this.#locks = new LockTable({ board, onOpen, onTurn });
    this.#waiters = new WaiterList({ board, onOpen });
    this.#feed = new Feed({ onOpen });
    this.#graph = new GraphPanel({ api, board });
    this.#sessions = new SessionTable({ api, onTurn });
    this.#breaking = new BreakDialog({ api, onDone: (words) => this.#done(words) });
    this.#panel = new NamePanel({ api, onBreak: (breakable) => this.#breaking.open(breakable) });
    this.#tokens = new TokenDialog({ onToken: (token) => this.#use(token) });
  }

  start() {
    this.#api.use(this.#tokens.kept);
    this.#follower.start();
    setInterval(() => this.#step(), STEP_MS);
    setInterval(() => this.#draw(), DRAW_MS_MOST);
    this.#search.addEventListener("input", () => this.#searched());
    document.addEventListener("visibilitychange", () => this.#seen(document.visibilityState === "visible"));
  }

  #changed() {
    const { phase } = this.#follower;
    if (phase === "live" && this.#phase !== "live") this.#look();
    this.#phase = phase;
    this.#drawSoon();
  }

  #now() {
    return this.#api.clock.at(Date.now());
  }

  #step() {
    const { phase, isTruncated } = this.#follower;
    if (phase === "paused") return;
    const isKnown = phase === "live" && !isTruncated;
    const { heldCount, waitingCount } = this.#board;
    this.#tally.step({ held: isKnown ? heldCount : null, waiting: isKnown ? waitingCount : null });
    this.#look();
  }

  async #look() {
    const { phase } = this.#follower;
    // The last look may still wait for an answer; and who is not let in would only ask in vain.
    if (this.#isLooking || phase === "paused" || phase === "refused" || phase === "connecting") return;
    this.#isLooking = true;
    try {
      await this.#follower.look(this.#locks.window);
      await Promise.all([
        this.#lookAtStatus(),
        this.#sessions.look(),
        this.#graph.look(this.#search.value),
        this.#panel.look(),
      ]);
    } finally {
      this.#isLooking = false;
    }
    this.#drawSoon();
  }

  async #lookAtStatus() {
    if (this.#isStatusRefused) return;
    try {
      this.#status = await this.#api.status();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (!error.isRefusal) return;
      this.#isStatusRefused = true;
      this.#status = undefined;
    }
  }

  async #turnNow() {
    await this.#sessions.look();
    this.#draw();
  }

  #searched() {
    this.#draw();
    clearTimeout(this.#typing);
    const { value } = this.#search;
    const { isTruncated, prefix } = this.#follower;
    // What is on the board may not be all that begins so.
    if (isTruncated || !value.startsWith(prefix)) {
      this.#typing = setTimeout(
        () => this.#follower.start(isTruncated || value.startsWith(prefix) ? value : ""),
        TYPING_MS,
      );
    }
  }

  /** @param {boolean} isSeen */
  #seen(isSeen) {
    clearTimeout(this.#hiding);
    if (!isSeen) this.#hiding = setTimeout(() => this.#follower.stop(), HIDDEN_MS_MAX);
    else if (this.#follower.phase === "paused") this.#follower.start();
  }

  /** @param {string | undefined} token */
  #use(token) {
    this.#api.use(token);
    this.#isStatusRefused = false;
    this.#status = undefined;
    this.#refusedWhy = "";
    // What another token may see is not for who looks now.
    this.#sessions.forget();
    this.#feed.forget();
    this.#graph.forget();
    this.#panel.close();
    this.#follower.restart();
  }

  /** @param {string} words */
  #done(words) {
    this.#notice(words);
    this.#panel.tell(words);
    this.#panel.look();
    this.#look();
  }

  /** @param {string} words */
  #notice(words) {
    const notice = part("notice", HTMLElement);
    notice.hidden = false;
    setText(notice, words);
    setText(part("announcer", HTMLElement), words);
    setTimeout(() => {
      if (notice.textContent === words) notice.hidden = true;
    }, NOTICE_MS);
  }

  #drawSoon() {
    if (this.#isDrawingSoon) return;
    this.#isDrawingSoon = true;
    const waitMs = Math.max(0, this.#drawnMs + DRAW_MS_LEAST - performance.now());
    setTimeout(() => this.#draw(), waitMs);
  }

  #draw() {
    this.#isDrawingSoon = false;
    this.#drawnMs = performance.now();
    const { phase, isTruncated, heardMs } = this.#follower;
    const isOld = phase === "stale" || phase === "paused";
    // Of what is known from then nobody knows how old it is by now.
    const now = isOld ? this.#api.clock.at(heardMs) : this.#now();
    const prefix = this.#search.value;
    const isLoaded = phase !== "connecting" && phase !== "refused";
    this.#locks.show({ prefix, now, isLoaded, isTruncated });
    this.#waiters.show({ prefix, now });
    this.#feed.show({ prefix, nowMs: now });
    this.#sessions.show({ now, total: this.#status?.counts.sessions });
    const { heldCount: held, waitingCount: waiting } = this.#board;
    this.#tiles.show(this.#tally.samples, isLoaded && !isTruncated ? { held, waiting } : {});
    this.#drawState();
    this.#drawDaemon();
  }

  #drawState() {
    const { phase, why, heardMs } = this.#follower;
    const state = part("state", HTMLElement);
    state.dataset["phase"] = phase;
    document.body.dataset["phase"] = phase;
    setText(
      state,
      {
        connecting: "Connecting",
        live: "Live",
        stale: "Not live",
        refused: "No access",
        paused: "Paused",
      }[phase],
    );
    const stale = part("stale", HTMLElement);
    stale.hidden = phase === "live" || (phase === "connecting" && why === "");
    const known = phase === "stale"
      ? ` This is what was known at ${clockTime(this.#api.clock.at(heardMs))}, ${
        duration(Date.now() - heardMs)
      } ago.`
      : "";
    setText(stale, `${why === "" ? "Connecting to the daemon" : why}.${known}`);
    if (phase !== "refused" || this.#refusedWhy === why) return;
    this.#refusedWhy = why;
    this.#tokens.open(why);
  }

  #drawDaemon() {
    const status = this.#status;
    const tags = status
      ? [
        `${status.guarantee} guarantee`,
        `${status.store} store`,
        `version ${status.version}`,
        `up ${duration(status.uptime)}`,
      ]
      : [];
    const daemon = part("daemon", HTMLElement);
    const words = status ? [status.server, ...tags, status.draining ? "draining" : ""].join("\n") : "";
    if (daemon.dataset["words"] === words) return;
    daemon.dataset["words"] = words;
    daemon.replaceChildren(
      ...(status ? [element("strong", {}, status.server)] : []),
      ...tags.map((tag) => element("span", { class: "tag" }, tag)),
      ...(status?.draining ? [element("span", { class: "tag warn" }, "leaves service")] : []),
    );
  }
}

new Page().start();
