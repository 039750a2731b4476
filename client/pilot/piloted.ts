/**
 * The client's side of a pilot: transports whose connections are held by a worker.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import type { Kept, OpenTransport, Pilot, Transport, TransportEvents } from "../transport/transport.ts";
import type { ConnectionId, PilotError, PilotOrder, PilotReport, Port } from "./messages.ts";

/**
 * How many locks are confirmed through shared memory; of more the client hears by messages, which come only
 * when it has time.
 */
const SLOTS = 4_096;
/** What a slot holds before anything is confirmed: no time, in microseconds. */
const NEVER = -(2n ** 62n);

/** Opens connections through a pilot. */
export class PilotedConnections {
  readonly #port: Port<PilotReport, PilotOrder>;
  readonly #clock: Clock;
  readonly #ca: string | undefined;
  readonly #transports = new Map<ConnectionId, PilotedTransport>();
  readonly #memory: BigInt64Array | undefined;
  readonly #freeSlots: number[] = [];
  #lastId = 0;
  #failure: Error | undefined;

  constructor(
    port: Port<PilotReport, PilotOrder>,
    { clock, ca }: { readonly clock: Clock; readonly ca?: string | undefined },
  ) {
    this.#port = port;
    this.#clock = clock;
    this.#ca = ca;
    const memory = sharedMemory();
    port.listen((report) => this.#take(report));
    if (memory === undefined) return;
    this.#memory = new BigInt64Array(memory);
    this.#freeSlots = Array.from({ length: SLOTS }, (_, index) => SLOTS - 1 - index);
    port.post({ do: "share", memory });
  }

  /** Makes the function that opens a channel to an address. */
  opener(address: URL, signal: AbortSignal): OpenTransport {
    return (events) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        if (this.#failure !== undefined) throw this.#failure;
        const id = ++this.#lastId;
        const onAbort = () => {
          // Not when the pilot says so: it may be the pilot that nothing is heard of.
          transport.close();
          this.#transports.delete(id);
          reject(signal.reason);
        };
        const settled = () => signal.removeEventListener("abort", onAbort);
        const transport: PilotedTransport = new PilotedTransport(this, id, {
          events,
          onOpened: () => {
            settled();
            resolve(transport);
          },
          onFailed: (error) => {
            settled();
            reject(signal.aborted ? signal.reason : error);
          },
        });
        this.#transports.set(id, transport);
        signal.addEventListener("abort", onAbort);
        this.post({ do: "open", id, url: address.href, ca: this.#ca });
      });
  }

  /** The pilot cannot go on: nothing of it will be heard any more. */
  fail(error: Error): void {
    this.#failure = error;
    for (const transport of this.#transports.values()) transport.fail(error);
    this.#transports.clear();
  }

  /** For transports alone. */
  post(order: PilotOrder): void {
    this.#port.post(order);
  }

  /** For transports alone: has something kept. Gives the slot of its confirmations. */
  keep(id: ConnectionId, kept: Kept, lifeMs: number): number | undefined {
    const slot = this.#freeSlots.pop();
    if (slot !== undefined) Atomics.store(this.#memory!, slot, NEVER);
    this.post({ do: "keep", id, kept, lifeMs, nowMs: this.#clock.now(), slot });
    return slot;
  }

  /** For transports alone: what a slot confirms, in milliseconds. */
  read(slot: number): number {
    const micros = Atomics.load(this.#memory!, slot);
    return micros === NEVER ? -Infinity : Number(micros) / 1_000;
  }

  #take(report: PilotReport): void {
    // A slot is used again only when its last user's confirmations can no longer come.
    if (report.is === "dropped") return void this.#freeSlots.push(report.slot);
    const transport = this.#transports.get(report.id);
    if (report.is === "failed" || report.is === "closed") this.#transports.delete(report.id);
    transport?.take(report);
  }
}

/** Who waits for a transport, and listens to it. */
interface PilotedListener {
  readonly events: TransportEvents;
  readonly onOpened: () => void;
  readonly onFailed: (error: Error) => void;
}

class PilotedTransport implements Transport, Pilot {
  readonly pilot: Pilot = this;
  readonly #connections: PilotedConnections;
  readonly #id: ConnectionId;
  readonly #listener: PilotedListener;
  readonly #slots = new Map<Kept, number | undefined>();
  readonly #confirmedMs = new Map<Kept, number>();
  #isOpen = false;

  constructor(connections: PilotedConnections, id: ConnectionId, listener: PilotedListener) {
    this.#connections = connections;
    this.#id = id;
    this.#listener = listener;
  }

  send(frame: string): void {
    this.#connections.post({ do: "send", id: this.#id, frame });
  }

  close(): void {
    this.#connections.post({ do: "close", id: this.#id });
  }

  keep(kept: Kept, lifeMs: number): void {
    this.drop(kept);
    this.#slots.set(kept, this.#connections.keep(this.#id, kept, lifeMs));
  }

  drop(kept: Kept): void {
    if (!this.#slots.has(kept)) return;
    this.#slots.delete(kept);
    this.#confirmedMs.delete(kept);
    this.#connections.post({ do: "drop", id: this.#id, kept });
  }

  confirmedMs(kept: Kept): number {
    const slot = this.#slots.get(kept);
    return slot === undefined ? this.#confirmedMs.get(kept) ?? -Infinity : this.#connections.read(slot);
  }

  /** The pilot is gone, and the connection with it. */
  fail(error: Error): void {
    if (this.#isOpen) this.#listener.events.onClose(error);
    else this.#listener.onFailed(error);
  }

  /** The pilot tells something of this connection. */
  take(report: Exclude<PilotReport, { is: "dropped" }>): void {
    const { events, onOpened, onFailed } = this.#listener;
    switch (report.is) {
      case "opened":
        this.#isOpen = true;
        return onOpened();
      case "failed":
        return onFailed(errorOf(report.error));
      case "message":
        return events.onMessage(report.frame);
      case "closed":
        events.onClose(report.error && errorOf(report.error));
        return this.#slots.clear();
      case "confirmed":
        if (this.#slots.has(report.kept)) this.#confirmedMs.set(report.kept, report.sentMs);
    }
  }
}

function errorOf({ message, code }: PilotError): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

/**
 * Memory that both threads see; undefined where that is not allowed, as in a page that is not isolated from
 * others.
 */
function sharedMemory(): SharedArrayBuffer | undefined {
  if (typeof SharedArrayBuffer === "undefined") return undefined;
  return new SharedArrayBuffer(SLOTS * BigInt64Array.BYTES_PER_ELEMENT);
}
