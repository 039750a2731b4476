/**
 * What the words of `distrilock lock` mean.
 *
 * @module
 */
import { deepEqual, equal, throws } from "node:assert/strict";
import { parseLockPlan } from "../../../../client/cli/lock_plan.ts";
import { UsageError } from "../../../../client/cli/usage.ts";

Deno.test("parseLockPlan fills in the defaults", () => {
  deepEqual(parseLockPlan(["a", "--", "echo", "-n", "--", "--help"]), {
    names: ["a"],
    mode: "EX",
    wait: undefined,
    reason: "echo",
    notAcquiredCode: 75,
    onLost: "term",
    killAfterMs: 5_000,
    server: undefined,
    command: ["echo", "-n", "--", "--help"],
  });
});

Deno.test("parseLockPlan reads every option", () => {
  const words =
    "-w 1.5m -m shared -E 0 --reason why --on-lost kill --kill-after 250ms --server ws://x a -- cmd";
  deepEqual(parseLockPlan(words.split(" ")), {
    names: ["a"],
    mode: "PR",
    wait: 90_000,
    reason: "why",
    notAcquiredCode: 0,
    onLost: "kill",
    killAfterMs: 250,
    server: "ws://x",
    command: ["cmd"],
  });
  equal(parseLockPlan(["-n", "a", "--", "cmd"])?.wait, 0);
  equal(parseLockPlan(["--help"]), undefined);
  deepEqual(parseLockPlan(["b", "-n", "a", "--", "c", "d"])?.names, ["b", "a"]);
});

Deno.test("parseLockPlan gives no default reason that a server would refuse", () => {
  equal(parseLockPlan(["a", "--", "/bin/two\nlines"])?.reason, undefined);
});

Deno.test("parseLockPlan refuses what makes no sense", () => {
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
      ["a", "--reason", "\n", "--", "cmd"],
    ]
  ) throws(() => parseLockPlan(words), UsageError, words.join(" "));
});
