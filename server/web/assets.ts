/**
 * The files of the web page. They are imported as text, so they are part of the program: the daemon needs no
 * permission to read them, and whatever packs the program packs them. A browser gets them as they stand here;
 * nothing builds them (`docs/design/0018-web-page.md`).
 *
 * @module
 */
import { createHash } from "node:crypto";
import api from "./api.js" with { type: "text" };
import app from "./app.js" with { type: "text" };
import board from "./board.js" with { type: "text" };
import breakDialog from "./break_dialog.js" with { type: "text" };
import element from "./element.js" with { type: "text" };
import eventReading from "./event_reading.js" with { type: "text" };
import eventText from "./event_text.js" with { type: "text" };
import feed from "./feed.js" with { type: "text" };
import follower from "./follower.js" with { type: "text" };
import graphPanel from "./graph_panel.js" with { type: "text" };
import lockTable from "./lock_table.js" with { type: "text" };
import namePanel from "./name_panel.js" with { type: "text" };
import pager from "./pager.js" with { type: "text" };
import remaining from "./remaining.js" with { type: "text" };
import serverClock from "./server_clock.js" with { type: "text" };
import sessionTable from "./session_table.js" with { type: "text" };
import sparkline from "./sparkline.js" with { type: "text" };
import tally from "./tally.js" with { type: "text" };
import tiles from "./tiles.js" with { type: "text" };
import tokenDialog from "./token_dialog.js" with { type: "text" };
import waitDrawing from "./wait_drawing.js" with { type: "text" };
import waitGraph from "./wait_graph.js" with { type: "text" };
import waiterList from "./waiter_list.js" with { type: "text" };
import words from "./words.js" with { type: "text" };
import icon from "./icon.svg" with { type: "text" };
import pageStyle from "./page.css" with { type: "text" };
import partsStyle from "./parts.css" with { type: "text" };
import page from "./page.html" with { type: "text" };

/** One file, as a browser gets it. */
export interface Asset {
  readonly type: string;
  readonly text: string;
  /** Tells versions apart: it is another one when the text is. */
  readonly tag: string;
}

/** What browsers call the kinds of files. */
const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml; charset=utf-8",
};

/** The files by their paths on the HTTP port. */
export const ASSETS: ReadonlyMap<string, Asset> = new Map([
  asset("/", page),
  asset("/web/icon.svg", icon),
  asset("/web/page.css", pageStyle),
  asset("/web/parts.css", partsStyle),
  asset("/web/api.js", api),
  asset("/web/app.js", app),
  asset("/web/board.js", board),
  asset("/web/break_dialog.js", breakDialog),
  asset("/web/element.js", element),
  asset("/web/event_reading.js", eventReading),
  asset("/web/event_text.js", eventText),
  asset("/web/feed.js", feed),
  asset("/web/follower.js", follower),
  asset("/web/graph_panel.js", graphPanel),
  asset("/web/lock_table.js", lockTable),
  asset("/web/name_panel.js", namePanel),
  asset("/web/pager.js", pager),
  asset("/web/remaining.js", remaining),
  asset("/web/server_clock.js", serverClock),
  asset("/web/session_table.js", sessionTable),
  asset("/web/sparkline.js", sparkline),
  asset("/web/tally.js", tally),
  asset("/web/tiles.js", tiles),
  asset("/web/token_dialog.js", tokenDialog),
  asset("/web/wait_drawing.js", waitDrawing),
  asset("/web/wait_graph.js", waitGraph),
  asset("/web/waiter_list.js", waiterList),
  asset("/web/words.js", words),
]);

function asset(path: string, text: string): [string, Asset] {
  const [, extension = "html"] = /\.([a-z]+)$/.exec(path) ?? [];
  const digest = createHash("sha256").update(text).digest("base64url").slice(0, 22);
  return [path, { type: TYPES[extension] ?? "", text, tag: `"${digest}"` }];
}
