/**
 * Deadlines in the order in which they fall due: a binary heap whose entries know their place, so that one
 * can be withdrawn in O(log n). One timer at the edge serves all of them.
 *
 * @module
 */
import { assert } from "./assert.ts";

/** What can have a deadline: it carries its own place in the heap (-1 = in none). */
export interface Timed {
  /** When it falls due, in monotonic milliseconds. Not to be changed while it is in a heap. */
  dueMs: number;
  heapIndex: number;
}

/** The deadlines of things of one kind. */
export class Deadlines<T extends Timed> {
  readonly #heap: T[] = [];

  /** How many deadlines are pending. */
  get size(): number {
    return this.#heap.length;
  }

  /** The earliest deadline in monotonic milliseconds, or Infinity when there is none. */
  nextMs(): number {
    return this.#heap[0]?.dueMs ?? Infinity;
  }

  /** Adds an entry that is in no heap. */
  add(entry: T): void {
    assert(entry.heapIndex === -1, "a deadline is in one heap at most");
    assert(Number.isFinite(entry.dueMs), "a deadline is finite");
    this.#heap.push(entry);
    this.#up(this.#heap.length - 1, entry);
  }

  /** Withdraws an entry; harmless when it is in no heap. */
  remove(entry: T): void {
    const index = entry.heapIndex;
    if (index === -1) return;
    assert(this.#heap[index] === entry, "a deadline is where it says it is");
    entry.heapIndex = -1;
    const last = this.#heap.pop() as T;
    if (last === entry) return;
    if (index > 0 && last.dueMs < this.#at((index - 1) >> 1).dueMs) this.#up(index, last);
    else this.#down(index, last);
  }

  /** Removes and returns the earliest entry that is due at `now`, or undefined. */
  takeDue(now: number): T | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.dueMs > now) return undefined;
    this.remove(first);
    return first;
  }

  #at(index: number): T {
    return this.#heap[index] as T;
  }

  #place(index: number, entry: T): void {
    this.#heap[index] = entry;
    entry.heapIndex = index;
  }

  #up(index: number, entry: T): void {
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#at(parent).dueMs <= entry.dueMs) break;
      this.#place(index, this.#at(parent));
      index = parent;
    }
    this.#place(index, entry);
  }

  #down(index: number, entry: T): void {
    const size = this.#heap.length;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#at(child + 1).dueMs < this.#at(child).dueMs) child++;
      if (this.#at(child).dueMs >= entry.dueMs) break;
      this.#place(index, this.#at(child));
      index = child;
    }
    this.#place(index, entry);
  }
}
