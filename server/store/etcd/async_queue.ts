/**
 * What one side of a stream has to say: pushed by whoever has something, taken out by the transport. It holds
 * what the transport has not taken yet, which for keep-alives is bounded by the number of leases.
 *
 * @module
 */

/** A queue that can be iterated once. */
export class AsyncQueue<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  #wake = Promise.withResolvers<void>();
  #isEnded = false;

  /** Adds an item; harmless when the queue was ended. */
  push(item: T): void {
    if (this.#isEnded) return;
    this.#items.push(item);
    this.#wake.resolve();
  }

  /** No more items come. */
  end(): void {
    this.#isEnded = true;
    this.#wake.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      while (this.#items.length > 0) yield this.#items.shift() as T;
      if (this.#isEnded) return;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers<void>();
    }
  }
}
