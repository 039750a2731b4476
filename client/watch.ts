/**
 * What happens to lock names, as a stream.
 *
 * ```text
 * OPENING → OPEN    the server answered: from here on nothing is missed without a resync
 * OPENING → ENDED   it refused, or as below
 * OPEN    → ENDED   the consumer has enough, its signal was aborted, or the session ended
 * ```
 *
 * @module
 */
import { LockError } from "./errors.ts";
import type { EventName, EventPush, Party, ResyncPush } from "./protocol/messages.ts";

/** Something happened to a name. */
export interface NameEvent {
  readonly event: EventName;
  readonly name: string;
  /** To whom. */
  readonly party: Party;
  /** Why it was lost, or broken. */
  readonly reason?: string;
}

/** Events are missing here, because somebody on the way was too slow: list anew. */
export interface MissedEvents {
  readonly event: "resync";
}

/** What a watch gives. */
export type WatchedEvent = NameEvent | MissedEvents;

/** How to watch. */
export interface WatchOptions {
  /** Ends the watch; the stream then ends without an error. */
  readonly signal?: AbortSignal | undefined;
}

/** Hears what a watch is told. */
export interface WatchListener {
  /** An event, or that some are missing. */
  tell(push: EventPush | ResyncPush): void;
  /** The session has ended. */
  end(error: LockError): void;
}

/** Where watches come from: a session. */
export interface WatchSource {
  /** Begins a watch; the promise is its id. */
  watch(prefix: string, listener: WatchListener): Promise<number>;
  /** Ends it. */
  unwatch(id: number): Promise<unknown>;
}

/** Most events that wait for their consumer. What comes then is dropped, and a resync says so. */
export const WATCH_EVENTS_MAX = 10_000;

/**
 * The events of all names that begin with a prefix, in the order in which they happened. Leave the loop, or dispose of it, to end it.
 *
 * ```ts ignore
 * for await (const event of client.watch("invoice/")) {
 *   if (event.event === "resync") continue;
 *   console.log(event.name, event.event, event.party.client?.name);
 * }
 * ```
 */
export class Watch implements AsyncIterableIterator<WatchedEvent, undefined, undefined>, AsyncDisposable {
  readonly #source: WatchSource;
  readonly #id: Promise<number>;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => void this.return();
  #events: WatchedEvent[] = [];
  #isEnded = false;
  #error: unknown;
  #tellNews!: () => void;
  #news = new Promise<void>((resolve) => this.#tellNews = resolve);

  /** Resolves when the watch has begun: what is asked later, such as a list, misses nothing between the two. Rejected as {@link next}. */
  readonly ready: Promise<void>;

  /** @internal Made by clients. */
  constructor(source: WatchSource, prefix: string, { signal }: WatchOptions = {}) {
    this.#source = source;
    this.#signal = signal;
    this.#id = source.watch(prefix, {
      tell: (push) => this.#tell(push),
      end: (error) => this.#end(error),
    });
    this.ready = this.#id.then(() => {});
    // Whoever does not wait for it hears of it by the next event.
    this.#id.catch((error) => this.#end(error));
    this.ready.catch(() => {});
    signal?.addEventListener("abort", this.#onAbort);
    if (signal?.aborted) void this.return();
  }

  /**
   * The next event, when it comes.
   *
   * @throws {ConnectionError} when the connection ended.
   * @throws {LockError} when the watch was refused: `LIMIT`, `BAD_REQUEST` for a bad prefix, …
   */
  async next(): Promise<IteratorResult<WatchedEvent, undefined>> {
    for (;;) {
      const value = this.#events.shift();
      if (value !== undefined) return { value, done: false };
      if (this.#error !== undefined) throw this.#error;
      if (this.#isEnded) return { value: undefined, done: true };
      await this.#news;
    }
  }

  /** Ends the watch. Idempotent; never throws. */
  async return(): Promise<IteratorResult<WatchedEvent, undefined>> {
    if (!this.#isEnded) {
      this.#events = [];
      this.#end(undefined);
      try {
        await this.#source.unwatch(await this.#id);
      } catch (error) {
        // It never began, or its session has ended and the watch with it.
        if (!(error instanceof LockError)) throw error;
      }
    }
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Like {@link return}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #tell(push: EventPush | ResyncPush): void {
    if (this.#isEnded) return;
    const isMissing = this.#events.length > WATCH_EVENTS_MAX;
    // The last event that is kept says that the ones after it are not.
    if (!isMissing) {
      const isFull = this.#events.length === WATCH_EVENTS_MAX;
      this.#events.push(isFull || push.push === "resync" ? { event: "resync" } : eventOf(push));
    }
    this.#wake();
  }

  #end(error: LockError | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#error = error;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#wake();
  }

  #wake(): void {
    this.#tellNews();
    this.#news = new Promise((resolve) => this.#tellNews = resolve);
  }
}

function eventOf({ event, name, party, reason }: EventPush): NameEvent {
  return { event, name, party, ...(reason === undefined ? {} : { reason }) };
}
