/**
 * Keeps the mirror up to date: a watch, and before it a list.
 *
 * The watch begins first and the list is made after it: a watch that begins in the past is served by etcd in
 * rounds of 100 ms until it has caught up. A watch that was cut goes on where it was; when etcd has forgotten
 * that, everything is listed again.
 *
 * @module
 */
import type { Change, Entry } from "./transaction.ts";
import { type EtcdCalls, EtcdFault } from "./calls.ts";
import type { Mirror } from "./mirror.ts";
import { applyChanges, applyListing, type News } from "./mirror_changes.ts";

/** Keys of one page of a list. */
const PAGE_KEYS = 1_000;
/** Rest before the next attempt, in milliseconds: at first, and at most. */
const RETRY_MS = 100;
const RETRY_MS_MAX = 1_000;

/** Who hears of the mirror. */
export interface FollowerListener {
  /** The mirror has changed, and this is what happened. */
  news(news: News): void;
  /** The mirror follows the cluster, or does not any more. */
  following(isFollowing: boolean, fault?: EtcdFault): void;
  /** Something went wrong that must not. */
  broken(error: unknown): void;
}

/** Follows the cluster. */
export class Follower {
  readonly #calls: EtcdCalls;
  readonly #mirror: Mirror;
  readonly #listener: FollowerListener;
  #watch: Disposable | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #retryMs = RETRY_MS;
  /** Until the first list, and when etcd forgot where we were, what happened before is not to be had. */
  #mustList = true;
  /** What happened while the list is being made. */
  #early: Change[] | undefined;
  #isFollowing = false;
  #isClosed = false;

  constructor(calls: EtcdCalls, mirror: Mirror, listener: FollowerListener) {
    this.#calls = calls;
    this.#mirror = mirror;
    this.#listener = listener;
  }

  get isFollowing(): boolean {
    return this.#isFollowing;
  }

  start(): void {
    if (this.#isClosed) return;
    const { all } = this.#mirror.layout;
    const range = this.#mustList ? all : { ...all, from: this.#mirror.revision + 1 };
    this.#early = this.#mustList ? [] : undefined;
    const watch = this.#calls.watch(range, {
      begun: () => {
        if (watch === this.#watch) this.#begun(watch);
      },
      changed: (changes) => {
        if (watch === this.#watch) this.#changed(changes);
      },
      ended: (fault) => {
        if (watch === this.#watch) this.#failed(fault);
      },
    });
    this.#watch = watch;
  }

  close(): void {
    this.#isClosed = true;
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
    clearTimeout(this.#timer);
  }

  #begun(watch: Disposable): void {
    if (!this.#mustList) return this.#follows();
    void this.#list(watch).catch((error) => this.#listener.broken(error));
  }

  async #list(watch: Disposable): Promise<void> {
    const { key, end } = this.#mirror.layout.all;
    const entries: Entry[] = [];
    let revision: number | undefined;
    try {
      for (let from = key, more = true; more;) {
        const page = await this.#calls.list({
          key: from,
          end,
          limit: PAGE_KEYS,
          ...(revision === undefined ? {} : { revision }),
        });
        revision ??= page.revision;
        entries.push(...page.entries);
        more = page.more;
        from = `${page.entries.at(-1)?.key ?? key}\0`;
      }
    } catch (error) {
      if (!(error instanceof EtcdFault)) throw error;
      return watch === this.#watch ? this.#failed(error) : undefined;
    }
    if (watch !== this.#watch) return;
    const early = this.#early;
    this.#early = undefined;
    this.#mustList = false;
    this.#listener.news(applyListing(this.#mirror, entries, revision ?? 0));
    if (early) this.#changed(early);
    this.#follows();
  }

  #changed(changes: readonly Change[]): void {
    if (this.#early) this.#early.push(...changes);
    else this.#listener.news(applyChanges(this.#mirror, changes));
  }

  #follows(): void {
    this.#retryMs = RETRY_MS;
    this.#isFollowing = true;
    this.#listener.following(true);
  }

  #failed(fault: EtcdFault): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
    if (fault.reason === "compacted") this.#mustList = true;
    const wasFollowing = this.#isFollowing;
    this.#isFollowing = false;
    if (wasFollowing || this.#retryMs === RETRY_MS) this.#listener.following(false, fault);
    this.#timer = setTimeout(() => this.start(), fault.reason === "compacted" ? 0 : this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS_MAX);
  }
}
