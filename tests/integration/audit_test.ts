// The audit stream of a daemon process with the permissions that the README names, and one file more.
import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { connect, type Party } from "../../mod.ts";
import { AuditFile } from "../../server/audit.ts";
import { SYSTEM_CLOCK } from "../../server/base/clock.ts";
import { createLog } from "../../server/base/log.ts";
import { readConfig } from "../../server/config.ts";
import { Daemon } from "../../server/daemon.ts";
import { createApp } from "../../server/http/app.ts";
import { startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";

function events(path: string): { event: string; [field: string]: unknown }[] {
  return Deno.readTextFileSync(path).trim().split("\n").map((line) => JSON.parse(line));
}

Deno.test("the audit stream has every break, kick, drain and reload, also over a rotation and to the very end", async () => {
  using directory = temporaryDirectory();
  const path = `${directory.path}/audit.jsonl`;
  await using daemon = await startDaemonProcess(directory.path, ["--audit-log", path]);
  await using holder = await connect(daemon.url, { name: "holder" });
  await using admin = await connect(daemon.url, { name: "admin" });
  const lock = await holder.acquire("a");
  await admin.break("a", { token: lock.token, reason: "test" });
  await rejects(admin.break("a", { token: lock.token, reason: "again" }), { code: "NOT_HELD" });
  Deno.renameSync(path, `${path}.1`);
  daemon.kill("SIGHUP");
  await eventually("a new audit file", () => {
    try {
      return Deno.statSync(path).size > 0;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return false;
    }
  });
  const raw = await Deno.connect({ hostname: "127.0.0.1", port: daemon.tcpPort });
  const frames = [
    { id: 1, op: "hello", version: 1 },
    { id: 2, op: "drain" },
  ];
  await raw.write(new TextEncoder().encode(frames.map((frame) => JSON.stringify(frame)).join("\n") + "\n"));
  equal((await daemon.status).code, 0);
  raw.close();
  const [start, asked, broken, again, ...before] = events(`${path}.1`);
  deepEqual([start?.event, asked?.event, asked?.name, asked?.reason, before], [
    "daemon.start",
    "lock.break",
    "a",
    "test",
    [],
  ]);
  const { holders, session, request, event } = broken as unknown as { holders: Party[] } & typeof asked;
  deepEqual([event, session, request], ["lock.broken", asked?.session, asked?.request]);
  deepEqual(holders.map(({ client, token }) => [client?.name, token]), [["holder", lock.token]]);
  deepEqual([again?.event, again?.reason], ["lock.break", "again"]);
  deepEqual(events(path).map(({ event }) => event), ["config.reload", "daemon.drain", "daemon.stop"]);
  deepEqual(daemon.log.filter(({ event }) => event.startsWith("audit.")), []);
});

Deno.test("without a file of its own the audit is in the log", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path);
  daemon.kill("SIGTERM");
  equal((await daemon.status).code, 0);
  await eventually("the last record", () => daemon.log.some(({ event }) => event === "audit.daemon.stop"));
  const audited = daemon.log.map(({ event }) => event).filter((event) => event.startsWith("audit."));
  deepEqual(audited, ["audit.daemon.start", "audit.daemon.signal", "audit.daemon.stop"]);
});

Deno.test("a full disk under the audit stream is said in the log, and takes no lock away", async () => {
  using directory = temporaryDirectory();
  const lines: string[] = [];
  const log = createLog({ level: "info", clock: SYSTEM_CLOCK, write: (line) => lines.push(line) });
  const audit = new AuditFile({ path: "/dev/full", log, clock: SYSTEM_CLOCK });
  const flags = ["--address", "127.0.0.1:0", "--http-address", "127.0.0.1:0", "--directory", directory.path];
  const config = readConfig(flags, () => undefined, () => "");
  const daemon = Daemon.start(config, { createApp, log, audit, onBroken: (error) => reportError(error) });
  const { tcp, http } = daemon.addresses;
  const holder = await connect(`distrilock://127.0.0.1:${tcp?.port}`);
  const [first, second] = [await holder.acquire("a"), await holder.acquire("b")];
  await holder.break("a", { token: first.token, reason: "test" });
  const failed = lines.map((line) => JSON.parse(line)).filter(({ event }) => event === "audit.failed");
  deepEqual(failed.map(({ record: { event, name, reason } }) => [event, name, reason]), [
    ["lock.break", "a", "test"],
    ["lock.broken", undefined, undefined],
  ]);
  equal(second.signal.aborted, false);
  const metrics = await (await fetch(`http://127.0.0.1:${http?.port}/metrics`)).text();
  match(metrics, /^distrilock_audit_records_total\{result="failed"\} 2$/m);
  await holder.close();
  await daemon.stop();
  await audit.close();
});
