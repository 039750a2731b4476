/**
 * Durations on the command line.
 *
 * @module
 */
import { equal } from "node:assert/strict";
import { parseDuration } from "../../../../client/cli/duration.ts";

Deno.test("parseDuration reads seconds and units", () => {
  for (
    const [text, ms] of [
      ["0", 0],
      ["30", 30_000],
      ["0.5", 500],
      ["500ms", 500],
      ["30s", 30_000],
      ["5m", 300_000],
      ["2h", 7_200_000],
      ["1d", 86_400_000],
      ["2147483647ms", 2_147_483_647],
    ] as const
  ) equal(parseDuration(text), ms, text);
});

Deno.test("parseDuration refuses everything else", () => {
  for (
    const text of ["", "s", "-1", "+1", "1 s", "1S", "1w", "1e3", ".5", "5.", "0x10", "2147483648ms", "1s1s"]
  ) {
    equal(parseDuration(text), undefined, text);
  }
});
