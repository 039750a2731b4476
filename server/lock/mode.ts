/**
 * What the six lock modes mean for each other: the compatibility matrix, as bit masks.
 *
 * Source: HP OpenVMS Programming Concepts Manual, "Compatibility of Lock Modes"; `docs/protocol.md` [P-22].
 *
 * @module
 */
import { type Mode, MODES } from "../../client/protocol/modes.ts";

/** One bit a mode; a set of modes is the sum of its bits. */
export const MODE_BIT: Readonly<Record<Mode, number>> = { NL: 1, CR: 2, CW: 4, PR: 8, PW: 16, EX: 32 };

const { CR, CW, PR, PW, EX } = MODE_BIT;

/** For each mode the set of modes that may not be in force beside it. */
export const CONFLICTS: Readonly<Record<Mode, number>> = {
  NL: 0,
  CR: EX,
  CW: PR | PW | EX,
  PR: CW | PW | EX,
  PW: CW | PR | PW | EX,
  EX: CR | CW | PR | PW | EX,
};

/** Whether two locks of one name may be in force at the same time. */
export function compatible(one: Mode, other: Mode): boolean {
  return (CONFLICTS[one] & MODE_BIT[other]) === 0;
}

/**
 * The weakest mode that keeps out all that any mode of the set keeps out. That is the strongest of them, but
 * for CW and PR, of which neither covers the other: they come together only while one is converted to the
 * other. The empty set is NL.
 */
export function union(set: number): Mode {
  if ((set & (CW | PR | PW | EX)) === (CW | PR)) return "PW";
  for (let index = MODES.length - 1; index > 0; index--) {
    const mode = MODES[index] as Mode;
    if (set & MODE_BIT[mode]) return mode;
  }
  return "NL";
}

/** Whether holding `held` keeps out at least all that `wanted` keeps out. */
export function covers(held: Mode, wanted: Mode): boolean {
  return (CONFLICTS[wanted] & ~CONFLICTS[held]) === 0;
}

/** Whether each mode of a set conflicts with something of another set. */
export function allConflict(modes: number, others: number): boolean {
  return MODES.every((mode) => (modes & MODE_BIT[mode]) === 0 || (CONFLICTS[mode] & others) !== 0);
}

/** Whether something of a set conflicts with something of another set. */
export function anyConflict(modes: number, others: number): boolean {
  return MODES.some((mode) => (modes & MODE_BIT[mode]) !== 0 && (CONFLICTS[mode] & others) !== 0);
}
