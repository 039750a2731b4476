// The audit stream on real files, on a device that is always full, and on one that cannot be forced to a
// disk.
import { deepEqual, equal, match, throws } from "node:assert/strict";
import { AuditFile, auditInLog, type AuditSink } from "../../../server/audit.ts";
import { createLog, type Log } from "../../../server/base/log.ts";
import { Reloads } from "../../../server/reloads.ts";
import { temporaryDirectory } from "../../support/daemon.ts";

const CLOCK = { wallMs: () => 1_780_272_000_000 };

/** A log that keeps its lines, as objects. */
function keptLog(): { log: Log; lines: { event: string; [field: string]: unknown }[] } {
  const lines: { event: string; [field: string]: unknown }[] = [];
  return {
    lines,
    log: createLog({ level: "info", clock: CLOCK, write: (line) => lines.push(JSON.parse(line)) }),
  };
}

Deno.test("AuditFile appends a record a line, readable before close, and keeps what was there", async () => {
  using directory = temporaryDirectory();
  const path = `${directory.path}/audit`;
  Deno.writeTextFileSync(path, "before\n");
  const { log, lines } = keptLog();
  await using audit = new AuditFile({ path, log, clock: CLOCK });
  audit.record("lock.break", { name: "x", reason: "line\nend" });
  const [first, second, rest] = Deno.readTextFileSync(path).split("\n");
  equal(first, "before");
  equal(
    second,
    '{"ts":"2026-06-01T00:00:00.000Z","level":"info","event":"lock.break","name":"x","reason":"line\\nend"}',
  );
  equal(rest, "");
  equal((Deno.statSync(path).mode ?? 0) & 0o007, 0o004, "an existing file keeps its mode");
  deepEqual([audit.counts, lines], [{ written: 1, failed: 0 }, []]);
});

Deno.test("AuditFile makes a file that others may not read", async () => {
  using directory = temporaryDirectory();
  const path = `${directory.path}/audit`;
  await using _audit = new AuditFile({ path, log: keptLog().log, clock: CLOCK });
  equal((Deno.statSync(path).mode ?? 0) & 0o007, 0);
});

Deno.test("AuditFile says in the log what a full disk does not take, record and all, and goes on", async () => {
  const { log, lines } = keptLog();
  await using audit = new AuditFile({ path: "/dev/full", log, clock: CLOCK });
  audit.record("lock.break", { name: "x" });
  audit.record("session.kick", { kicked: "s" });
  deepEqual(audit.counts, { written: 0, failed: 2 });
  deepEqual(lines.map(({ event, record }) => [event, record]), [
    ["audit.failed", { event: "lock.break", name: "x" }],
    ["audit.failed", { event: "session.kick", kicked: "s" }],
  ]);
  match(JSON.stringify(lines[0]?.error), /ENOSPC/);
});

Deno.test("AuditFile begins a line of its own after one that a full disk took in part, and syncs once for many", async () => {
  const { log } = keptLog();
  let text = "";
  let room = 10;
  let syncs = 0;
  const sink: AuditSink = {
    writeSync(bytes) {
      const taken = bytes.subarray(0, room);
      if (taken.length === 0) throw Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
      text += new TextDecoder().decode(taken);
      room -= taken.length;
      return taken.length;
    },
    syncData: () => Promise.resolve(void syncs++),
    syncDataSync() {},
    close() {},
  };
  const audit = new AuditFile({ path: "x", log, clock: CLOCK, open: () => sink });
  audit.record("torn", {});
  room = Infinity;
  for (const event of ["one", "two", "three"]) audit.record(event, {});
  await audit.close();
  const [part, ...lines] = text.trimEnd().split("\n");
  deepEqual([part, lines.map((line) => JSON.parse(line).event)], ['{"ts":"202', ["one", "two", "three"]]);
  deepEqual([audit.counts, syncs], [{ written: 3, failed: 1 }, 2]);
});

Deno.test("AuditFile does not wait for a disk that is none", async () => {
  const { log, lines } = keptLog();
  const audit = new AuditFile({ path: "/dev/null", log, clock: CLOCK });
  audit.record("lock.break", {});
  await audit.close();
  deepEqual(lines, []);
});

Deno.test("AuditFile reopens its path, and loses nothing on the way", async () => {
  using directory = temporaryDirectory();
  const path = `${directory.path}/audit`;
  await using audit = new AuditFile({ path, log: keptLog().log, clock: CLOCK });
  audit.record("one", {});
  Deno.renameSync(path, `${path}.1`);
  audit.record("two", {});
  audit.reopen();
  audit.record("three", {});
  const events = (file: string) =>
    Deno.readTextFileSync(file).trim().split("\n").map((line) => JSON.parse(line).event);
  deepEqual([events(`${path}.1`), events(path)], [["one", "two"], ["three"]]);
});

Deno.test("AuditFile goes on with its file when the path cannot be opened anew", async () => {
  using directory = temporaryDirectory();
  Deno.mkdirSync(`${directory.path}/sub`);
  const path = `${directory.path}/sub/audit`;
  await using audit = new AuditFile({ path, log: keptLog().log, clock: CLOCK });
  Deno.renameSync(`${directory.path}/sub`, `${directory.path}/moved`);
  throws(() => audit.reopen(), { code: "ENOENT", message: /^Cannot open the audit file / });
  audit.record("after", {});
  match(Deno.readTextFileSync(`${directory.path}/moved/audit`), /"after"/);
});

Deno.test("Reloads tries every part, and says of each how it went", async () => {
  const reloads = new Reloads();
  const done: string[] = [];
  reloads.add("first", () => {
    throw new Deno.errors.NotFound("gone");
  });
  reloads.add("second", async () => void done.push(await Promise.resolve("second")));
  const { log, lines } = keptLog();
  await reloads.run(log, auditInLog(log));
  deepEqual([done, reloads.counts], [["second"], { done: 1, failed: 1 }]);
  deepEqual(lines.map(({ event, part, done }) => [event, part, done]), [
    ["daemon.reload_failed", "first", undefined],
    ["audit.config.reload", "first", false],
    ["daemon.reloaded", "second", undefined],
    ["audit.config.reload", "second", true],
  ]);
});
