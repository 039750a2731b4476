/**
 * Looks through the claims of a daemon at intervals: asks for new proofs in time, and ends beliefs whose
 * proofs are too old.
 *
 * @module
 */
import type { Belief } from "./belief.ts";
import type { Lanes } from "./lanes.ts";
import type { NfsClaims } from "./nfs_claims.ts";
import type { RemoteClaim } from "./remote_claim.ts";

/** Most descriptors in one beat: what was proven is to be known before the last one is. */
const BEAT_MAX = 32;
/** A round begins so often while a proof lasts. */
const ROUNDS_A_BEAT = 5;

/** What beats are made with. */
export interface BeatsOptions {
  readonly claims: NfsClaims;
  readonly lanes: Lanes;
  readonly belief: Belief;
  /** Milliseconds since the machine was started. */
  readonly bootMs: () => number;
}

/** Keeps the beliefs of one daemon. */
export class Beats {
  readonly #options: BeatsOptions;
  readonly #roundMs: number;
  #roundDueMs = 0;
  /** No belief ends before that: milliseconds since the machine was started. */
  #endMs = Infinity;
  /** The same, in monotonic milliseconds as they were at the last round. */
  #endDueMs = Infinity;

  constructor(options: BeatsOptions) {
    this.#options = options;
    this.#roundMs = options.belief.beatMs / ROUNDS_A_BEAT;
  }

  /** When {@link tick} has something to do: monotonic milliseconds. */
  get nextDueMs(): number {
    return Math.min(this.#roundDueMs, this.#endDueMs);
  }

  /** Does a round, if it is time. */
  tick(now: number): void {
    const { claims, belief: { beatMs }, bootMs } = this.#options;
    const boot = bootMs();
    if (now < this.#roundDueMs && boot < this.#endMs) return;
    this.#roundDueMs = now + this.#roundMs;
    const due: RemoteClaim[] = [];
    this.#endMs = Infinity;
    for (const claim of [...claims.all()]) {
      if (!claim.given) continue;
      if (boot >= claims.endOf(claim)) {
        claims.lose(claim, now);
        continue;
      }
      this.#endMs = Math.min(this.#endMs, claims.endOf(claim));
      if (!claim.beating && boot >= claim.provenMs + beatMs) due.push(claim);
    }
    this.#endDueMs = now + this.#endMs - boot;
    for (let from = 0; from < due.length; from += BEAT_MAX) this.#beat(due.slice(from, from + BEAT_MAX));
  }

  #beat(due: readonly RemoteClaim[]): void {
    const { claims, lanes } = this.#options;
    const epochs = due.map(({ epoch }) => epoch);
    for (const claim of due) claim.beating = true;
    const descriptors = due.map(({ descriptor }) => descriptor);
    lanes.send(lanes.beatLane, { op: "beat", descriptors }, (answer, now) => {
      const proofs = answer.type === "beaten" ? answer.proofs : [];
      due.forEach((claim, index) => {
        claim.beating = false;
        // Nothing rests on it any more, or it is another claim by now.
        if (!claim.given || claim.epoch !== epochs[index]) return;
        const proof = proofs[index];
        if (proof === "lost") claims.lose(claim, now);
        else if (typeof proof === "number") claim.provenMs = Math.max(claim.provenMs, proof);
      });
    });
  }
}
