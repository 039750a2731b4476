/**
 * What happens to lock names, as a stream.
 *
 * ```text
 * OPENING → OPEN    the server answered: from here on nothing is missed without a resync
 * OPENING → ENDED   it refused, or as below
 * OPEN    → OPEN    the session ended, and the watch was begun again in the next one: a resync says so
 * OPEN    → ENDED   the consumer has enough, its signal was aborted, or the client was closed
 * ```
 *
 * @module
 */
import { LockError } from "./errors.ts";
import { EventQueue } from "./event_queue.ts";
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

/**
 * Events are missing here, because somebody on the way was too slow, or the session was another one from here
 * on: list anew.
 */
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
  /** The watch has begun: what is told from here on comes after. */
  begun?(): void;
  /** An event, or that some are missing. */
  tell(push: EventPush | ResyncPush): void;
  /** Nothing will be told any more. */
  end(error: LockError): void;
}

/** A watch that has begun. */
export interface WatchHandle {
  /** Ends it. */
  end(): Promise<void>;
}

/** Begins a watch; the promise is rejected when it is refused. */
export type BeginWatch = (prefix: string, listener: WatchListener) => Promise<WatchHandle>;

/** Most events that wait for their consumer. What comes then is dropped, and a resync says so. */
export const WATCH_EVENTS_MAX = 10_000;

/**
 * The events of all names that begin with a prefix, in the order in which they happened. Leave the loop, or
 * dispose of it, to end it.
 *
 * ```ts ignore
 * for await (const event of client.watch("invoice/")) {
 *   if (event.event === "resync") continue;
 *   console.log(event.name, event.event, event.party.client?.name);
 * }
 * ```
 */
export class Watch implements AsyncIterableIterator<WatchedEvent, undefined, undefined>, AsyncDisposable {
  readonly #handle: Promise<WatchHandle>;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => void this.return();
  readonly #events = new EventQueue<WatchedEvent>();

  /**
   * Resolves when the watch has begun: what is asked later, such as a list, misses nothing between the two.
   * Rejected as {@link next}.
   */
  readonly ready: Promise<void>;

  /** @internal Made by clients. */
  constructor(begin: BeginWatch, prefix: string, { signal }: WatchOptions = {}) {
    this.#signal = signal;
    this.#handle = begin(prefix, {
      tell: (push) => this.#tell(push),
      end: (error) => this.#end(error),
    });
    this.ready = this.#handle.then(() => {});
    // Whoever does not wait for it hears of it by the next event.
    this.#handle.catch((error) => this.#end(error));
    this.ready.catch(() => {});
    signal?.addEventListener("abort", this.#onAbort);
    if (signal?.aborted) void this.return();
  }

  /**
   * The next event, when it comes.
   *
   * @throws {ConnectionError} when the client was closed, or no server was there to begin with.
   * @throws {LockError} when the watch was refused: `LIMIT`, `BAD_REQUEST` for a bad prefix, …
   */
  next(): Promise<IteratorResult<WatchedEvent, undefined>> {
    return this.#events.next();
  }

  /** Ends the watch. Idempotent; never throws. */
  async return(): Promise<IteratorResult<WatchedEvent, undefined>> {
    if (!this.#events.isEnded) {
      this.#events.clear();
      this.#end(undefined);
      try {
        await (await this.#handle).end();
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
    const { size } = this.#events;
    if (size > WATCH_EVENTS_MAX) return;
    // The last event that is kept says that the ones after it are not.
    const isFull = size === WATCH_EVENTS_MAX;
    this.#events.push(isFull || push.push === "resync" ? { event: "resync" } : eventOf(push));
  }

  #end(error: LockError | undefined): void {
    this.#events.end(error);
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}

function eventOf({ event, name, party, reason }: EventPush): NameEvent {
  return { event, name, party, ...(reason === undefined ? {} : { reason }) };
}
