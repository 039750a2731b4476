/**
 * Who watches which names, and what each watch was told. A watch is one of these:
 *
 * ```text
 *   begin ──▶ FOLLOWING ◀──▶ BEHIND      [#tell: too much of its session is unsent; tick: little enough]
 *                 └────┬────────┘
 *                      ▼
 *                    ENDED               [end, endSession]
 * ```
 *
 * - FOLLOWING: every happening of its names is told, at once and in order.
 * - BEHIND: happenings are dropped, none is kept; when it follows again that is told first, by a resync.
 *
 * So a slow watcher costs no memory, and its connection is not cut for what it did not ask for one by one.
 * Pure: time is an argument.
 *
 * @module
 */
import type { EventPush } from "../../client/protocol/messages.ts";
import { assert } from "../base/assert.ts";
import type { Happening, Refused, SessionId } from "../store/store.ts";

/** A watch is told what happened. */
export interface WatchEvent extends Omit<EventPush, "push"> {
  readonly type: "event";
  readonly session: SessionId;
}

/** A watch is told that it missed something. */
export interface WatchResync {
  readonly type: "resync";
  readonly session: SessionId;
  readonly watch: number;
  readonly seq: number;
}

/** A watch has begun, or was found when it was asked for again. */
export interface Watching {
  readonly type: "watching";
  readonly session: SessionId;
  /** The id of the watch. */
  readonly request: number;
}

/** What watches are told. */
export type WatchEffect = Watching | WatchEvent | WatchResync;

/** What the watches of a daemon stand on. */
export interface WatchesOptions {
  readonly limits: {
    readonly watchesPerSessionMax: number;
    readonly outputBytesMax: number;
  };
  /** Takes what sessions are told. It must not call back. */
  readonly tell: (effect: WatchEffect | Refused) => void;
  /** How many bytes were said to a session and not sent; Infinity while nobody hears what it is told. */
  readonly unsentBytes: (session: SessionId) => number;
  /** Whether a session may hear of a name, now. */
  readonly mayHear: (session: SessionId, name: string) => boolean;
  /** Called when the first watch begins and when the last one ends: happenings cost something to describe. */
  readonly listen: (isWanted: boolean) => void;
}

/**
 * A watch is behind when this share of `outputBytesMax` is unsent: what else the session is told must still
 * fit in.
 */
const BEHIND_SHARE = 1 / 4;
/** It has caught up when no more than this share is. */
const CAUGHT_UP_SHARE = 1 / 16;
/** How often those that are behind are looked at, in milliseconds. */
export const CATCH_UP_INTERVAL_MS = 50;

interface Watch {
  readonly session: SessionId;
  readonly id: number;
  readonly prefix: string;
  seq: number;
  isBehind: boolean;
}

/** The watches of one daemon. */
export class Watches {
  readonly #options: WatchesOptions;
  readonly #bySession = new Map<SessionId, Map<number, Watch>>();
  readonly #byPrefix = new Map<string, Set<Watch>>();
  /** How many prefixes there are of each length: what a name's beginnings are looked up for. */
  readonly #prefixLengths = new Map<number, number>();
  readonly #behind = new Set<Watch>();
  #dueMs = Infinity;

  constructor(options: WatchesOptions) {
    this.#options = options;
  }

  /** How many watches there are. */
  get size(): number {
    return [...this.#bySession.values()].reduce((size, watches) => size + watches.size, 0);
  }

  /** When {@link tick} has something to do: monotonic milliseconds, or Infinity. */
  get nextDueMs(): number {
    return this.#dueMs;
  }

  /**
   * Begins a watch, named by the id of its request. The same once more is the same watch. Tells `watching` or
   * `refused`.
   */
  begin(session: SessionId, id: number, prefix: string): void {
    const { tell, limits: { watchesPerSessionMax } } = this.#options;
    const watches = this.#bySession.get(session);
    const living = watches?.get(id);
    if (living && living.prefix !== prefix) {
      const message = `Cannot watch ${prefix}*: the watch ${id} is of ${living.prefix}*`;
      return tell({ type: "refused", session, request: id, code: "BAD_REQUEST", message });
    }
    if (!living && (watches?.size ?? 0) >= watchesPerSessionMax) {
      const message = `Cannot watch: ${watchesPerSessionMax} watches are open, which is watchesPerSessionMax`;
      return tell({ type: "refused", session, request: id, code: "LIMIT", message });
    }
    if (!living) this.#add({ session, id, prefix, seq: 0, isBehind: false }, watches);
    tell({ type: "watching", session, request: id });
  }

  /** Ends a watch; false when there is none of that id. */
  end(session: SessionId, id: number): boolean {
    const watches = this.#bySession.get(session);
    const watch = watches?.get(id);
    if (!watches || !watch) return false;
    watches.delete(id);
    if (watches.size === 0) this.#bySession.delete(session);
    this.#forget(watch);
    if (this.#bySession.size === 0) this.#options.listen(false);
    return true;
  }

  /** Ends all watches of a session. */
  endSession(session: SessionId): void {
    for (const id of [...this.#bySession.get(session)?.keys() ?? []]) this.end(session, id);
  }

  /** Tells those who watch the name, in the order in which this is called. */
  happened(happening: Happening, now: number): void {
    const { name } = happening;
    for (const length of this.#prefixLengths.keys()) {
      if (length > name.length) continue;
      for (const watch of this.#byPrefix.get(name.slice(0, length)) ?? []) this.#tell(watch, happening, now);
    }
  }

  /** Somebody hears a session again that nobody heard: what it missed is told soon. */
  heardAgain(session: SessionId, now: number): void {
    const watches = [...this.#bySession.get(session)?.values() ?? []];
    if (watches.some(({ isBehind }) => isBehind)) this.#dueMs = Math.min(this.#dueMs, now);
  }

  /** Tells those that have caught up that they missed something. */
  tick(now: number): void {
    if (now < this.#dueMs) return;
    this.#dueMs = Infinity;
    const { tell, limits: { outputBytesMax } } = this.#options;
    for (const watch of this.#behind) {
      const unsent = this.#options.unsentBytes(watch.session);
      if (unsent <= CAUGHT_UP_SHARE * outputBytesMax) {
        this.#behind.delete(watch);
        watch.isBehind = false;
        tell({ type: "resync", session: watch.session, watch: watch.id, seq: ++watch.seq });
      } else if (unsent !== Infinity) this.#dueMs = now + CATCH_UP_INTERVAL_MS;
    }
  }

  /** Throws when a watch stands in one list and not in another. */
  checkInvariants(): void {
    const watches = [...this.#bySession.values()].flatMap((ofSession) => [...ofSession.values()]);
    for (const watch of watches) {
      assert(this.#byPrefix.get(watch.prefix)?.has(watch), "a watch is found by its prefix");
      assert(this.#behind.has(watch) === watch.isBehind, "who is behind is in the list of those");
    }
    const sharers = [...this.#byPrefix.values()].reduce((count, { size }) => count + size, 0);
    assert(sharers === watches.length, "nothing is found by its prefix that has ended");
    assert([...this.#behind].every((watch) => watches.includes(watch)), "nothing is behind that has ended");
    const lengths = new Set([...this.#byPrefix.keys()].map(({ length }) => length));
    assert(
      [...this.#prefixLengths.keys()].every((length) => lengths.has(length)),
      "every length has a prefix",
    );
    assert(lengths.size === this.#prefixLengths.size, "every prefix has its length");
  }

  #add(watch: Watch, watches: Map<number, Watch> | undefined): void {
    const { session, id, prefix } = watch;
    if (this.#bySession.size === 0) this.#options.listen(true);
    if (watches) watches.set(id, watch);
    else this.#bySession.set(session, new Map([[id, watch]]));
    const sharers = this.#byPrefix.get(prefix);
    if (sharers) sharers.add(watch);
    else {
      this.#byPrefix.set(prefix, new Set([watch]));
      this.#countLength(prefix.length, 1);
    }
  }

  #tell(watch: Watch, { what, name, party, reason }: Happening, now: number): void {
    const { tell, unsentBytes, mayHear, limits: { outputBytesMax } } = this.#options;
    const { session, id } = watch;
    // Asked first: whoever may not hear of it must not see by a gap or a resync that something happened.
    if (watch.isBehind || !mayHear(session, name)) return;
    const unsent = unsentBytes(session);
    if (unsent > BEHIND_SHARE * outputBytesMax) {
      watch.isBehind = true;
      this.#behind.add(watch);
      // Whom nobody hears is not looked at before somebody does.
      if (unsent !== Infinity) this.#dueMs = Math.min(this.#dueMs, now + CATCH_UP_INTERVAL_MS);
      return;
    }
    const seq = ++watch.seq;
    const event = { type: "event", session, watch: id, seq, event: what, name, party } as const;
    tell(reason === undefined ? event : { ...event, reason });
  }

  #forget(watch: Watch): void {
    const { prefix } = watch;
    this.#behind.delete(watch);
    const sharers = this.#byPrefix.get(prefix);
    sharers?.delete(watch);
    if (sharers?.size !== 0) return;
    this.#byPrefix.delete(prefix);
    this.#countLength(prefix.length, -1);
  }

  #countLength(length: number, change: 1 | -1): void {
    const count = (this.#prefixLengths.get(length) ?? 0) + change;
    if (count > 0) this.#prefixLengths.set(length, count);
    else this.#prefixLengths.delete(length);
  }
}
