/**
 * Everything that the connections of a daemon share, whatever their transport: how many there are, who has to
 * say something by when, and what is to be sent at the end of a turn.
 *
 * A *turn* is one piece of work of the event loop: the frames of one read, or what fell due. Frames are only
 * written down while it lasts; at its end each connection sends all of its own in one piece, which is what
 * makes pipelining cheap.
 *
 * @module
 */
import { Deadlines, type Timed } from "../base/deadlines.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Conversation } from "../dialect/conversation.ts";
import { Heartbeats, type Pulse } from "./heartbeats.ts";

/**
 * A connection as the reception knows it: a guest from {@link Reception.enter} on, leaving from `leave` on,
 * until it is `gone`.
 */
export interface Guest extends Timed {
  readonly conversation: Conversation;
  readonly pulse: Pulse;
  /** The address that it comes from. */
  readonly peer: string;
  /** Sends what the turn wrote down. */
  flush(): void;
  /** Cuts the connection at once, whatever is left to be sent. */
  cut(): void;
}

/** What a reception is made with. */
export interface ReceptionOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: {
    readonly connectionsMax: number;
    readonly connectionsPerAddressMax: number;
    readonly refusalPauseMs: number;
    readonly frameBytesMax: number;
    readonly outputBytesMax: number;
    readonly helloTimeoutMs: number;
  };
  /** Called at the end of each turn. What it gives connections to send is sent as well. */
  readonly afterTurn: () => void;
  /** Called when a turn broke a rule of this program: nothing can be trusted any more. */
  readonly onBroken: (error: unknown) => void;
}

/**
 * How often failed accepts are told of at most, in milliseconds: without descriptors there are very many.
 */
const TELL_INTERVAL_MS = 1_000;

/** What the connections of a daemon share. */
export class Reception {
  readonly limits: ReceptionOptions["limits"];
  readonly log: Log;
  /**
   * Descriptors of connections that are not guests: those of the front of HTTP. They count for
   * `connectionsMax`.
   */
  descriptorsElsewhere = 0;
  /** How often something happened since the start. */
  readonly counts = { taken: 0, refused: 0, slowReaders: 0, longFrames: 0, failedAccepts: 0 };
  readonly #options: ReceptionOptions;
  readonly #guests = new Set<Guest>();
  /** Connections that are over but still open: their peers have to be told, and have to take note. */
  readonly #leaving = new Set<Guest>();
  /** Connections that have to say something by their deadline. */
  readonly #awaited = new Deadlines<Guest>();
  readonly #heartbeats = new Heartbeats();
  /** How many connections each address has. */
  readonly #countOf = new Map<string, number>();
  /** When a failed accept of each port is told of again. */
  readonly #tellDueMs = { tcp: -Infinity, http: -Infinity };
  #unsent: Guest[] = [];
  #closed: PromiseWithResolvers<void> | undefined;

  constructor(options: ReceptionOptions) {
    this.#options = options;
    this.limits = options.limits;
    this.log = options.log;
  }

  /** How many connections are open, those that are leaving too: each has a descriptor. */
  get size(): number {
    return this.#guests.size + this.#leaving.size;
  }

  /** Why no more connections are taken, or undefined [P-61]. */
  get refusal(): { readonly code: "LIMIT" | "DRAINING"; readonly message: string } | undefined {
    if (this.#closed) {
      return { code: "DRAINING", message: "Cannot take the connection: the daemon leaves service" };
    }
    const { connectionsMax } = this.limits;
    if (this.size + this.descriptorsElsewhere < connectionsMax) return undefined;
    const message = `Cannot take the connection: ${connectionsMax} are open, which is connectionsMax`;
    return { code: "LIMIT", message };
  }

  /** Why no more connections are taken from that address, or undefined. */
  refusalFor(peer: string): Reception["refusal"] {
    const { connectionsPerAddressMax } = this.limits;
    const { refusal } = this;
    if (refusal) return refusal;
    if ((this.#countOf.get(peer) ?? 0) < connectionsPerAddressMax) return undefined;
    const open = `${connectionsPerAddressMax} from its address are open`;
    const message = `Cannot take the connection: ${open}, which is connectionsPerAddressMax`;
    return { code: "LIMIT", message };
  }

  /** When {@link tick} has something to do: monotonic milliseconds, or Infinity. */
  get nextDueMs(): number {
    return Math.min(this.#awaited.nextMs(), this.#heartbeats.nextDueMs);
  }

  /** Takes in a new connection, which has some time now to introduce itself. */
  enter(guest: Guest): void {
    this.counts.taken++;
    this.#guests.add(guest);
    this.#count(guest.peer, 1);
    guest.dueMs = this.#options.clock.now() + this.limits.helloTimeoutMs;
    this.#awaited.add(guest);
  }

  /** A connection could not be taken at a port. */
  acceptFailed(port: "tcp" | "http", error: unknown): void {
    const now = this.#options.clock.now();
    this.counts.failedAccepts++;
    if (now < this.#tellDueMs[port]) return;
    this.#tellDueMs[port] = now + TELL_INTERVAL_MS;
    this.log.warn(`${port}.accept_failed`, { error, failed: this.counts.failedAccepts });
  }

  /** The peer said something, and its conversation has taken it. */
  heard({ pulse }: Guest): void {
    this.#heartbeats.heard(pulse, this.#options.clock.now());
  }

  /** Notes a connection that gets no conversation; it is open until it is {@link gone}. */
  turnAway(guest: Guest): void {
    this.counts.refused++;
    this.#leaving.add(guest);
    this.#count(guest.peer, 1);
  }

  /** The conversation is over; the connection is open until it is {@link gone}. */
  leave(guest: Guest): void {
    if (!this.#guests.delete(guest)) return;
    this.#leaving.add(guest);
    this.#awaited.remove(guest);
    this.#heartbeats.remove(guest.pulse);
    guest.conversation.ended();
  }

  /** The connection has no descriptor any more. */
  gone(guest: Guest): void {
    this.leave(guest);
    if (this.#leaving.delete(guest)) this.#count(guest.peer, -1);
    if (this.size === 0) this.#closed?.resolve();
  }

  /** Takes no more connections. Resolves when the last one is gone. */
  close(): Promise<void> {
    this.#closed ??= Promise.withResolvers();
    if (this.size === 0) this.#closed.resolve();
    return this.#closed.promise;
  }

  /** The connection has something to send at the end of the turn. */
  hasToSend(guest: Guest): void {
    this.#unsent.push(guest);
  }

  /** Runs a turn. */
  turn(work: () => void): void {
    try {
      work();
      do {
        this.#flush();
        this.#options.afterTurn();
      } while (this.#unsent.length > 0);
    } catch (error) {
      this.#options.onBroken(error);
    }
  }

  /** Tells those whose time for a hello is over, and those who may not be silent any longer. */
  tick(now: number): void {
    this.#heartbeats.tick(now);
    for (let guest = this.#awaited.takeDue(now); guest; guest = this.#awaited.takeDue(now)) {
      const { conversation } = guest;
      const afterMs = conversation.introduced ? conversation.silenceMsMax : this.limits.helloTimeoutMs;
      if (afterMs === undefined) continue;
      // Whoever may go on, since an answer is owed to it, has its time again when that is sent.
      conversation.timeOut(afterMs);
    }
  }

  /** Cuts a connection whose peer does not read: so much was said to it, and waits to be sent. */
  cutSlow(guest: Guest, waiting: number): void {
    this.counts.slowReaders++;
    this.log.warn("connection.cut", { reason: "it does not read", waiting });
    guest.cut();
  }

  /** Cuts every connection. */
  cutAll(): void {
    for (const guest of [...this.#guests, ...this.#leaving]) guest.cut();
  }

  #count(peer: string, change: 1 | -1): void {
    const count = (this.#countOf.get(peer) ?? 0) + change;
    if (count > 0) this.#countOf.set(peer, count);
    else this.#countOf.delete(peer);
  }

  #flush(): void {
    // A flush can cut a slow connection, whose locks go to others, who then have something to send as well.
    while (this.#unsent.length > 0) {
      const unsent = this.#unsent;
      this.#unsent = [];
      for (const guest of unsent) {
        guest.flush();
        // A hello may be answered long after it was heard: the pulse begins with the answer at the latest.
        if (guest.pulse.heapIndex === -1 && this.#guests.has(guest)) this.heard(guest);
        if (guest.conversation.silenceMsMax !== undefined) this.#allowSilence(guest);
      }
    }
  }

  /** A peer that may not be silent for ever has its time again from now on. */
  #allowSilence(guest: Guest): void {
    const { introduced, silenceMsMax } = guest.conversation;
    if (!introduced || silenceMsMax === undefined || !this.#guests.has(guest)) return;
    this.#awaited.remove(guest);
    guest.dueMs = this.#options.clock.now() + silenceMsMax;
    this.#awaited.add(guest);
  }
}
