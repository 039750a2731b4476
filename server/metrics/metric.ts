/**
 * What a metric is, what it is made of, and how one is written down.
 *
 * @module
 */
import type { Guarantee } from "../../client/protocol/messages.ts";
import type { Limits } from "../base/limits.ts";
import type { Sessions } from "../session/sessions.ts";
import type { Distribution } from "./distribution.ts";
import type { LockTally } from "./lock_tally.ts";
import type { StoreTally } from "./store_tally.ts";

/** What metrics are made of; read at the time of a scrape, and nothing before. */
export interface MetricSources {
  readonly build: { readonly version: string; readonly store: string; readonly guarantee: Guarantee };
  readonly locks: LockTally;
  readonly operations: StoreTally;
  /** How late the event loop was. */
  readonly lags: Distribution;
  readonly sessions: Sessions;
  readonly connections: ConnectionFigures;
  readonly limits: Limits;
  readonly audit: { readonly written: number; readonly failed: number };
  readonly reloads: { readonly done: number; readonly failed: number };
  /** Whether `/readyz` says yes. */
  readonly ready: () => boolean;
  readonly process: () => ProcessFigures;
}

/** What is known of connections. */
export interface ConnectionFigures {
  /** How many are open. */
  readonly size: number;
  readonly counts: {
    readonly taken: number;
    readonly refused: number;
    readonly slowReaders: number;
    readonly longFrames: number;
    readonly failedAccepts: number;
  };
}

/** What is known of the process. */
export interface ProcessFigures {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Seconds since 1970. */
  readonly startSeconds: number;
}

/** One value, with what tells it from the others of its metric. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The values of one histogram. */
export interface HistogramSample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly distribution: Distribution;
  readonly cell: number;
}

interface Described {
  /** Without {@link METRIC_PREFIX}. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** One metric. */
export type Metric =
  | Described & {
    readonly type: "gauge" | "counter";
    readonly read: (from: MetricSources) => readonly Sample[];
  }
  | Described & {
    readonly type: "histogram";
    readonly read: (from: MetricSources) => readonly HistogramSample[];
  };

/** What the names of metrics begin with, but for those of the process, which every program calls the same. */
export const METRIC_PREFIX = "distrilock_";

/** The whole name of a metric. */
export function metricName({ name }: Pick<Metric, "name">): string {
  return name.startsWith("process_") ? name : METRIC_PREFIX + name;
}

/** A metric that goes up and down, without labels. */
export function gauge(name: string, help: string, read: (from: MetricSources) => number): Metric {
  return { name, type: "gauge", labels: [], help, read: (from) => [{ value: read(from) }] };
}

/** A metric that only goes up, without labels. */
export function counter(name: string, help: string, read: (from: MetricSources) => number): Metric {
  return { name, type: "counter", labels: [], help, read: (from) => [{ value: read(from) }] };
}

/** The durations that are noted for each mode and class. */
export function histogram(
  name: string,
  labels: readonly string[],
  help: string,
  of: (from: MetricSources) => Distribution,
): Metric {
  const read = (from: MetricSources) => {
    const { cells } = from.locks;
    const distribution = of(from);
    return [...distribution.cells()].map((cell) => ({ labels: cellLabels(cells[cell]), distribution, cell }));
  };
  return { name, type: "histogram", labels, help, read };
}

/** A sample for each key, also for those that are 0: what begins at 0 has a rate from the first event on. */
export function byLabel(label: string, values: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(values).map(([key, value]) => ({ labels: { [label]: key }, value }));
}

/** A sample for each mode and class. */
export function byCell(locks: LockTally, read: (cell: number) => number): Sample[] {
  return locks.cells.map((cell, index) => ({ labels: cellLabels(cell), value: read(index) }));
}

function cellLabels(cell: { readonly mode: string; readonly className: string } | undefined) {
  return { mode: cell?.mode ?? "", class: cell?.className ?? "" };
}
