/**
 * Finds peers that are not there any more, [P-17]: whoever is silent is asked for a sign of life, and given
 * up when none comes. A connection whose other end vanished looks like one whose other end has nothing to
 * say; TCP by itself takes hours to tell them apart.
 *
 * ```text
 *   NONE ──▶ ALIVE ──▶ ASKED ──▶ NONE
 *              ▲─────────┘
 * ```
 *
 * - NONE: not introduced, or gone; no deadline. A dialect without signs of life stays here.
 * - ALIVE [heard]: it said something, or its hello was answered; its deadline is one heartbeat after some
 *   frame of it, not always the last: a frame costs no change of the heap.
 * - ASKED [tick]: silent for one heartbeat, and asked; its deadline is the time at which it is given up.
 *
 * @module
 */
import { SILENT_BEATS_MAX } from "../../client/protocol/limits.ts";
import { Deadlines, type Timed } from "../base/deadlines.ts";
import type { Conversation } from "../dialect/conversation.ts";

/** The sign of life of one connection. Fields change only here. */
export class Pulse implements Timed {
  dueMs = Infinity;
  heapIndex = -1;
  /** When its peer said something last, in monotonic milliseconds. */
  heardMs = 0;
  asked = false;

  constructor(readonly guest: { readonly conversation: Conversation }) {}
}

/** The pulses of all connections, with one timer's worth of deadlines. */
export class Heartbeats {
  readonly #pulses = new Deadlines<Pulse>();

  /** When {@link tick} has something to do: monotonic milliseconds, or Infinity. */
  get nextDueMs(): number {
    return this.#pulses.nextMs();
  }

  /** The peer said something. */
  heard(pulse: Pulse, now: number): void {
    const { heartbeatMs = 0, introduced } = pulse.guest.conversation;
    if (heartbeatMs === 0 || !introduced) return;
    pulse.heardMs = now;
    if (pulse.heapIndex === -1 || pulse.asked) this.#arm(pulse, now + heartbeatMs);
    pulse.asked = false;
  }

  /** The connection is over; harmless when it never began. */
  remove(pulse: Pulse): void {
    this.#pulses.remove(pulse);
  }

  /** Asks those that are silent, and gives up those that did not answer. */
  tick(now: number): void {
    for (let pulse = this.#pulses.takeDue(now); pulse; pulse = this.#pulses.takeDue(now)) {
      const { conversation } = pulse.guest;
      const { heartbeatMs = 0 } = conversation;
      // When it was this process that stood still, what peers said meanwhile is not read yet: nobody is to
      // blame.
      const overslept = now - pulse.dueMs > heartbeatMs;
      if (pulse.asked && !overslept) conversation.timeOut(SILENT_BEATS_MAX * heartbeatMs);
      else if (now - pulse.heardMs < heartbeatMs) this.#arm(pulse, pulse.heardMs + heartbeatMs);
      else {
        pulse.asked = true;
        conversation.ping?.();
        this.#arm(pulse, now + (SILENT_BEATS_MAX - 1) * heartbeatMs);
      }
    }
  }

  #arm(pulse: Pulse, dueMs: number): void {
    this.#pulses.remove(pulse);
    pulse.dueMs = dueMs;
    this.#pulses.add(pulse);
  }
}
