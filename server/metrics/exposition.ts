/**
 * Metrics as Prometheus reads them. The library knows the format; what it tells is read from its owners at
 * the time of a scrape, so that nothing of it is on the hot path.
 *
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 *
 * @module
 */
import { Counter, Gauge, type Metric as RegisteredMetric, Registry } from "prom-client";
import { type HistogramSample, type Metric, metricName, type MetricSources } from "./metric.ts";
import { METRICS } from "./metric_table.ts";

/** What is sent as `content-type`. */
export const EXPOSITION_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** Tells metrics. */
export class Exposition {
  readonly #registry = new Registry();

  constructor(sources: MetricSources, metrics: readonly Metric[] = METRICS) {
    for (const metric of metrics) register(this.#registry, metric, sources);
  }

  /** All metrics as they are now, in the text format 0.0.4. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }
}

function register(registry: Registry, metric: Metric, sources: MetricSources): void {
  const { help, labels: labelNames } = metric;
  const options = { name: metricName(metric), help, labelNames: [...labelNames], registers: [registry] };
  if (metric.type === "histogram") {
    registry.registerMetric(readHistogram(options.name, help, () => metric.read(sources)));
  } else if (metric.type === "gauge") {
    new Gauge({
      ...options,
      collect() {
        this.reset();
        for (const { labels = {}, value } of metric.read(sources)) this.set(labels, value);
      },
    });
  } else {
    new Counter({
      ...options,
      collect() {
        this.reset();
        for (const { labels = {}, value } of metric.read(sources)) this.inc(labels, value);
      },
    });
  }
}

/**
 * A histogram whose counts are kept elsewhere. The library's own takes single durations only, which costs a
 * hash of the labels for each; a registry asks a metric for nothing but `get`.
 */
function readHistogram(name: string, help: string, read: () => readonly HistogramSample[]): RegisteredMetric {
  const get = () => {
    return Promise.resolve({
      name,
      help,
      type: "histogram",
      aggregator: "sum",
      values: read().flatMap(valuesOf(name)),
    });
  };
  return { name, help, type: "histogram", aggregator: "sum", get, reset() {} } as unknown as RegisteredMetric;
}

function valuesOf(name: string) {
  return ({ labels = {}, distribution, cell }: HistogramSample) => {
    const { cumulated = [], sum = 0, count = 0 } = distribution.of(cell) ?? {};
    const bounds = [...distribution.bounds.map(String), "+Inf"];
    return [
      ...bounds.map((le, index) => ({
        metricName: `${name}_bucket`,
        labels: { ...labels, le },
        value: cumulated[index] ?? 0,
      })),
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  };
}
