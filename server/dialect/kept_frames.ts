/**
 * What a peer says while its session is being fetched from another daemon: carried out when that is done, in
 * order.
 *
 * @module
 */

/** Frames that wait, up to so many characters in all. */
export class KeptFrames {
  readonly #most: number;
  #frames: string[] | undefined;
  #size = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** True between {@link begin} and {@link end}. */
  get isOpen(): boolean {
    return this.#frames !== undefined;
  }

  begin(): void {
    this.#frames = [];
    this.#size = 0;
  }

  /** Keeps a frame; false when that would be too much. */
  keep(frame: string): boolean {
    this.#size += frame.length;
    if (this.#size > this.#most) return false;
    this.#frames?.push(frame);
    return true;
  }

  /** Gives what was kept, and keeps no more. */
  end(): readonly string[] {
    const frames = this.#frames ?? [];
    this.#frames = undefined;
    return frames;
  }
}
