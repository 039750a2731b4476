/**
 * What the words of `distrilock lock` mean.
 *
 * @module
 */
import { deepEqual, equal, throws } from "node:assert/strict";
import { LOCK_SPEC } from "../../../../client/cli/lock_help.ts";
import { type LockPlan, readLockPlan } from "../../../../client/cli/lock_plan.ts";
import { readWords, UsageError } from "../../../../client/cli/words.ts";

function plan(words: readonly string[]): LockPlan {
  return readLockPlan(readWords(words, LOCK_SPEC));
}

Deno.test("readLockPlan fills in the defaults", () => {
  deepEqual(plan(["a", "--", "echo", "-n", "--", "--help"]), {
    names: ["a"],
    mode: "EX",
    wait: undefined,
    reason: "echo",
    labels: undefined,
    notAcquiredCode: 75,
    onLost: "term",
    times: { graceMs: 10_000, killAfterMs: 5_000, ttlMs: undefined, maxHoldMs: undefined, leadMs: 5_250 },
    command: ["echo", "-n", "--", "--help"],
  });
});

Deno.test("readLockPlan reads every option", () => {
  const words =
    "-w 1.5m -m shared -E 0 --reason why --label team=ops --label run=7=8 --on-lost term --kill-after 250ms " +
    "--grace 20s --ttl 1m --max-hold 1h a -- cmd";
  deepEqual(plan(words.split(" ")), {
    names: ["a"],
    mode: "PR",
    wait: 90_000,
    reason: "why",
    labels: { team: "ops", run: "7=8" },
    notAcquiredCode: 0,
    onLost: "term",
    times: { graceMs: 20_000, killAfterMs: 250, ttlMs: 60_000, maxHoldMs: 3_600_000, leadMs: 500 },
    command: ["cmd"],
  });
  equal(plan(["-n", "a", "--", "cmd"]).wait, 0);
  deepEqual(plan(["b", "-n", "a", "--", "c", "d"]).names, ["b", "a"]);
});

Deno.test("readLockPlan gives no default reason that a server would refuse", () => {
  equal(plan(["a", "--", "/bin/two\nlines"]).reason, undefined);
});

Deno.test("readLockPlan refuses what makes no sense", () => {
  const labels = Array.from({ length: 9 }, (_, index) => ["--label", `l${index}=v`]).flat();
  for (
    const words of [
      [],
      ["a"],
      ["a", "--"],
      ["a", "--", ""],
      ["--", "cmd"],
      ["a", "cmd"],
      ["a", "b", "a", "--", "cmd"],
      ["a", "../b", "--", "cmd"],
      [...Array.from({ length: 33 }, (_, index) => `n${index}`), "--", "cmd"],
      ["../a", "--", "cmd"],
      ["a", "-x", "--", "cmd"],
      ["a", "-n", "-w", "1", "--", "cmd"],
      ["a", "-w", "soon", "--", "cmd"],
      ["a", "-w", "-1", "--", "cmd"],
      ["a", "-w", "25d", "--", "cmd"],
      ["a", "-w", "2147484", "--", "cmd"],
      ["a", "-m", "ex", "--", "cmd"],
      ["a", "-E", "256", "--", "cmd"],
      ["a", "-E", "x", "--", "cmd"],
      ["a", "--on-lost", "cry", "--", "cmd"],
      ["a", "--kill-after", "x", "--", "cmd"],
      ["a", "--ttl", "50ms", "--", "cmd"],
      ["a", "--ttl", "367d", "--", "cmd"],
      ["a", "--reason", "\n", "--", "cmd"],
      ["a", "--label", "x", "--", "cmd"],
      ["a", "--label", "=x", "--", "cmd"],
      ["a", "--label", "x=\n", "--", "cmd"],
      ["a", "--label", `x=${"y".repeat(65)}`, "--", "cmd"],
      ["a", "--label", "x=1", "--label", "x=2", "--", "cmd"],
      ["a", ...labels, "--", "cmd"],
    ]
  ) throws(() => plan(words), UsageError, words.join(" "));
});
