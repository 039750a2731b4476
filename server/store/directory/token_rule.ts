/**
 * The fencing token of the next grant of a name, from what its lock file says. Every daemon computes it
 * alone, without a lock of its own around reading and writing, because the claim that it has just been given
 * already keeps out whoever could write something else:
 *
 * - EX: nobody else holds anything.
 * - PW: others hold CR at most, and CR never writes.
 * - PR, CW: others may hold the same mode, and read the same record. The first of them begins a *class*: it
 *   writes one more, and its mode. All who find their own mode as the class share that token; two who begin
 *   it at the same moment write the same bytes.
 * - CR, NL: may run beside the others, so they write nothing and take what is there. For that EX leaves one
 *   number more than it used: a CR after it is above it without writing.
 *
 * So tokens never go down, and each grant is above every earlier one that conflicts with it.
 *
 * @module
 */
import type { Mode } from "../../../client/protocol/modes.ts";

/** What a lock file says about tokens. */
export interface TokenRecord {
  /** The highest token that any grant may have. */
  readonly number: number;
  /** The mode whose grants share `number`, or NL when none may. */
  readonly mode: Mode;
}

/**
 * The token of a grant in `mode`, and the record to be written before it is given; none when the record stays
 * as it is.
 */
export function nextToken(mode: Mode, record: TokenRecord): { token: number; write?: TokenRecord } {
  const { number } = record;
  switch (mode) {
    case "NL":
    case "CR":
      return { token: number };
    case "CW":
    case "PR":
      return record.mode === mode
        ? { token: number }
        : { token: number + 1, write: { number: number + 1, mode } };
    case "PW":
      return { token: number + 1, write: { number: number + 1, mode } };
    case "EX":
      return { token: number + 1, write: { number: number + 2, mode } };
  }
}
