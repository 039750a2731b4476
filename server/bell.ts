/**
 * Has something done soon, once, however often it is asked for.
 *
 * @module
 */

/** Rings in a turn of the event loop of its own. */
export class Bell {
  readonly #ring: () => void;
  #isRung = false;
  #isSilent = false;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Rings soon, unless it is about to. */
  ring(): void {
    if (this.#isRung) return;
    this.#isRung = true;
    queueMicrotask(() => {
      this.#isRung = false;
      if (!this.#isSilent) this.#ring();
    });
  }

  /** Never rings again. */
  silence(): void {
    this.#isSilent = true;
  }
}
