/**
 * What proves that a session is one's own. Once it was told only a digest is kept, and fields are private: no log can show it.
 *
 * Source: timing attacks on comparisons, `timingSafeEqual` of node:crypto.
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";

/** A secret, of which only the digest is left once it was told. */
export class Secret {
  readonly #digest: Buffer;
  #text: string | undefined;

  constructor(text: string) {
    this.#digest = digestOf(text);
    this.#text = text;
  }

  /** The secret itself, for its owner: the first call tells it, later ones give undefined. */
  tell(): string | undefined {
    const text = this.#text;
    this.#text = undefined;
    return text;
  }

  /** True when `text` is the secret. Takes the same time whatever is different. */
  is(text: string): boolean {
    return timingSafeEqual(this.#digest, digestOf(text));
  }
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
