/**
 * The faults of the matrix, all pairs of them, and the table of what they did.
 *
 * @module
 */
import { type Harm, HARMS } from "./fault_machines.ts";
import { NO_SPACES } from "./net_spaces.ts";
import type { Random } from "./random.ts";

const TARGETS = ["leader", "follower", "majority", "daemon", "client"] as const;

/** Something is done to somebody. */
export interface Fault {
  readonly how: Harm;
  readonly who: typeof TARGETS[number];
}

/** Two faults at once. */
export type Pair = readonly [Fault, Fault];

/** What a pair of faults did. */
export interface PairMeasure {
  /** Locks that were granted meanwhile. */
  readonly locks: number;
  /** The longest time without any grant. */
  readonly gapMs: number;
  /** Locks that were lost by clients that lived. */
  readonly lost: number;
  /** From the fault of a client until another one had its lock; the longer one of two. */
  readonly nextMs: number | undefined;
}

/** All faults that can be had here: networks cannot be cut everywhere. */
export const FAULTS: readonly Fault[] = HARMS.filter((how) => how !== "cut" || NO_SPACES === undefined)
  .flatMap((how) => TARGETS.map((who) => ({ how, who })));

/** Every two different ones. */
export const PAIRS: readonly Pair[] = FAULTS.flatMap((one, index) =>
  FAULTS.slice(index + 1).map((other) => [one, other] as const)
);

/** Some of them, each in one order or the other. */
export function samplePairs(random: Random, count: number): Pair[] {
  const left = [...PAIRS];
  return Array.from({ length: Math.min(count, left.length) }, () => {
    const [[one, other]] = left.splice(random(left.length), 1) as [Pair];
    return random(2) === 0 ? [one, other] : [other, one];
  });
}

/** In words. */
export function shownFault({ how, who }: Fault): string {
  return `${how} of ${who}`;
}

/** The pairs that a text names, as `kill -9 of leader + cut of daemon; …`. */
export function parsePairs(text: string): Pair[] {
  const find = (name: string) => {
    const fault = FAULTS.find((one) => shownFault(one) === name.trim());
    if (!fault) throw new RangeError(`Cannot play ${name}: faults are ${FAULTS.map(shownFault).join(", ")}`);
    return fault;
  };
  return text.split(";").map((pair) => {
    const [one = "", other = ""] = pair.split("+");
    return [find(one), find(other)];
  });
}

/** A triangle of service gaps in seconds, with the time until the next holder where a client was hit. */
export function pairTable(played: readonly (readonly [Pair, PairMeasure])[]): string {
  const cells = new Map(played.map(([[one, other], measure]) => [key(one, other), measure]));
  const cell = (one: Fault, other: Fault) => {
    const measure = cells.get(key(one, other));
    if (!measure) return "";
    const { gapMs, nextMs, lost } = measure;
    const next = nextMs === undefined ? "" : `/${seconds(nextMs)}`;
    return `${seconds(gapMs)}${next}${lost > 0 ? ` LOST ${lost}` : ""}`;
  };
  const rows = FAULTS.map((one, row) => {
    const others = FAULTS.map((other, column) => column < row ? cell(one, other) : "");
    return `| ${row + 1} ${shownFault(one)} | ${others.slice(0, -1).join(" | ")} |`;
  });
  const numbers = FAULTS.slice(0, -1).map((_, index) => index + 1);
  return [`| | ${numbers.join(" | ")} |`, `|${"---|".repeat(numbers.length + 1)}`, ...rows].join("\n");
}

function key(one: Fault, other: Fault): string {
  return [shownFault(one), shownFault(other)].sort().join(" + ");
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
