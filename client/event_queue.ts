/**
 * What was told and not yet taken, for one consumer that takes it in a loop.
 *
 * @module
 */

/** A queue that ends, with or without an error. */
export class EventQueue<T> {
  #values: T[] = [];
  #isEnded = false;
  #error: unknown;
  #tellNews!: () => void;
  #news = new Promise<void>((resolve) => this.#tellNews = resolve);

  /** How many values wait. */
  get size(): number {
    return this.#values.length;
  }

  /** True when nothing is told any more. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Puts a value at the end; it is dropped when the queue has ended. */
  push(value: T): void {
    if (this.#isEnded) return;
    this.#values.push(value);
    this.#wake();
  }

  /** Ends the queue: what waits can still be taken, then the error is thrown, if there is one. */
  end(error?: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#error = error;
    this.#wake();
  }

  /** Drops what waits. */
  clear(): void {
    this.#values = [];
  }

  /** The next value, when it comes. Throws the error that the queue ended with. */
  async next(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      if (this.#values.length > 0) return { value: this.#values.shift()!, done: false };
      if (this.#error !== undefined) throw this.#error;
      if (this.#isEnded) return { value: undefined, done: true };
      await this.#news;
    }
  }

  #wake(): void {
    this.#tellNews();
    this.#news = new Promise((resolve) => this.#tellNews = resolve);
  }
}
