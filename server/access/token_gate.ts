/**
 * The gate of a daemon that has a tokens file. What it knows is replaced as a whole, while sessions live: an
 * access looks at what is known now, so that a right that was taken away is gone at once.
 *
 * Sources: timing attacks on lookups; HMAC (RFC 2104) under a key that only this process has.
 *
 * @module
 */
import { createHmac, randomBytes } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Access, Gate, Right, Unauthenticated } from "../session/access.ts";
import { allows, allowsBelow } from "./rules.ts";
import { TOKEN_BYTES_MIN, tokenDigest } from "./token_text.ts";
import type { TokenEntry } from "./tokens_text.ts";

/** Stands for the digest of those who show no token. */
const STRANGER = "";
const BLINDING_KEY_BYTES = 32;
/** One line of the log in so many milliseconds tells of refused tokens, however many there are. */
const COMPLAINT_INTERVAL_MS = 1_000;

/** What a token gate needs. */
export interface TokenGateOptions {
  readonly clock: Clock;
  readonly log: Log;
}

/** Knows the tokens of one file. */
export class TokenGate implements Gate {
  readonly #clock: Clock;
  readonly #log: Log;
  /**
   * Where an entry is found depends on this: how long the search takes tells nothing of what is in the file.
   */
  readonly #blindingKey = randomBytes(BLINDING_KEY_BYTES);
  #entries: ReadonlyMap<string, TokenEntry> = new Map();
  #nextEndWallMs = Infinity;
  #refusedCount = 0;
  #complainedMs = -Infinity;

  constructor(entries: readonly TokenEntry[], { clock, log }: TokenGateOptions) {
    this.#clock = clock;
    this.#log = log;
    this.load(entries);
  }

  /** Replaces all that is known. Sessions whose access is over by that are ended by whoever calls. */
  load(entries: readonly TokenEntry[]): void {
    this.#entries = new Map(
      entries.map((entry) => [entry.digest ? this.#blind(entry.digest) : STRANGER, entry]),
    );
    this.#nextEndWallMs = -Infinity;
  }

  get admitsStrangers(): boolean {
    return this.find(STRANGER) !== undefined;
  }

  get nextEndWallMs(): number {
    const now = this.#clock.wallMs();
    if (this.#nextEndWallMs <= now) {
      const ends = [...this.#entries.values()].map(({ expiresWallMs }) => expiresWallMs);
      this.#nextEndWallMs = Math.min(Infinity, ...ends.filter((end) => end > now));
    }
    return this.#nextEndWallMs;
  }

  identify(token: string | undefined, peer?: string): Access | Unauthenticated {
    // A short token may have been chosen by somebody: even where its digest is known it is not taken.
    const isPlausible = token === undefined || token.length >= TOKEN_BYTES_MIN;
    const key = token === undefined ? STRANGER : this.#blind(tokenDigest(token));
    const entry = this.find(key);
    if (entry && isPlausible) return new TokenAccess(this, key, entry.subject);
    this.#complain(peer);
    const fault = token === undefined ? "want a token" : "no such token, or it has expired";
    return { code: "UNAUTHENTICATED", message: `Cannot tell who asks: ${fault}` };
  }

  /** The entry that is in force under that key. For the accesses of this gate alone. */
  find(key: string): TokenEntry | undefined {
    const entry = this.#entries.get(key);
    return entry && entry.expiresWallMs > this.#clock.wallMs() ? entry : undefined;
  }

  #blind(digest: Uint8Array): string {
    return createHmac("sha256", this.#blindingKey).update(digest).digest("base64");
  }

  /** Says that somebody was refused, and how many were since it was said last. */
  #complain(peer: string | undefined): void {
    this.#refusedCount++;
    const now = this.#clock.now();
    if (now < this.#complainedMs + COMPLAINT_INTERVAL_MS) return;
    this.#log.warn("access.refused", { peer, count: this.#refusedCount });
    this.#complainedMs = now;
    this.#refusedCount = 0;
  }
}

class TokenAccess implements Access {
  readonly subject: string;
  readonly #gate: TokenGate;
  readonly #key: string;

  constructor(gate: TokenGate, key: string, subject: string) {
    this.#gate = gate;
    this.#key = key;
    this.subject = subject;
  }

  get ended(): string | undefined {
    return this.#entry ? undefined : "its token was withdrawn or has expired";
  }

  allows(right: Right, name: string): boolean {
    const entry = this.#entry;
    return entry !== undefined && allows(entry.rules, right, name);
  }

  allowsBelow(right: Right, prefix: string): boolean {
    const entry = this.#entry;
    return entry !== undefined && allowsBelow(entry.rules, right, prefix);
  }

  /** A token that was given to somebody else is not this one's any more. */
  get #entry(): TokenEntry | undefined {
    const entry = this.#gate.find(this.#key);
    return entry?.subject === this.subject ? entry : undefined;
  }
}
