/**
 * What the parts of the etcd store share.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { Answers } from "../../lock/answers.ts";
import type { Effect } from "../../lock/effect.ts";
import type { LockTableLimits } from "../../lock/refusals.ts";
import type { StoreEffect } from "../store.ts";
import { type EtcdCalls, EtcdFault } from "./calls.ts";
import type { Layout } from "./layout.ts";
import type { Mirror } from "./mirror.ts";
import { Plans } from "./plans.ts";

/** How long the store takes for what it is asked. */
export interface ClusterTimes {
  /** What a session holds can be relied on so long after its lease was last renewed, in milliseconds. */
  readonly leaseMs: number;
  /** Deadline of one call to etcd, in milliseconds. */
  readonly callMs: number;
  /** Rest before something is asked again the first time, in milliseconds; it grows from there. */
  readonly restMs: number;
}

/** What a cluster is made with. */
export interface ClusterParts {
  readonly calls: EtcdCalls;
  readonly layout: Layout;
  readonly mirror: Mirror;
  readonly clock: Clock;
  readonly limits: LockTableLimits;
  readonly times: ClusterTimes;
  /** Names this run of the daemon. */
  readonly run: string;
  /** What the daemon is called, for people. */
  readonly daemon: string;
  readonly log: Log;
  readonly emit: (effect: StoreEffect) => void;
  /** Something was said outside of a turn. */
  readonly wake: () => void;
  readonly onBroken: (error: unknown) => void;
}

/** Whoever asks for something is answered within this time, whatever etcd does, in milliseconds. */
export const ANSWER_MS = 5_000;
/** The same for a try, and behind the end of a wait. */
export const TRY_ANSWER_MS = 900;

/** How often the rest before something is asked again is doubled. */
const REST_DOUBLINGS_MAX = 5;

/** The parts, and small things that all of them do. */
export class Cluster {
  readonly parts: ClusterParts;
  readonly plans: Plans;
  /** Puts into words what the mirror knows. */
  readonly answers: Answers;
  /** The newest revision that something of this daemon was written at. */
  writtenRevision = 0;
  isClosed = false;
  /**
   * The wall clock at monotonic zero, in milliseconds since 1970. Fixed, so that a point in time is told
   * alike whenever it is told.
   */
  readonly epochMs: number;
  readonly #rests = new Set<() => void>();
  readonly #works = new Set<Promise<void>>();
  #captured: Effect | undefined;
  #isCapturing = false;

  constructor(parts: ClusterParts) {
    this.parts = parts;
    this.epochMs = parts.clock.wallMs() - parts.clock.now();
    this.plans = new Plans(parts.layout);
    const emit = (effect: Effect) => {
      if (this.#isCapturing) this.#captured = effect;
      else this.emit(effect);
    };
    this.answers = new Answers(emit, {
      epochMs: 0,
      world: { available: true, outsideHolder: () => undefined },
    });
  }

  get now(): number {
    return this.parts.clock.now();
  }

  get wallMs(): number {
    return this.parts.clock.wallMs();
  }

  emit(effect: StoreEffect): void {
    this.parts.emit(effect);
    this.parts.wake();
  }

  /** The effect that `say` makes {@link answers} give. */
  capture(say: () => void): Effect | undefined {
    this.#isCapturing = true;
    this.#captured = undefined;
    say();
    this.#isCapturing = false;
    return this.#captured;
  }

  /** Something was written. */
  wrote(revision: number): void {
    this.writtenRevision = Math.max(this.writtenRevision, revision);
  }

  /**
   * Waits before something is asked for the `attempt`th time again. Resolves at once when the store closes.
   */
  rest(attempt: number): Promise<void> {
    const mostMs = this.parts.times.restMs * 2 ** Math.min(attempt, REST_DOUBLINGS_MAX);
    return this.pause(mostMs * (0.5 + Math.random() / 2));
  }

  /**
   * Asks until etcd answers, since asking changes nothing; undefined when `isEnough` says so, or the store
   * closes.
   */
  async repeat<T>(ask: () => Promise<T>, isEnough: () => boolean): Promise<T | undefined> {
    for (let attempt = 0; !isEnough() && !this.isClosed; attempt++) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof EtcdFault) || !error.ambiguous) throw error;
        await this.rest(attempt);
      }
    }
    return undefined;
  }

  /** Resolves after so many milliseconds, or when the store closes. */
  pause(ms: number): Promise<void> {
    if (this.isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#rests.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#rests.add(done);
    });
  }

  /** Has work go on by itself. */
  later(work: Promise<void>): Promise<void> {
    const done = work.catch((error) => {
      if (!this.isClosed) this.parts.onBroken(error);
    }).finally(() => this.#works.delete(done));
    this.#works.add(done);
    return done;
  }

  get isIdle(): boolean {
    return this.#works.size === 0;
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#works.size > 0 && !this.isClosed) await Promise.all(this.#works);
  }

  close(): void {
    this.isClosed = true;
    for (const done of [...this.#rests]) done();
  }
}
