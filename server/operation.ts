/**
 * Puts together what those who run a daemon can see of it: health and metrics.
 *
 * @module
 */
import process from "node:process";
import type { Clock } from "./base/clock.ts";
import type { OperationParts } from "./http/operation_routes.ts";
import { type HealthSources, isHealthy, readinessChecks } from "./metrics/health.ts";
import type { MetricSources, ProcessFigures } from "./metrics/metric.ts";

/** What is shown, and to whom. */
export interface OperationSources extends Omit<MetricSources, "ready" | "process"> {
  readonly refusal: HealthSources["refusal"];
  readonly clock: Clock;
}

/** Health and metrics of a daemon. */
export function operate({ refusal, clock, ...sources }: OperationSources): OperationParts {
  const { sessions } = sources;
  const startSeconds = (clock.wallMs() - performance.now()) / 1_000;
  const readiness = () => readinessChecks({ store: sessions.store, sessions, refusal });
  const all: MetricSources = {
    ...sources,
    ready: () => isHealthy(readiness()),
    process: () => processFigures(startSeconds),
  };
  return { readiness, metrics: renderer(all) };
}

/**
 * The library is loaded by the first scrape: a daemon that nobody scrapes starts without it, and so does the
 * command line.
 */
function renderer(sources: MetricSources): OperationParts["metrics"] {
  const load = async () => {
    const { Exposition, EXPOSITION_TYPE } = await import("./metrics/exposition.ts");
    return { exposition: new Exposition(sources), type: EXPOSITION_TYPE };
  };
  let loaded: ReturnType<typeof load> | undefined;
  return async () => {
    const { exposition, type } = await (loaded ??= load());
    return { text: await exposition.render(), type };
  };
}

function processFigures(startSeconds: number): ProcessFigures {
  const { user, system } = process.cpuUsage();
  return { cpuSeconds: (user + system) / 1_000_000, residentBytes: Deno.memoryUsage().rss, startSeconds };
}
