/**
 * Keys of HTTP locks. A key is a digest of its session's id under a secret of this process: so it can be told
 * again to whoever repeats a request, and no list of keys is kept that could get into a log.
 *
 * Source: RFC 2104 (HMAC); timing attacks on comparisons, `timingSafeEqual` of node:crypto.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** Bytes of a key: 32 characters as text, which is what DoubleDutch's keys have. */
const KEY_BYTES = 24;

/** The keys of one daemon. */
export class LockKeys {
  readonly #secret: Uint8Array;

  /** `secret`: bytes that nobody can guess, at least 32. */
  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  /** The key to the locks of a session. */
  keyOf(session: string): string {
    return createHmac("sha256", this.#secret).update(session).digest().subarray(0, KEY_BYTES).toString(
      "base64url",
    );
  }

  /** True when that is the key to the locks of that session. Takes the same time whatever is different. */
  fits(session: string, key: string): boolean {
    return isSameText(this.keyOf(session), key);
  }
}

/** True when both texts are the same. How long it takes tells nothing of where they differ. */
export function isSameText(one: string, other: string): boolean {
  return timingSafeEqual(digestOf(one), digestOf(other));
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
