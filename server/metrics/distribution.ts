/**
 * How often durations fell where: the counts behind a histogram, for every cell of a small table (say, each
 * mode and class). Noting one is an addition in an array, so that it can be done on the hot path. Pure.
 *
 * @module
 */
import { assert } from "../base/assert.ts";

/** What is known of one cell. */
export interface Spread {
  /** How many were up to each bound, those up to lower bounds too; the last one is without bound. */
  readonly cumulated: readonly number[];
  readonly sum: number;
  readonly count: number;
}

/**
 * Durations of several cells.
 *
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 *
 * const waits = new Distribution([0.1, 1]);
 * waits.note(0, 0.05);
 * waits.note(0, 7);
 * deepEqual(waits.of(0), { cumulated: [1, 1, 2], sum: 7.05, count: 2 });
 * ```
 */
export class Distribution {
  /** Upper bounds in seconds, rising. */
  readonly bounds: readonly number[];
  /** For each cell that has any: the counts between the bounds, then the sum. */
  readonly #cells: (Float64Array | undefined)[] = [];

  constructor(bounds: readonly number[]) {
    assert(bounds.every((bound, index) => index === 0 || bound > (bounds[index - 1] ?? 0)), "bounds rise");
    this.bounds = bounds;
  }

  /** Notes one duration, in seconds. */
  note(cell: number, seconds: number): void {
    const { bounds } = this;
    const counts = this.#cells[cell] ??= new Float64Array(bounds.length + 2);
    let index = 0;
    while (index < bounds.length && seconds > (bounds[index] as number)) index++;
    (counts[index] as number)++;
    (counts[bounds.length + 1] as number) += seconds;
  }

  /** What was noted for a cell; undefined when nothing was. */
  of(cell: number): Spread | undefined {
    const counts = this.#cells[cell];
    if (!counts) return undefined;
    let count = 0;
    const cumulated = [...counts.subarray(0, -1)].map((between) => count += between);
    return { cumulated, sum: counts[counts.length - 1] ?? 0, count };
  }

  /** The cells that something was noted for. */
  *cells(): Generator<number> {
    for (const index of this.#cells.keys()) if (this.#cells[index]) yield index;
  }
}
