/**
 * The matrix of [P-22], written down once more: tests do not take it from what they test.
 *
 * @module
 */
import type { Mode } from "../../client/protocol/modes.ts";

/** Each mode with those that may be in force beside it. */
export const COMPATIBLE_MODES: Readonly<Record<Mode, readonly Mode[]>> = {
  NL: ["NL", "CR", "CW", "PR", "PW", "EX"],
  CR: ["NL", "CR", "CW", "PR", "PW"],
  CW: ["NL", "CR", "CW"],
  PR: ["NL", "CR", "PR"],
  PW: ["NL", "CR"],
  EX: ["NL"],
};
