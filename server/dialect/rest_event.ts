/**
 * What a watch is told, as Server-Sent Events (`docs/rest.md` section 5).
 *
 * Source: WHATWG HTML section 9.2 (Server-sent events).
 *
 * @module
 */
import type { WatchEvent, WatchResync } from "../session/watches.ts";

/** Something that a stream tells, in its place. */
export type Told = Omit<WatchEvent, "session" | "watch"> | Omit<WatchResync, "session" | "watch">;

/** Where in which stream a client is. */
export interface EventId {
  /** Names the stream; cannot be guessed. */
  readonly word: string;
  readonly seq: number;
}

/** After so many milliseconds a client that lost its stream should come again. */
const RETRY_MS = 1_000;

/** What keeps a silent stream open: a comment. */
export const HEARTBEAT_TEXT = ":\n\n";

/**
 * The first words of a stream: how soon to come again, and where it is, so that a client can go on with it
 * before it heard of any event.
 */
export function openingText(id: EventId): string {
  return `retry: ${RETRY_MS}\nid: ${eventId(id)}\n\n`;
}

/** One event as text. */
export function eventText(word: string, told: Told): string {
  const { type, seq } = told;
  const id = eventId({ word, seq });
  if (type === "resync") return `id: ${id}\nevent: resync\ndata: {"event":"resync"}\n\n`;
  const { event, name, party, reason } = told;
  const data = { event, name, party, ...(reason === undefined ? {} : { reason }) };
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** The daemon leaves service: the stream ends, and going on with it asks for another daemon. */
export function endText(reason: string | undefined): string {
  const data = reason === undefined ? { event: "draining" } : { event: "closing", reason };
  return `event: ${data.event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/**
 * Reads a `Last-Event-ID`; undefined when it is none of ours.
 *
 * ```ts
 * import { deepEqual, equal } from "node:assert/strict";
 *
 * deepEqual(readEventId("hq2v.7"), { word: "hq2v", seq: 7 });
 * equal(readEventId("7"), undefined);
 * ```
 */
export function readEventId(text: string): EventId | undefined {
  const [, word, digits] = /^([A-Za-z0-9_-]{1,64})\.(\d{1,15})$/.exec(text) ?? [];
  return word === undefined ? undefined : { word, seq: Number(digits) };
}

function eventId({ word, seq }: EventId): string {
  return `${word}.${seq}`;
}
