// What readiness depends on, and how it is told.
import { deepEqual, equal } from "node:assert/strict";
import { describeChecks, isHealthy, readinessChecks } from "../../../../server/metrics/health.ts";

const WELL = { store: { available: true }, sessions: { draining: false }, refusal: () => undefined };

Deno.test("readinessChecks says of each thing whether it is well, and why not", () => {
  const faults = (sources: Parameters<typeof readinessChecks>[0]) =>
    readinessChecks(sources).flatMap(({ name, fault }) => fault === undefined ? [] : [`${name}: ${fault}`]);
  deepEqual(faults(WELL), []);
  deepEqual(faults({ ...WELL, store: { available: false } }), ["store: the store cannot arbitrate now"]);
  deepEqual(faults({ ...WELL, sessions: { draining: true } }), ["draining: the daemon leaves service"]);
  deepEqual(faults({ ...WELL, refusal: () => ({ message: "10 are open" }) }), ["accepting: 10 are open"]);
});

Deno.test("describeChecks ends with the verdict, and one fault is enough for it", () => {
  const checks = readinessChecks({ ...WELL, store: { available: false } });
  equal(isHealthy(checks), false);
  equal(
    describeChecks("readyz", checks),
    "[+]draining ok\n[+]accepting ok\n[-]store failed: the store cannot arbitrate now\nreadyz check failed\n",
  );
});
