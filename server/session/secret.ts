/**
 * What proves that a session is one's own. Once it was told only a digest is kept, and fields are private: no
 * log can show it.
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

  /** The digest in hexadecimal digits: others can check the secret by it, and not learn it. */
  get digest(): string {
    return this.#digest.toString("hex");
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

/**
 * True when `digest`, in hexadecimal digits, is that of the secret `text`. Takes the same time whatever is
 * different.
 */
export function isDigestOf(digest: string, text: string): boolean {
  const known = Buffer.alloc(32);
  known.write(digest, "hex");
  return timingSafeEqual(known, digestOf(text)) && digest.length === 64;
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
