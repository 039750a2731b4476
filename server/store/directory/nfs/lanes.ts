/**
 * The lines to the file server. A *lane* is one worker: what is sent on it is done in order, and a call that
 * hangs holds up that lane only. Beats have a lane of their own: a server that has just been restarted may
 * let a host read under its locks, and keep every new lock waiting, for as long as its grace time.
 *
 * | state | what is true |
 * |---|---|
 * | idle | nothing is to be answered |
 * | busy | something is, and in every lane something was answered, or sent after idleness, less than {@link SILENT_MS} ago |
 * | silent | in some lane longer ago: requests that hang are refused when their time is over |
 * | down | in no lane for so long that no belief has lasted: requests are refused at once [check]. Any answer ends it [deliver] |
 *
 * @module
 */
import { assert } from "../../../base/assert.ts";
import type { Clock } from "../../../base/clock.ts";
import { fnv1a } from "../record.ts";
import type { Courier } from "./courier.ts";
import type { Answer, Operation, Reply } from "./operations.ts";

/** Silence after which requests are not kept hanging beyond their time, in milliseconds. */
export const SILENT_MS = 800;

/** What lanes are made with. */
export interface LanesOptions {
  readonly courier: Courier;
  readonly clock: Clock;
  /** Silence of all lanes after which nothing is to be expected of them, in milliseconds. */
  readonly downMs: number;
  /** Called when an answer has come: {@link Lanes.deliver} has something to do now. */
  readonly wake: () => void;
}

/** Hears what came of an operation. */
export type Answered = (answer: Answer, now: number) => void;

interface Lane {
  /** Operations that have not been answered. */
  open: number;
  /** When it answered last or, if it had nothing to do, when it was asked: monotonic milliseconds. */
  lastMs: number;
  used: boolean;
}

/** Sends operations, and has answers heard in turns of the main thread. */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #lanes: readonly Lane[];
  readonly #sent = new Map<number, { readonly lane: Lane; readonly answered: Answered }>();
  #inbox: Reply[] = [];
  /**
   * When any lane answered last or, if none had anything to do, when one was asked: monotonic milliseconds.
   */
  #lastMs = 0;
  #isDown = false;
  #lastId = 0;
  #bytes = new Uint8Array(0);

  constructor(options: LanesOptions) {
    this.#options = options;
    const { courier, wake } = options;
    this.#lanes = Array.from(
      { length: courier.lanes + 1 },
      () => ({ open: 0, lastMs: 0, used: false }),
    );
    courier.onReply = (_lane, reply) => {
      this.#inbox.push(reply);
      if (this.#inbox.length === 1) wake();
    };
  }

  /** Indices of all lanes. */
  get all(): readonly number[] {
    return this.#lanes.map((_, index) => index);
  }

  /** How many operations have not been answered. */
  get open(): number {
    return this.#sent.size;
  }

  /** Whether answers wait to be heard. */
  get hasAnswers(): boolean {
    return this.#inbox.length > 0;
  }

  /** Whether a lane has been asked something and says nothing. */
  get silent(): boolean {
    const now = this.#options.clock.now();
    return this.#lanes.some((lane) => lane.open > 0 && now - lane.lastMs >= SILENT_MS);
  }

  /** Whether nothing is to be expected of the server. */
  get down(): boolean {
    return this.#isDown;
  }

  /** The lane for beats. */
  get beatLane(): number {
    return this.#options.courier.lanes;
  }

  /** The lane that does what concerns a name. */
  laneOf(name: string): number {
    const { lanes } = this.#options.courier;
    if (lanes === 1) return 0;
    if (this.#bytes.length < name.length) this.#bytes = new Uint8Array(2 * name.length);
    for (let at = 0; at < name.length; at++) this.#bytes[at] = name.charCodeAt(at);
    return fnv1a(this.#bytes, 0, name.length) % lanes;
  }

  /**
   * Has an operation performed. `answered` is called from {@link deliver}, once, if the server ever answers.
   */
  send(index: number, operation: Operation, answered: Answered = () => {}): void {
    const lane = this.#at(index);
    const now = this.#options.clock.now();
    if (lane.open++ === 0) lane.lastMs = now;
    if (this.#sent.size === 0) this.#lastMs = now;
    lane.used = true;
    const id = ++this.#lastId;
    this.#sent.set(id, { lane, answered });
    this.#options.courier.send(index, { id, operation });
  }

  /** Has the answers heard that came since the last time. */
  deliver(now: number): void {
    while (this.#inbox.length > 0) {
      const inbox = this.#inbox;
      this.#inbox = [];
      for (const { id, answer } of inbox) {
        const sent = this.#sent.get(id);
        assert(sent, "only what was sent is answered");
        this.#sent.delete(id);
        sent.lane.open--;
        sent.lane.lastMs = this.#lastMs = now;
        this.#isDown = false;
        sent.answered(answer, now);
      }
    }
  }

  /** Whether everything is down since now. */
  check(now: number): boolean {
    if (this.#isDown || this.#sent.size === 0) return false;
    return this.#isDown = now - this.#lastMs >= this.#options.downMs;
  }

  /**
   * Has every lane that was used close what it has open. Resolves when they have; no other answer is heard
   * any more.
   */
  close(): Promise<void> {
    const { courier } = this.#options;
    const open = new Set<number>();
    const closed = Promise.withResolvers<void>();
    courier.onReply = (_lane, { id }) => {
      if (open.delete(id) && open.size === 0) closed.resolve();
    };
    for (const index of this.all) {
      if (!this.#at(index).used) continue;
      open.add(++this.#lastId);
      courier.send(index, { id: this.#lastId, operation: { op: "close" } });
    }
    if (open.size === 0) closed.resolve();
    return closed.promise;
  }

  #at(index: number): Lane {
    const lane = this.#lanes[index];
    assert(lane, "a lane is one of those that there are");
    return lane;
  }
}
