/**
 * What happens between a client and its servers, as a stream.
 *
 * @module
 */
import type { ConnectionError, LockError } from "./errors.ts";
import { EventQueue } from "./event_queue.ts";

/** A session has been opened, or was gone on with. */
export interface ConnectedEvent {
  readonly type: "connected";
  /** The address of the server, without secrets. */
  readonly server: string;
  /** Id of the session. */
  readonly session: string;
  /** True: the same session as before, with its locks. False: a new one, which holds nothing. */
  readonly resumed: boolean;
}

/** The connection has ended. */
export interface DisconnectedEvent {
  readonly type: "disconnected";
  readonly server: string;
  readonly error: ConnectionError;
  /**
   * True: the session goes on at the server for its grace, and is being resumed. False: its locks are lost.
   */
  readonly resumable: boolean;
}

/** No server could be reached; all of them are tried again after the delay. */
export interface RetryingEvent {
  readonly type: "retrying";
  readonly error: ConnectionError;
  /** In milliseconds. */
  readonly delayMs: number;
}

/** A server leaves service: its locks stay until they are released, new requests go to another one. */
export interface DrainingEvent {
  readonly type: "draining";
  readonly server: string;
  /** After so many milliseconds at most the server ends. */
  readonly closesInMs: number;
}

/** A lock was disposed of and the server could not be told: it ends with its session, or its `ttl`. */
export interface ReleaseFailedEvent {
  readonly type: "release-failed";
  /** The lock name. */
  readonly name: string;
  readonly error: LockError;
}

/** The client has ended: closed by its program (null), or because no server will have it. */
export interface ClosedEvent {
  readonly type: "closed";
  readonly error: ConnectionError | null;
}

/** Anything that {@link StatusStream} tells. */
export type StatusEvent =
  | ConnectedEvent
  | DisconnectedEvent
  | RetryingEvent
  | DrainingEvent
  | ReleaseFailedEvent
  | ClosedEvent;

/**
 * Most events that wait for a consumer; the oldest are dropped for the newest, since a status is about now.
 */
export const STATUS_EVENTS_MAX = 1_000;

/** The events of one client from now on, until it is closed. Leave the loop, or dispose of it, to end it. */
export class StatusStream
  implements AsyncIterableIterator<StatusEvent, undefined, undefined>, AsyncDisposable {
  readonly #events = new EventQueue<StatusEvent>();
  readonly #leave: (stream: StatusStream) => void;

  /** @internal Made by clients. */
  constructor(leave: (stream: StatusStream) => void) {
    this.#leave = leave;
  }

  /** The next event, when it comes; never throws. */
  next(): Promise<IteratorResult<StatusEvent, undefined>> {
    return this.#events.next();
  }

  /** Ends the stream. Idempotent. */
  return(): Promise<IteratorResult<StatusEvent, undefined>> {
    this.#leave(this);
    this.#events.clear();
    this.#events.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Like {@link return}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** @internal */
  tell(event: StatusEvent): void {
    if (this.#events.size === STATUS_EVENTS_MAX) void this.#events.next();
    this.#events.push(event);
    if (event.type === "closed") this.#events.end();
  }
}

/** Tells all streams of one client. */
export class StatusBoard {
  readonly #streams = new Set<StatusStream>();
  #last: ClosedEvent | undefined;

  /** A stream of what is told from now on; of a client that was closed, of that alone. */
  open(): StatusStream {
    const stream = new StatusStream((left) => this.#streams.delete(left));
    if (this.#last === undefined) this.#streams.add(stream);
    else stream.tell(this.#last);
    return stream;
  }

  /** Tells everybody. */
  tell(event: StatusEvent): void {
    for (const stream of this.#streams) stream.tell(event);
    if (event.type !== "closed") return;
    this.#last = event;
    this.#streams.clear();
  }
}
