/**
 * Keeps the leases of all sessions of this daemon alive, over one stream.
 *
 * How long a lease can be relied on is counted from *before* the request to renew it was sent: etcd began to
 * count later, so it ends its count later.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { Deadlines, type Timed } from "../../base/deadlines.ts";
import type { EtcdCalls, KeepAlives } from "./calls.ts";

/** What the keeper tells. */
export interface LeaseListener {
  /** The lease was alive at `sentMs`, or later: monotonic milliseconds. */
  renewed(lease: number, sentMs: number): void;
  /** etcd does not have the lease any more. */
  gone(lease: number): void;
}

/** Of the time in which a lease has to be renewed: how often that is tried. */
const TRIES = 3;
/** Rest before a stream that failed is opened again, in milliseconds. */
const RETRY_MS = 200;

/** So many questions that were answered are remembered at most. */
const ANSWERED_MAX = 1_000;

interface Kept extends Timed {
  readonly lease: number;
  /** It was asked for and not answered. */
  isAsked: boolean;
}

interface Question {
  readonly lease: number;
  readonly sentMs: number;
}

/** Keeps leases alive. */
export class LeaseKeeper {
  readonly #calls: EtcdCalls;
  readonly #clock: Clock;
  readonly #listener: LeaseListener;
  readonly #intervalMs: number;
  readonly #callMs: number;
  readonly #kept = new Map<number, Kept>();
  readonly #due = new Deadlines<Kept>();
  #stream: KeepAlives | undefined;
  /**
   * What was asked over the stream and is not answered, in order: so it is answered. Those before `#answered`
   * are.
   */
  #questions: Question[] = [];
  #answered = 0;

  constructor({ calls, clock, listener, leaseMs, callMs }: {
    readonly calls: EtcdCalls;
    readonly clock: Clock;
    readonly listener: LeaseListener;
    /** Each lease is renewed within that time. */
    readonly leaseMs: number;
    readonly callMs: number;
  }) {
    this.#calls = calls;
    this.#clock = clock;
    this.#listener = listener;
    this.#intervalMs = leaseMs / TRIES;
    this.#callMs = callMs;
  }

  /** When {@link tick} has something to do. */
  get nextDueMs(): number {
    return Math.min(this.#due.nextMs(), this.#hangsMs);
  }

  /** Keeps a lease that was alive at `sinceMs`. */
  add(lease: number, sinceMs: number): void {
    const kept = { lease, isAsked: false, dueMs: sinceMs + this.#intervalMs, heapIndex: -1 };
    this.#kept.set(lease, kept);
    this.#due.add(kept);
  }

  /** Lets a lease be. */
  remove(lease: number): void {
    const kept = this.#kept.get(lease);
    if (!kept) return;
    this.#due.remove(kept);
    this.#kept.delete(lease);
    if (this.#kept.size > 0) return;
    this.#stream?.close();
    this.#stream = undefined;
    this.#forgetQuestions();
  }

  /** Asks for a lease now. */
  hurry(lease: number): void {
    const kept = this.#kept.get(lease);
    if (kept && !kept.isAsked) this.#schedule(kept, this.#clock.now());
  }

  tick(now: number): void {
    if (now >= this.#hangsMs) this.#startOver(now, "hangs");
    for (let kept = this.#due.takeDue(now); kept; kept = this.#due.takeDue(now)) {
      this.#stream ??= this.#open();
      kept.isAsked = true;
      this.#questions.push({ lease: kept.lease, sentMs: now });
      kept.dueMs = now + this.#intervalMs;
      this.#due.add(kept);
      this.#stream.ask(kept.lease);
    }
  }

  close(): void {
    this.#stream?.close();
    this.#stream = undefined;
    for (const lease of [...this.#kept.keys()]) this.remove(lease);
  }

  #open(): KeepAlives {
    const stream = this.#calls.keepAlive({
      renewed: (lease, ttlS) => this.#heard(stream, lease, ttlS),
      ended: () => {
        if (stream === this.#stream) this.#startOver(this.#clock.now(), "ended");
      },
    });
    return stream;
  }

  #heard(stream: KeepAlives, lease: number, ttlS: number): void {
    if (stream !== this.#stream) return;
    const question = this.#questions[this.#answered++];
    if (this.#answered === this.#questions.length) this.#forgetQuestions();
    else if (this.#answered > ANSWERED_MAX) this.#questions.splice(0, this.#answered), this.#answered = 0;
    if (question?.lease !== lease) return this.#startOver(this.#clock.now(), "hangs");
    const kept = this.#kept.get(lease);
    if (!kept) return;
    kept.isAsked = false;
    if (ttlS > 0) return this.#listener.renewed(lease, question.sentMs);
    this.remove(lease);
    this.#listener.gone(lease);
  }

  /** Nothing that was asked will be answered: asks all of it again. */
  #startOver(now: number, why: "hangs" | "ended"): void {
    if (why === "hangs") this.#stream?.giveUp();
    this.#stream = undefined;
    this.#forgetQuestions();
    const againMs = why === "hangs" ? now : now + RETRY_MS;
    for (const kept of this.#kept.values()) {
      if (!kept.isAsked) continue;
      kept.isAsked = false;
      this.#schedule(kept, againMs);
    }
  }

  /** When the stream has to be given up for not answering. */
  get #hangsMs(): number {
    return (this.#questions[this.#answered]?.sentMs ?? Infinity) + this.#callMs;
  }

  #forgetQuestions(): void {
    this.#questions = [];
    this.#answered = 0;
  }

  #schedule(kept: Kept, dueMs: number): void {
    this.#due.remove(kept);
    kept.dueMs = dueMs;
    this.#due.add(kept);
  }
}
