/**
 * The route of events: what happens to names, as it happens (`docs/rest.md` section 5).
 *
 * @module
 */
import { type Context, Hono } from "hono";
import type { Limits } from "../base/limits.ts";
import { readEventId } from "../dialect/rest_event.ts";
import { Refusal } from "../dialect/rest_problem.ts";
import { queryFields, readRest } from "../dialect/rest_request.ts";
import type { HttpEnv } from "./app.ts";
import { clientOf, type HttpClient } from "./callers.ts";
import { EventStream, type EventStreamParts } from "./event_stream.ts";

/** What this route needs. */
export interface EventRoutesParts extends EventStreamParts {
  readonly limits: Limits;
  /** Makes a word that was never used and cannot be guessed. */
  readonly newWord: () => string;
}

/** `/v1/events`. */
export function eventRoutes(parts: EventRoutesParts): Hono<HttpEnv> {
  const streams = new Map<string, EventStream>();
  const routes = new Hono<HttpEnv>();
  routes.get("/v1/events", (context) => {
    const { prefix } = readRest("watch", queryFields(new URL(context.req.url).searchParams));
    const headers = {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      // Proxies that gather a body before they pass it on would keep events back.
      "x-accel-buffering": "no",
    };
    if (context.req.method === "HEAD") return context.body(null, 200, headers);
    return context.body(openStream(context, { ...parts, streams, prefix }), 200, headers);
  });
  return routes;
}

interface Opening extends EventRoutesParts {
  readonly streams: Map<string, EventStream>;
  readonly prefix: string;
}

function openStream(context: Context<HttpEnv>, opening: Opening): ReadableStream<Uint8Array> {
  const { streams, prefix, newWord } = opening;
  const client = clientOf(context);
  const last = context.req.header("Last-Event-ID");
  const id = last === undefined ? undefined : readEventId(last);
  const known = id && streams.get(id.word);
  const isOwn = known?.prefix === prefix && known.caller.subject === client.caller.subject;
  if (id && known && isOwn) return known.read(id.seq, { isNew: false });
  makeRoom(opening);
  const stream = startStream(opening, { ...client, word: newWord() });
  // Who comes from a stream that is not there any more has missed something.
  return stream.read(last === undefined ? undefined : 0, { isNew: true });
}

function startStream(opening: Opening, client: HttpClient & { readonly word: string }): EventStream {
  const { streams, prefix } = opening;
  const { word } = client;
  const stream = new EventStream(opening, { ...client, prefix, onEnd: () => streams.delete(word) });
  streams.set(word, stream);
  return stream;
}

/** One stream more is possible afterwards: those that nobody reads go first, the oldest of them. */
function makeRoom({ streams, sessions, limits: { eventStreamsMax } }: Opening): void {
  if (streams.size < eventStreamsMax) return;
  const unread = [...streams.values()].find(({ isRead }) => !isRead);
  unread?.end();
  if (unread && streams.size < eventStreamsMax) return;
  sessions.counts.httpRefused++;
  const message = `Cannot open a stream: ${eventStreamsMax} are open, which is eventStreamsMax`;
  throw new Refusal({ code: "LIMIT", message });
}
