/**
 * Tokens that prove who one is, and what is kept of them.
 *
 * A token that the daemon makes has 256 random bits, which nobody finds by trying, however fast the hash is.
 * So one round of SHA-256 serves at rest, without a salt, and a hello costs a microsecond; a slow hash
 * (scrypt, RFC 7914) would help only words that people choose, and would let every stranger spend the
 * daemon's time. Tokens that people choose are therefore refused by their length.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import { TOKEN_BYTES_MAX } from "../../client/protocol/limits.ts";
import { isTokenText } from "../../client/protocol/text.ts";

/** What tokens of this project begin with: tools that look for secrets in source code find them by it. */
const TOKEN_PREFIX = "dlt_";
const TOKEN_RANDOM_BYTES = 32;

/** Shortest token that is taken, in characters: 128 bits take 22 in base64url. */
export const TOKEN_BYTES_MIN = 22;

/** Makes a token. */
export function newToken(): string {
  return TOKEN_PREFIX + randomBytes(TOKEN_RANDOM_BYTES).toString("base64url");
}

/**
 * What is wrong with a token that somebody else made, as the second half of a sentence; undefined when it is
 * a good one.
 */
export function tokenFault(token: string): string | undefined {
  if (token.length < TOKEN_BYTES_MIN) {
    return `it is shorter than ${TOKEN_BYTES_MIN} characters, so it could be guessed`;
  }
  if (isTokenText(token)) return undefined;
  return `it is not at most ${TOKEN_BYTES_MAX} printable ASCII characters without a space`;
}

/** What is kept of a token. */
export function tokenDigest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
