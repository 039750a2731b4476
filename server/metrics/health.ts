/**
 * Whether the daemon lives, and whether it should be sent new work: the checks behind `/livez` and `/readyz`,
 * in the words of Kubernetes. Pure.
 *
 * Source: https://kubernetes.io/docs/reference/using-api/health-checks/
 *
 * @module
 */

/** One thing that must be so. */
export interface Check {
  readonly name: string;
  /** Why it is not so, for people; undefined when it is. */
  readonly fault: string | undefined;
}

/** What readiness depends on. */
export interface HealthSources {
  readonly store: { readonly available: boolean };
  readonly sessions: { readonly draining: boolean };
  /** Why no more connections are taken; undefined when they are. */
  readonly refusal: () => { readonly message: string } | undefined;
}

/** The checks of readiness, in the order in which they are told. */
export function readinessChecks({ store, sessions, refusal }: HealthSources): readonly Check[] {
  return [
    { name: "draining", fault: sessions.draining ? "the daemon leaves service" : undefined },
    { name: "accepting", fault: refusal()?.message },
    { name: "store", fault: store.available ? undefined : "the store cannot arbitrate now" },
  ];
}

/** Whether all is well. */
export function isHealthy(checks: readonly Check[]): boolean {
  return checks.every(({ fault }) => fault === undefined);
}

/**
 * The checks, one a line, and the verdict.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * const checks = [{ name: "store", fault: undefined }, { name: "draining", fault: "the daemon leaves service" }];
 * equal(describeChecks("readyz", checks), "[+]store ok\n[-]draining failed: the daemon leaves service\nreadyz check failed\n");
 * ```
 */
export function describeChecks(what: "livez" | "readyz", checks: readonly Check[]): string {
  const lines = checks.map(({ name, fault }) =>
    fault === undefined ? `[+]${name} ok` : `[-]${name} failed: ${fault}`
  );
  return [...lines, `${what} check ${isHealthy(checks) ? "passed" : "failed"}`, ""].join("\n");
}
