/**
 * What became of requests that stood in the queues of a cluster, and the promises that it is checked against:
 * first in, first out; no lock for a request that was told that it has none; no waiter that is forgotten
 * beside a free lock.
 *
 * Only what is certain counts. Where a request stands in its queue no client is told, so an observer watches:
 * a request that it saw waiting was in the queue before that moment, and whoever asked after it came later.
 * In what order two grants were given their tokens tell, which are revisions of the whole cluster. All times
 * are milliseconds of one monotonic clock.
 *
 * @module
 */
import type { Mode } from "../../client/protocol/modes.ts";
import { COMPATIBLE_MODES } from "./compatible_modes.ts";
import type { Ask } from "./history.ts";

/** A request, from its sending to the end of what came of it. */
export interface Wish extends Ask {
  /** What the observer knows it by. */
  readonly id: string;
  readonly names: readonly string[];
  readonly mode: Mode;
  readonly sentMs: number;
  /** Infinity while it has no answer. */
  answeredMs: number;
  /** By name, when it was granted. */
  tokens?: ReadonlyMap<string, number>;
  /**
   * It ended without a lock as its client wished, at a timeout or an abort, and not before this time; until
   * then it stood in its queue.
   */
  leftMs?: number;
  /**
   * When the time that its client would wait is over: it may be taken out of its queue then. A client that
   * does not hear of that, since its daemon ended, asks once more elsewhere, and stands at the end.
   */
  patienceEndsMs?: number;
  /** Why it was not granted. */
  error?: string;
  /** When nothing of it is left: its release, or its end without a lock, was answered. */
  freeMs: number;
}

/** What an observer was told of a request. */
export interface Sighting {
  readonly what: "waiting" | "granted";
  readonly id: string;
  /** Of a grant. */
  readonly token?: number | undefined;
  readonly seenMs: number;
}

/** All that was seen. */
export interface QueueHistory {
  readonly wishes: Wish[];
  readonly sightings: Sighting[];
  /** From when to when something was broken on purpose: nobody promises then when something happens. */
  readonly troubles: { readonly fromMs: number; toMs: number }[];
}

/**
 * A waiter beside a free lock is forgotten when it waits longer than this, not counting troubles: so generous
 * that it means "for ever".
 */
const FORGOTTEN_MS = 10_000;

/** What was seen and should not have been; empty when all is well. `nowMs` is the end of what was seen. */
export function checkQueues(history: QueueHistory, nowMs: number): string[] {
  const queued = new Map<string, number>();
  for (const { what, id, seenMs } of history.sightings) {
    if (what === "waiting" && !queued.has(id)) queued.set(id, seenMs);
  }
  const byName = new Map<string, Wish[]>();
  for (const wish of history.wishes) {
    for (const name of wish.names) {
      const others = byName.get(name);
      if (others) others.push(wish);
      else byName.set(name, [wish]);
    }
  }
  return [
    ...[...byName].flatMap(([name, wishes]) => checkOrder(name, wishes, queued)),
    ...checkPhantoms(history),
    ...checkForgotten(history, byName, { queued, nowMs }),
  ];
}

/** Nobody who asked later is granted before an earlier one that it conflicts with. */
function checkOrder(name: string, wishes: readonly Wish[], queued: ReadonlyMap<string, number>): string[] {
  const sent = wishes.filter(({ tokens }) => tokens).sort((one, other) => one.sentMs - other.sentMs);
  return wishes.flatMap((first) => {
    const queuedMs = queued.get(first.id);
    if (queuedMs === undefined) return [];
    const token = first.tokens?.get(name);
    const { answeredMs, patienceEndsMs = Infinity } = first;
    const mayHaveLeftMs = answeredMs > patienceEndsMs ? patienceEndsMs : Infinity;
    const passed = (later: Wish) =>
      later.answeredMs <= mayHaveLeftMs &&
      (token === undefined
        ? later.answeredMs < (first.leftMs ?? (first.answeredMs === Infinity ? Infinity : 0))
        : (later.tokens?.get(name) ?? Infinity) < token);
    return sent.slice(after(sent, queuedMs)).filter((later) => conflict(first, later) && passed(later))
      .map((later) => `${shown(later)} passed ${shown(first)}`);
  });
}

/**
 * A request that was told that it has no lock has none that was given later. That a grant is later its token
 * shows: it is above one that was asked for later.
 */
function checkPhantoms({ wishes, sightings, troubles }: QueueHistory): string[] {
  const byId = new Map(wishes.map((wish) => [wish.id, wish]));
  const sent = wishes.filter(({ tokens }) => tokens).sort((one, other) => one.sentMs - other.sentMs);
  // The least token of those that were sent from there on.
  const least = new Array<number>(sent.length + 1).fill(Infinity);
  for (let index = sent.length - 1; index >= 0; index--) {
    least[index] = Math.min(least[index + 1] ?? Infinity, ...sent[index]?.tokens?.values() ?? []);
  }
  return sightings.flatMap(({ what, id, token }) => {
    const wish = byId.get(id);
    if (what !== "granted" || !wish || wish.leftMs === undefined || token === undefined) return [];
    // Who cannot be reached may be given what it does not want any more, and gives it back when it is heard
    // of.
    const isTroubled = troubles.some(({ fromMs, toMs }) => fromMs <= wish.answeredMs && wish.sentMs <= toMs);
    const isLater = (least[after(sent, wish.answeredMs)] ?? Infinity) < token;
    return isLater && !isTroubled ? [`${shown(wish)} was granted token ${token} after that`] : [];
  });
}

/**
 * Nobody waits for ever beside a lock that is free: when all have ended who asked before it was seen waiting,
 * it is its turn.
 */
function checkForgotten(
  { wishes, troubles }: QueueHistory,
  byName: ReadonlyMap<string, readonly Wish[]>,
  { queued, nowMs }: { readonly queued: ReadonlyMap<string, number>; readonly nowMs: number },
): string[] {
  return wishes.flatMap((wish) => {
    const queuedMs = queued.get(wish.id);
    if (queuedMs === undefined) return [];
    const ahead = wish.names.flatMap((name) => byName.get(name) ?? [])
      .filter((other) => other !== wish && other.sentMs <= queuedMs && conflict(other, wish));
    const turnMs = Math.max(queuedMs, ...ahead.map(({ freeMs }) => freeMs));
    const endMs = Math.min(wish.leftMs ?? wish.answeredMs, nowMs);
    const troubledMs = troubles.reduce((sum, { fromMs, toMs }) => {
      return sum + Math.max(0, Math.min(toMs, endMs) - Math.max(fromMs, turnMs));
    }, 0);
    if (endMs - turnMs - troubledMs <= FORGOTTEN_MS) return [];
    return [`${shown(wish)} was forgotten from ${turnMs.toFixed(1)} to ${endMs.toFixed(1)} ms`];
  });
}

/** Where those begin that were sent after that moment. */
function after(sorted: readonly Wish[], ms: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.sentMs ?? Infinity) > ms) high = middle;
    else low = middle + 1;
  }
  return low;
}

function conflict(one: Wish, other: Wish): boolean {
  return !COMPATIBLE_MODES[one.mode].includes(other.mode);
}

function shown({ id, what, tokens, sentMs, answeredMs }: Wish): string {
  const came = tokens ? `tokens ${[...tokens.values()]}` : "no lock";
  return `request ${id} (${what}; ${sentMs.toFixed(1)} to ${answeredMs.toFixed(1)} ms, ${came})`;
}
