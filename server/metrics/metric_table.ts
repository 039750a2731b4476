/**
 * Every metric of a daemon: what it is called, what it means, and where its samples come from.
 * `docs/metrics.md` prints this table, and a test holds the two against each other. A lock name is never a
 * label, and no label takes its values from what a client sends.
 *
 * Names and units follow https://prometheus.io/docs/practices/naming/.
 *
 * @module
 */
import { LIMIT_NAMES } from "../base/limits.ts";
import type { Sessions } from "../session/sessions.ts";
import { RESULTS } from "./result.ts";
import {
  byCell,
  byLabel,
  counter,
  gauge,
  histogram,
  type Metric,
  type MetricSources,
  type Sample,
} from "./metric.ts";

/** All metrics, in the order in which they are told. */
export const METRICS: readonly Metric[] = [
  {
    name: "build_info",
    type: "gauge",
    labels: ["version", "store", "guarantee"],
    help: "1; the labels tell what runs",
    read: ({ build: { version, store, guarantee } }) => [{ labels: { version, store, guarantee }, value: 1 }],
  },
  gauge("ready", "1 while /readyz says yes", ({ ready }) => Number(ready())),
  gauge("draining", "1 while the daemon leaves service", ({ sessions }) => Number(sessions.draining)),
  gauge(
    "store_available",
    "1 while the store can arbitrate",
    ({ sessions }) => Number(sessions.store.available),
  ),
  gauge("connections", "open connections, those that are ending too", ({ connections }) => connections.size),
  {
    name: "connections_total",
    type: "counter",
    labels: ["result"],
    help:
      "connections that came: taken, refused (connectionsMax, or the daemon stops), failed (say, no descriptor left)",
    read: ({ connections: { counts: { taken, refused, failedAccepts } } }) =>
      byLabel("result", { taken, refused, failed: failedAccepts }),
  },
  counter(
    "slow_readers_cut_total",
    "connections that were cut since more than outputBytesMax waited to be read",
    ({ connections }) => connections.counts.slowReaders,
  ),
  {
    name: "sessions",
    type: "gauge",
    labels: ["transport", "state"],
    help: "sessions by what their connection is or was, connected or detached (within their grace)",
    read: ({ sessions }) => countSessions(sessions),
  },
  counter("sessions_opened_total", "sessions that were opened", ({ sessions }) => sessions.counts.opened),
  counter(
    "sessions_resumed_total",
    "how often sessions were resumed",
    ({ sessions }) => sessions.counts.resumed,
  ),
  {
    name: "locks_held",
    type: "gauge",
    labels: ["mode", "class"],
    help: "locks in force; one of several names counts once, in the class of the first",
    read: ({ locks }) => byCell(locks, (cell) => locks.heldIn(cell)),
  },
  {
    name: "waiters",
    type: "gauge",
    labels: ["mode", "class"],
    help: "requests that wait, conversions too",
    read: ({ locks }) => byCell(locks, (cell) => locks.waitingIn(cell)),
  },
  {
    name: "oldest_wait_seconds",
    type: "gauge",
    labels: ["class"],
    help: "how long the request has waited that waits longest; 0 when none does",
    read: ({ locks, sessions }) => {
      const oldest = locks.oldestWaitsMs(sessions.clock.now());
      return oldest.map((ms, index) => ({
        labels: { class: locks.classNames[index] ?? "" },
        value: ms / 1_000,
      }));
    },
  },
  {
    name: "acquires_total",
    type: "counter",
    labels: ["mode", "class", "result"],
    help: `requests for locks by what came of them: ${RESULTS.join(", ")}`,
    read: ({ locks }) =>
      RESULTS.flatMap((result) =>
        byCell(locks, (cell) => locks.resultsIn(cell, result)).filter(({ value }) => value > 0)
          .map(({ labels, value }) => ({ labels: { ...labels, result }, value }))
      ),
  },
  histogram(
    "acquire_wait_seconds",
    ["mode", "class"],
    "time from a request to its grant",
    ({ locks }) => locks.waits,
  ),
  histogram(
    "hold_seconds",
    ["mode", "class"],
    "time from a grant to the end of the lock",
    ({ locks }) => locks.holds,
  ),
  {
    name: "conversions_total",
    type: "counter",
    labels: ["result"],
    help: "requests for another mode of a lock by what came of them, as above",
    read: ({ locks }) => byLabel("result", locks.conversions),
  },
  {
    name: "losses_total",
    type: "counter",
    labels: ["cause"],
    help:
      "locks that ended although their holders did not release them: by the store, broken, expired, max-hold, or with their session",
    read: ({ locks }) => byLabel("cause", locks.losses),
  },
  counter("breaks_total", "breaks that were carried out", ({ locks }) => locks.breaks),
  {
    name: "limit_refusals_total",
    type: "counter",
    labels: ["limit"],
    help:
      "how often a limit was reached: connections, sessions, locks (of a session, or lock files), queue, watches, http (locks and streams of HTTP clients), frame, output",
    read: (sources) => byLabel("limit", limitRefusals(sources)),
  },
  {
    name: "limit",
    type: "gauge",
    labels: ["limit"],
    help: "the limits in force, in the unit of their names",
    read: ({ limits }) => LIMIT_NAMES.map((limit) => ({ labels: { limit }, value: limits[limit] })),
  },
  {
    name: "store_operations_total",
    type: "counter",
    labels: ["operation", "result"],
    help:
      "what the store asked of the files (or servers) behind it: ok, refused (another daemon or program is in the way), failed",
    read: ({ operations }) =>
      [...operations.all].flatMap(([operation, { ok, refused, failed }]) =>
        byLabel("result", { ok, refused, failed }).map(({ labels, value }) => ({
          labels: { operation, ...labels },
          value,
        }))
      ),
  },
  {
    name: "store_operation_seconds",
    type: "histogram",
    labels: ["operation"],
    help: "how long operations took that can wait for a disk or a server",
    read: ({ operations }) =>
      [...operations.all].filter(([, { durations }]) => durations.of(0)).map((
        [operation, { durations }],
      ) => ({
        labels: { operation },
        distribution: durations,
        cell: 0,
      })),
  },
  {
    name: "event_loop_lag_seconds",
    type: "histogram",
    labels: [],
    help: "how late the event loop came, looked at twice a second",
    read: ({ lags }) => [{ distribution: lags, cell: 0 }],
  },
  {
    name: "audit_records_total",
    type: "counter",
    labels: ["result"],
    help: "records of the audit stream: written, or failed (and then in the log)",
    read: ({ audit: { written, failed } }) => byLabel("result", { written, failed }),
  },
  {
    name: "reloads_total",
    type: "counter",
    labels: ["result"],
    help: "what was read or opened anew on SIGHUP: done, or failed (and then the old stays)",
    read: ({ reloads: { done, failed } }) => byLabel("result", { done, failed }),
  },
  counter("process_cpu_seconds_total", "CPU time of the process", ({ process }) => process().cpuSeconds),
  gauge(
    "process_resident_memory_bytes",
    "resident memory of the process",
    ({ process }) => process().residentBytes,
  ),
  gauge(
    "process_start_time_seconds",
    "start of the process since 1970",
    ({ process }) => process().startSeconds,
  ),
];

function countSessions(sessions: Sessions): Sample[] {
  const counts = new Map<string, Sample>();
  for (const { transport, stage } of sessions.all()) {
    const state = stage === "detached" ? "detached" : "connected";
    const key = `${transport} ${state}`;
    counts.set(key, { labels: { transport, state }, value: (counts.get(key)?.value ?? 0) + 1 });
  }
  return [...counts.values()];
}

function limitRefusals({ connections: { counts }, sessions, locks }: MetricSources): Record<string, number> {
  const sum = (result: "limit" | "queue_full") =>
    locks.cells.reduce((total, _, cell) => total + locks.resultsIn(cell, result), locks.conversions[result]);
  return {
    connections: counts.refused,
    sessions: sessions.counts.refused,
    locks: sum("limit"),
    queue: sum("queue_full"),
    watches: sessions.counts.watchesRefused,
    http: sessions.counts.httpRefused,
    frame: counts.longFrames,
    output: counts.slowReaders,
  };
}
