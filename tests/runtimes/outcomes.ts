/**
 * What a run of the suite has to come to.
 *
 * @module
 */
import { deepEqual, ok } from "node:assert/strict";
import { CASE_NAMES, type Outcome } from "./suite/suite.ts";

/** Fails with all cases that failed, and when one was not run. */
export function checkOutcomes(outcomes: readonly Outcome[], names: readonly string[] = CASE_NAMES): void {
  const failed = outcomes.filter(({ error }) => error !== null);
  ok(failed.length === 0, failed.map(({ name, error }) => `\n${name}\n${error}`).join("\n"));
  deepEqual(outcomes.map(({ name }) => name), names);
}
