/**
 * What clients saw of their locks, written down with one clock, and the promises that it is checked against.
 *
 * A hold is what a client could rely on: from the moment that it learned of the grant to the moment that it
 * asked for the release, or that something ended which no lock outlives. The lock itself lasted longer on
 * both sides, so two holds that overlap here were two locks at once.
 *
 * @module
 */
import type { Mode } from "../../client/protocol/modes.ts";
import { COMPATIBLE_MODES } from "./compatible_modes.ts";

/** Something that no lock outlives: a daemon process, or a connection. */
export interface Life {
  readonly what: string;
  /** When it was ended, taken just before that; Infinity while it lasts. */
  endedMs: number;
}

/** One granted lock, as its client saw it. Times are milliseconds of one monotonic clock. */
export interface Hold {
  readonly name: string;
  readonly mode: Mode;
  readonly token: number;
  /** What the lock hangs on. */
  readonly lives: readonly Life[];
  readonly fromMs: number;
  /** When its client gave it up or learned of its loss; Infinity while neither is so. */
  toMs: number;
  /** Whether its client learned of a loss. */
  lost: boolean;
  /** The same lock in the mode that it had before. */
  readonly before?: Hold;
}

/** One request, and how often it was answered. */
export interface Ask {
  readonly what: string;
  outcomes: number;
}

/** Everything that was seen. */
export interface History {
  readonly holds: Hold[];
  readonly asks: Ask[];
}

/** What was seen and should not have been; empty when all is well. */
export function checkHistory({ holds, asks }: History): string[] {
  const wrong = asks.filter(({ outcomes }) => outcomes !== 1);
  return [
    ...wrong.map(({ what, outcomes }) => `${what} has ${outcomes} outcomes`),
    ...holds.filter(({ toMs }) => toMs === Infinity).map((hold) => `${shown(hold)} has no end`),
    ...holds.flatMap(checkLoss),
    ...[...Map.groupBy(holds, ({ name }) => name).values()].flatMap(checkName),
  ];
}

function checkLoss(hold: Hold): string[] {
  const endedMs = Math.min(...hold.lives.map((life) => life.endedMs));
  if (hold.lost && endedMs === Infinity) return [`${shown(hold)} was lost for no reason`];
  if (isVoid(hold) && !hold.lost) return [`${shown(hold)} was granted by the dead and not lost`];
  return [];
}

function checkName(holds: readonly Hold[]): string[] {
  const real = holds.filter((hold) => !isVoid(hold)).sort((one, other) => one.fromMs - other.fromMs);
  return real.flatMap((later, index) =>
    real.slice(0, index).flatMap((earlier) => {
      if (COMPATIBLE_MODES[earlier.mode].includes(later.mode)) return [];
      if (endOf(earlier) > later.fromMs) return [`${shown(earlier)} overlaps ${shown(later)}`];
      // Of a lock that keeps out less than before the token stays.
      if (earlier.token < later.token || (later.before === earlier && earlier.token === later.token)) {
        return [];
      }
      return [`${shown(later)} has no greater token than ${shown(earlier)}`];
    })
  );
}

/** Whether the grant reached its client after what it hangs on had ended. The client is told of that next. */
function isVoid({ lives, fromMs }: Hold): boolean {
  return lives.some(({ endedMs }) => endedMs <= fromMs);
}

function endOf({ toMs, lives }: Hold): number {
  return Math.min(toMs, ...lives.map(({ endedMs }) => endedMs));
}

function shown({ name, mode, token, lives, fromMs, toMs }: Hold): string {
  const time = `${fromMs.toFixed(1)} to ${toMs.toFixed(1)} ms`;
  return `${name} in ${mode} with token ${token} (${lives.map(({ what }) => what).join(", ")}; ${time})`;
}
