/**
 * What came of requests that carried an `Idempotency-Key`: a request that is sent again finds its lock, and
 * never takes a second one.
 *
 * ```text
 *   begin ──▶ LIVING ──▶ ENDED ──▶ forgotten      [end; later: forgotten after a time, or when there are too many]
 *                └──▶ forgotten                   [forget: it was refused, so it may be tried again]
 * ```
 *
 * - LIVING: its lock is held or waited for; as many as there are locks.
 * - ENDED: its lock has ended, so a repetition that comes late is refused. Kept in the order in which they
 *   ended.
 *
 * Pure: time is an argument.
 *
 * Source: draft-ietf-httpapi-idempotency-key-header.
 *
 * @module
 */
import { assert } from "../base/assert.ts";

/** How long the key of a lock that has ended is remembered, in milliseconds. */
export const REMEMBERED_MS = 600_000;

/** What is known of one key. */
export interface Replay<T> {
  /** What was asked: a key is for one request. */
  readonly asked: string;
  /** What it is about; undefined once that has ended. */
  readonly living: T | undefined;
}

/** The keys of one daemon. */
export class Replays<T> {
  readonly #endedMax: number;
  readonly #living = new Map<string, Replay<T>>();
  readonly #ended = new Map<string, { readonly asked: string; readonly untilMs: number }>();

  constructor({ endedMax }: { readonly endedMax: number }) {
    this.#endedMax = endedMax;
  }

  /** How many keys are known. */
  get size(): number {
    return this.#living.size + this.#ended.size;
  }

  /** What is known of a key. */
  find(key: string, now: number): Replay<T> | undefined {
    this.#purge(now);
    const ended = this.#ended.get(key);
    return this.#living.get(key) ?? (ended && { asked: ended.asked, living: undefined });
  }

  /** A request with a key of which nothing is known has begun. */
  begin(key: string, asked: string, living: T): void {
    assert(!this.#living.has(key) && !this.#ended.has(key), "a key is for one request");
    this.#living.set(key, { asked, living });
  }

  /** The request was refused: nothing came of it. */
  forget(key: string): void {
    this.#living.delete(key);
  }

  /** What came of the request has ended. */
  end(key: string, now: number): void {
    const replay = this.#living.get(key);
    if (!replay) return;
    this.#living.delete(key);
    this.#ended.set(key, { asked: replay.asked, untilMs: now + REMEMBERED_MS });
    this.#purge(now);
  }

  #purge(now: number): void {
    for (const [key, { untilMs }] of this.#ended) {
      if (untilMs > now && this.#ended.size <= this.#endedMax) return;
      this.#ended.delete(key);
    }
  }
}
