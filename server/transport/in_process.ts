/**
 * A connection between a client and a daemon that are one process: frames go from hand to hand.
 *
 * ```text
 *   OPEN ──▶ CLOSING ──▶ GONE
 * ```
 *
 * - OPEN: frames go both ways.
 * - CLOSING [close, cut]: one side has enough; what the daemon said before is still handed over, unless it
 *   was cut.
 * - GONE [#end]: the reception has forgotten it, and the client was told.
 *
 * Each hand-over is a microtask, so that neither side ever runs within a turn of the other. Frames have no
 * limit of their length: who made them could take the memory anyway.
 *
 * @module
 */
import type { Transport, TransportEvents } from "../../client/transport/transport.ts";
import {
  CLOSE,
  type CloseCode,
  type Conversation,
  type Converse,
  type Wire,
} from "../dialect/conversation.ts";
import { Pulse } from "./heartbeats.ts";
import type { Guest, Reception } from "./reception.ts";

/** Connects a client of this process; `events` hears what the daemon says. */
export function joinInProcess(reception: Reception, converse: Converse, events: TransportEvents): Transport {
  const connection = new InProcessConnection(reception, converse, events);
  return { send: (text) => connection.ask(text), close: () => connection.leave() };
}

class InProcessConnection implements Wire, Guest {
  readonly conversation: Conversation;
  readonly transport = "in-process";
  readonly peer = "this process";
  readonly pulse = new Pulse(this);
  dueMs = 0;
  heapIndex = -1;
  readonly #reception: Reception;
  readonly #events: TransportEvents;
  #asked: string[] = [];
  #written: string[] = [];
  #isClosing = false;
  #isEnding = false;

  constructor(reception: Reception, converse: Converse, events: TransportEvents) {
    this.#reception = reception;
    this.#events = events;
    this.conversation = converse(this);
    reception.turn(() => this.#enter());
  }

  /** Nothing waits for the client: it is handed over when the turn ends. */
  get unsentBytes(): number {
    return 0;
  }

  /** The client says a frame. */
  ask(frame: string): void {
    if (this.#isClosing) return;
    if (this.#asked.length === 0) queueMicrotask(() => this.#reception.turn(() => this.#receive()));
    this.#asked.push(frame);
  }

  /** The client has enough. */
  leave(): void {
    queueMicrotask(() => this.#reception.turn(() => this.cut()));
  }

  send(frame: string): void {
    if (this.#isClosing) return;
    if (this.#written.length === 0) this.#reception.hasToSend(this);
    this.#written.push(frame);
  }

  close(_code: CloseCode): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#reception.hasToSend(this);
  }

  closeLater(frame: string, code: CloseCode): void {
    // Nobody guesses tokens of its own process.
    this.send(frame);
    this.close(code);
  }

  flush(): void {
    const written = this.#written;
    this.#written = [];
    if (written.length > 0) {
      queueMicrotask(() => {
        for (const frame of written) this.#events.onMessage(frame);
      });
    }
    if (this.#isClosing) this.#end();
  }

  cut(): void {
    this.#isClosing = true;
    this.#written = [];
    this.#end();
  }

  #enter(): void {
    const { refusal } = this.#reception;
    if (!refusal) return this.#reception.enter(this);
    this.#reception.turnAway(this);
    this.conversation.fail(refusal, CLOSE.policy);
  }

  #receive(): void {
    const asked = this.#asked;
    this.#asked = [];
    for (const frame of asked) {
      if (this.#isClosing) return;
      this.conversation.receive(frame);
      this.#reception.heard(this);
    }
  }

  #end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#reception.leave(this);
    queueMicrotask(() => {
      this.#reception.turn(() => this.#reception.gone(this));
      this.#events.onClose(undefined);
    });
  }
}
