/**
 * Measures what a lock costs: `deno task bench [--seconds N]`. Figures of a shared machine jump; what is
 * steady are ratios within one run, the CPU time of the server for 1,000 pairs of acquire and release, and
 * the number of system calls. `docs/benchmarks.md` keeps a history.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { startEcho } from "./echo.ts";
import { type Load, runLoad } from "./load.ts";
import { observerCosts } from "./observer_cost.ts";
import { printTable } from "./report.ts";
import { storeCosts } from "./store_cost.ts";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "2" } } });
const seconds = Number(values.seconds);

const LOADS: readonly Load[] = [
  { title: "64 connections, own names, 1 in flight", connections: 64, depth: 1, contended: false },
  { title: "64 connections, own names, 16 in flight", connections: 64, depth: 16, contended: false },
  { title: "64 connections, one name, 1 in flight", connections: 64, depth: 1, contended: true },
];

console.log("\nStore alone (one process, one name, file open):\n");
for (const sole of [false, true]) {
  if (sole) console.log("\nThe same with --sole:\n");
  printTable(["mode", "system calls to acquire", "to release", "µs a pair"], storeCosts(sole));
}

console.log("\nSession and store, with and without counts for metrics:\n");
printTable(["who looks on", "µs a pair", "ratio"], observerCosts());

console.log(
  `\nThrough sockets (${seconds} s each; floor = a server that only echoes lines, in the same run):\n`,
);
const rows: string[][] = [];
for (const load of LOADS) {
  await using echo = await startEcho();
  const floor = load.contended
    ? undefined
    : await runLoad(load, { ...echo, transport: "tcp", seconds, echo: true });
  if (floor) rows.push(row(load, "echo, TCP", floor, floor.pairsPerSecond));
  for (const transport of ["tcp", "websocket"] as const) {
    using directory = temporaryDirectory();
    await using daemon = await startDaemonProcess(directory.path);
    const place = transport === "tcp" ? daemon.url.replace("distrilock:", "tcp:") : daemon.webSocketUrl;
    const result = await runLoad(load, { pid: daemon.pid, place, transport, seconds, echo: false });
    rows.push(
      row(load, transport === "tcp" ? "daemon, TCP" : "daemon, WebSocket", result, floor?.pairsPerSecond),
    );
  }
}
printTable([
  "load",
  "server",
  "pairs/s",
  "of the floor",
  "server CPU ms / 1000 pairs",
  "p50 ms",
  "p99 ms",
  "most / fewest of a connection",
], rows);

function row(
  { title }: Load,
  server: string,
  result: Awaited<ReturnType<typeof runLoad>>,
  floor: number | undefined,
): string[] {
  const { pairsPerSecond, cpuMsPerThousand, p50Ms, p99Ms, most, fewest } = result;
  return [
    title,
    server,
    Math.round(pairsPerSecond).toLocaleString("en"),
    floor ? (pairsPerSecond / floor).toFixed(2) : "-",
    cpuMsPerThousand.toFixed(1),
    p50Ms.toFixed(2),
    p99Ms.toFixed(2),
    `${most} / ${fewest}`,
  ];
}
