/**
 * One stream of events: a watch, a session of its own, and whoever reads it now.
 *
 * ```text
 *   open ──▶ READ ◀──▶ UNREAD ──▶ ENDED      [attach, detach; the time to go on with it is over]
 *              └─────────────────▲           [hangUp, end]
 * ```
 *
 * - READ: what the watch is told goes to the reader, and into the memory.
 * - UNREAD: it goes into the memory alone, whose oldest part is forgotten; a timer runs.
 * - ENDED: no session, no reader, no timer.
 *
 * A reader that is slow costs no memory: the watch drops events and tells so (`server/session/watches.ts`).
 * One that does not read at all is cut.
 *
 * @module
 */
import { SILENT_BEATS_MAX } from "../../client/protocol/limits.ts";
import { endText, eventText, HEARTBEAT_TEXT, openingText, type Told } from "../dialect/rest_event.ts";
import { Refusal } from "../dialect/rest_problem.ts";
import type { SessionListener } from "../session/listener.ts";
import type { Session } from "../session/session.ts";
import type { Sessions } from "../session/sessions.ts";
import type { WatchEffect } from "../session/watches.ts";
import type { Effect } from "../store/store.ts";
import type { Caller, HttpClient } from "./callers.ts";

/** The id of the one watch of the session. */
const WATCH = 1;
/** Bytes that a reader may have before it counts as behind: what the runtime takes at a time. */
const READ_AHEAD_BYTES = 65_536;
const ENCODER = new TextEncoder();

/** What streams stand on. */
export interface EventStreamParts {
  readonly sessions: Sessions;
  readonly turn: (work: () => void) => void;
  readonly limits: {
    readonly eventReplayMax: number;
    readonly eventReplayMs: number;
    readonly heartbeatMs: number;
    readonly outputBytesMax: number;
  };
}

/** What a stream is of. */
export interface EventStreamOptions extends HttpClient {
  /** Names it; cannot be guessed. */
  readonly word: string;
  readonly prefix: string;
  /** Called when it has ended. */
  readonly onEnd: () => void;
}

interface Reader {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  enqueuedBytes: number;
  /**
   * How much had been taken at the last heartbeat, and at how many heartbeats in a row nothing more had been.
   */
  takenBytes: number;
  idleBeats: number;
  beat: ReturnType<typeof setTimeout> | undefined;
}

/** A stream of events. */
export class EventStream implements SessionListener {
  readonly word: string;
  readonly prefix: string;
  readonly caller: Caller;
  readonly #parts: EventStreamParts;
  readonly #onEnd: () => void;
  readonly #memory: Told[] = [];
  #session: Session | undefined;
  #reader: Reader | undefined;
  #refusal: Refusal | undefined;
  #lastSeq = 0;
  #patience: ReturnType<typeof setTimeout> | undefined;

  /** Begins to watch. Throws a {@link Refusal} when that cannot be. */
  constructor(parts: EventStreamParts, { word, prefix, caller, profile, onEnd }: EventStreamOptions) {
    this.#parts = parts;
    this.word = word;
    this.prefix = prefix;
    this.caller = caller;
    this.#onEnd = onEnd;
    const { sessions, turn } = parts;
    const refusal = sessions.refusal();
    if (refusal) throw new Refusal(refusal);
    turn(() => {
      this.#session = sessions.open(this, profile, { access: caller, transport: "http" });
      this.#session?.watch(WATCH, prefix);
    });
    if (!this.#refusal) return;
    turn(() => this.#session?.end());
    this.#session = undefined;
    throw this.#refusal;
  }

  /** Whether somebody reads it now. */
  get isRead(): boolean {
    return this.#reader !== undefined;
  }

  get unsentBytes(): number {
    const { controller } = this.#reader ?? {};
    return controller ? Math.max(0, READ_AHEAD_BYTES - (controller.desiredSize ?? 0)) : 0;
  }

  /**
   * A body that tells the stream from after `seq` on; from now on when undefined. Whoever read it before does
   * not any more.
   */
  read(seq: number | undefined, { isNew }: { readonly isNew: boolean }): ReadableStream<Uint8Array> {
    clearTimeout(this.#patience);
    this.#closeReader();
    let reader: Reader | undefined;
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        reader = { controller, enqueuedBytes: 0, takenBytes: 0, idleBeats: 0, beat: undefined };
        this.#reader = reader;
        this.#beatLater(reader);
        this.#write(openingText({ word: this.word, seq: this.#lastSeq }));
        if (seq !== undefined) this.#replay(isNew ? undefined : seq);
      },
      cancel: () => this.#detach(reader),
    }, new ByteLengthQueuingStrategy({ highWaterMark: READ_AHEAD_BYTES }));
  }

  hear(effect: Effect | WatchEffect): void {
    if (effect.type === "refused") {
      this.#refusal = new Refusal({ code: effect.code, message: effect.message });
    }
    if (effect.type !== "event" && effect.type !== "resync") return;
    this.#lastSeq = effect.seq;
    this.#memory.push(effect);
    if (this.#memory.length > this.#parts.limits.eventReplayMax) this.#memory.shift();
    this.#write(eventText(this.word, effect));
  }

  drain(): void {
    // It holds nothing, so it is hung up on at the end of this very turn.
  }

  hangUp(reason?: string): void {
    this.#write(endText(reason));
    this.#ended();
  }

  /** Ends it; harmless when it has ended. */
  end(): void {
    const session = this.#session;
    this.#ended();
    if (session) this.#parts.turn(() => session.end());
  }

  #ended(): void {
    this.#session = undefined;
    clearTimeout(this.#patience);
    this.#closeReader();
    this.#onEnd();
  }

  /** What came after `seq`, or that something is missing. */
  #replay(seq: number | undefined): void {
    const firstSeq = this.#memory[0]?.seq ?? this.#lastSeq + 1;
    if (seq === undefined || seq > this.#lastSeq || seq + 1 < firstSeq) {
      return this.#write(eventText(this.word, { type: "resync", seq: this.#lastSeq }));
    }
    for (const told of this.#memory) if (told.seq > seq) this.#write(eventText(this.word, told));
  }

  #write(text: string): void {
    const reader = this.#reader;
    if (!reader) return;
    const bytes = ENCODER.encode(text);
    reader.enqueuedBytes += bytes.length;
    reader.controller.enqueue(bytes);
  }

  #beatLater(reader: Reader): void {
    const { heartbeatMs } = this.#parts.limits;
    if (heartbeatMs > 0) reader.beat = setTimeout(() => this.#beat(reader), heartbeatMs);
  }

  #beat(reader: Reader): void {
    const unsent = this.unsentBytes;
    const taken = reader.enqueuedBytes - unsent;
    reader.idleBeats = unsent > 0 && taken === reader.takenBytes ? reader.idleBeats + 1 : 0;
    reader.takenBytes = taken;
    if (reader.idleBeats >= SILENT_BEATS_MAX) return this.#cut(reader);
    if (unsent === 0) this.#write(HEARTBEAT_TEXT);
    this.#beatLater(reader);
  }

  /** The reader does not read; its connection is of no use any more. */
  #cut(reader: Reader): void {
    reader.controller.error(new Error("Cannot go on with the stream: nobody reads it"));
    this.#detach(reader);
  }

  #detach(reader: Reader | undefined): void {
    if (!reader || this.#reader !== reader) return;
    clearTimeout(reader.beat);
    this.#reader = undefined;
    const { eventReplayMs } = this.#parts.limits;
    if (eventReplayMs === 0) return this.end();
    this.#patience = setTimeout(() => this.end(), eventReplayMs);
  }

  #closeReader(): void {
    const reader = this.#reader;
    this.#reader = undefined;
    clearTimeout(reader?.beat);
    reader?.controller.close();
  }
}
