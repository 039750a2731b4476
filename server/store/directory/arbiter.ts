/**
 * Who decides between this daemon and all others on the same directory: it keeps the claims that the lock
 * table asks for, and does with files what else the store needs. There are two: `local_arbiter.ts` for one
 * kernel, which answers in the same turn, and `nfs/nfs_arbiter.ts`, which answers when its workers have.
 * Answers come through callbacks, within the call or from {@link Arbiter.tick}.
 *
 * @module
 */
import type { Guarantee, Party } from "../../../client/protocol/messages.ts";
import type { Mode } from "../../../client/protocol/modes.ts";
import type { Admission, Candidate, Claims, Refusal } from "../../lock/claims.ts";
import type { SetValue } from "../../lock/commands.ts";

/** What other daemons and programs hold of a name. */
export interface Outside {
  /** The strongest mode, or null when they hold nothing. */
  readonly mode: Mode | null;
  /** One of the holders, once its daemon has said so. */
  readonly holder: Party | undefined;
}

/** Nobody else holds it. */
export const NOTHING_OUTSIDE: Outside = { mode: null, holder: undefined };

/** What came of asking whether a lock is held: it is, it is not, or nobody can tell now. */
export type Verdict = boolean | Refusal;

/** Who has the lock table: hears what happened to claims. */
export interface ArbiterHost {
  /** What others hold of the name may have changed. */
  retry(name: string, now: number): void;
  /** The claim on the name is gone. */
  lose(name: string, now: number): void;
  /** The answer to an admission that came `"later"`. */
  admitted(candidate: Candidate, answer: Exclude<Admission, "later">, now: number): void;
  /** The answer to a value whose setting came `"later"`. */
  valueSet(command: SetValue, refusal: Refusal | undefined): void;
  /** Who holds the name here, for people at other daemons. */
  holderOf(name: string): Party | undefined;
}

/** Keeps the claims of one daemon. Times are monotonic milliseconds. */
export interface Arbiter {
  /** What the lock table asks. */
  readonly claims: Claims;
  /** What each grant is worth. */
  readonly guarantee: Guarantee;
  /** Whether new locks can be had now, as far as a look tells: not for the hot path. */
  readonly available: boolean;
  /** When {@link tick} has something to do, or Infinity. */
  readonly nextDueMs: number;
  /**
   * Whether the lock that the daemon holds in that mode, with that token, is held; once told, by `answer`.
   */
  verify(
    name: string,
    lock: { mode: Mode; token: number },
    now: number,
    answer: (verdict: Verdict, now: number) => void,
  ): void;
  /**
   * Looks what others hold of these names, for {@link outside}; then calls `done`, at the latest a second
   * later.
   */
  look(names: readonly string[], now: number, done: () => void): void;
  /** What others hold of a name, as far as it is known now. */
  outside(name: string): Outside;
  /**
   * How long the claims on these names, and all that is admitted later, stand if nothing more is heard of
   * whoever decides, in milliseconds; Infinity where they end only with this kernel.
   */
  validForMs(names: Iterable<string>, now: number): number;
  /** Does what is due. */
  tick(now: number): void;
  /** Lets everything go. The promise is kept when all descriptors are closed, or cannot be. */
  close(): Promise<void>;
}
