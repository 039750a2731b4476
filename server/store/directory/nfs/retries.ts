/**
 * When names that other hosts hold are asked for again: soon at first, then more and more seldom.
 *
 * @module
 */
import type { Mode } from "../../../../client/protocol/modes.ts";
import { Deadlines } from "../../../base/deadlines.ts";
import { covers } from "../../../lock/mode.ts";
import { NFS_RETRY_MS_MAX, NFS_RETRY_MS_MIN, NFS_TURNS } from "../turns.ts";
import type { RemoteClaim } from "./remote_claim.ts";

/** The names that one daemon waits for. */
export class Retries {
  readonly #claims = new Deadlines<RemoteClaim>();

  /** When {@link takeDue} has something to give: monotonic milliseconds, or Infinity. */
  get nextDueMs(): number {
    return this.#claims.nextMs();
  }

  /** Whether asking for that mode before it is time would be in vain. */
  keepsOut({ heapIndex, awaitedMode }: RemoteClaim, mode: Mode): boolean {
    return heapIndex !== -1 && covers(mode, awaitedMode);
  }

  /** A mode is waited for. Answers whether others are to be told so now. */
  add(claim: RemoteClaim, mode: Mode, now: number): boolean {
    if (!claim.awaiting) claim.backoffMs = NFS_RETRY_MS_MIN;
    claim.awaiting = true;
    const isToTell = now >= claim.noteDueMs;
    if (isToTell) claim.noteDueMs = now + NFS_TURNS.noteRenewMs;
    if (claim.heapIndex === -1 || covers(claim.awaitedMode, mode)) claim.awaitedMode = mode;
    if (claim.heapIndex === -1) {
      claim.dueMs = now + claim.backoffMs * (0.5 + Math.random() / 2);
      claim.backoffMs = Math.min(claim.backoffMs * 1.5, NFS_RETRY_MS_MAX);
      this.#claims.add(claim);
    }
    return isToTell;
  }

  /** Takes a name out that is to be tried again; undefined when there is none. */
  takeDue(now: number): RemoteClaim | undefined {
    return this.#claims.takeDue(now);
  }

  /** Ends a wait that nobody has any more. Answers whether others are to be told so. */
  calm(claim: RemoteClaim): boolean {
    if (!claim.awaiting || claim.heapIndex !== -1 || claim.admissions > 0) return false;
    claim.awaiting = false;
    claim.noteDueMs = -Infinity;
    return true;
  }
}
