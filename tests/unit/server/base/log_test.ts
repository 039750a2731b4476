import { deepEqual, equal, match, ok } from "node:assert/strict";
import fc from "fast-check";
import { createLog, type Log, LOG_LEVELS, type LogLevel, SILENT_LOG } from "../../../../server/base/log.ts";

/** 2025-11-21T11:30:00.123Z */
const WALL_MS = 1_763_724_600_123;

function captured(level: LogLevel): { log: Log; lines: string[]; last: () => Record<string, unknown> } {
  const lines: string[] = [];
  const log = createLog({ level, write: (line) => lines.push(line), clock: { wallMs: () => WALL_MS } });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? "") };
}

Deno.test("createLog writes one object a line: ts, level, event, then the fields", () => {
  const { log, lines } = captured("info");
  log.info("lock.granted", { name: "invoice/42", token: 7 });
  log.warn("queue.long");
  deepEqual(lines, [
    '{"ts":"2025-11-21T11:30:00.123Z","level":"info","event":"lock.granted","name":"invoice/42","token":7}\n',
    '{"ts":"2025-11-21T11:30:00.123Z","level":"warn","event":"queue.long"}\n',
  ]);
});

Deno.test("createLog drops what is below its level", () => {
  for (const [index, level] of LOG_LEVELS.entries()) {
    const { log, lines } = captured(level);
    for (const each of LOG_LEVELS) log[each](`at.${each}`);
    deepEqual(lines.map((line) => JSON.parse(line).level), LOG_LEVELS.slice(index));
  }
});

Deno.test("Log.child adds its fields to each line and leaves its parent alone", () => {
  const { log, last } = captured("info");
  const child = log.child({ session: "hq2v", step: 1 }).child({ step: 2 });
  child.info("lock.granted", { name: "a" });
  deepEqual(last(), {
    ts: "2025-11-21T11:30:00.123Z",
    level: "info",
    event: "lock.granted",
    session: "hq2v",
    step: 2,
    name: "a",
  });
  log.info("lock.released");
  equal(last()["session"], undefined);
});

Deno.test("createLog lets no field stand in for ts, level or event", () => {
  const { log, last } = captured("info");
  log.child({ ts: "never" }).error("real", { level: "debug", event: "forged" });
  deepEqual(last(), { ts: "2025-11-21T11:30:00.123Z", level: "error", event: "real" });
});

Deno.test("createLog renders an error with its name, message, code and cause, without stack", () => {
  const { log, last } = captured("info");
  const cause = Object.assign(new TypeError("no such file"), { code: "ENOENT" });
  log.error("store.failed", { error: new RangeError("Cannot open a.lck: gone", { cause }) });
  deepEqual(last()["error"], {
    name: "RangeError",
    message: "Cannot open a.lck: gone",
    cause: { name: "TypeError", message: "no such file", code: "ENOENT" },
  });
});

Deno.test("createLog renders the stack of an error at debug", () => {
  const { log, last } = captured("debug");
  log.error("store.failed", { error: new Error("gone") });
  match((last()["error"] as { stack: string }).stack, /Error: gone\n.*log_test/);
});

Deno.test("createLog writes the event even when a field cannot be written", () => {
  const { log, last } = captured("info");
  const ring: Record<string, unknown> = {};
  ring["self"] = ring;
  log.info("odd", { ring });
  equal(last()["event"], "odd");
  match(last()["unloggable"] as string, /circular/i);
  const trap = {
    get field(): string {
      throw new Error("trap");
    },
  };
  log.info("odder", { trap });
  deepEqual([last()["event"], last()["unloggable"]], ["odder", "trap"]);
  log.info("big", { count: 2n ** 64n });
  equal(last()["count"], "18446744073709551616");
});

Deno.test("createLog keeps a line one line, whatever is in a field", () => {
  const { log, lines } = captured("info");
  log.info("a\nb", { "c\rd": "e\u0000\u001b[31m\u007f\u0085\u009b\u2028\u2029f\ud800" });
  // deno-lint-ignore no-control-regex
  match(lines[0] ?? "", /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800]+\n$/);
  equal(JSON.parse(lines[0] ?? "")["c\rd"], "e\u0000\u001b[31m\u007f\u0085\u009b\u2028\u2029f\ud800");
});

Deno.test("createLog writes any fields as one line that reads back the same", () => {
  const texts = fc.string({ unit: "binary" });
  fc.assert(
    fc.property(
      texts,
      fc.dictionary(texts, texts, { maxKeys: 5 }),
      (event, fields) => {
        const { log, lines } = captured("info");
        log.info(event, { fields });
        equal(lines.length, 1);
        equal(lines[0]?.indexOf("\n"), (lines[0]?.length ?? 0) - 1);
        const read = JSON.parse(lines[0] ?? "");
        equal(read.event, event);
        deepEqual({ ...read.fields }, { ...fields });
      },
    ),
  );
});

Deno.test("createLog writes to standard error when it is given no write", async () => {
  const module = import.meta.resolve("../../../../server/base/log.ts");
  const code = `import { createLog } from ${JSON.stringify(module)};
    const log = createLog({ level: "info", clock: { wallMs: () => 0 } });
    log.info("first", { text: "zwölf\\n" });
    log.info("last");
    Deno.exit(0);`;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-lock", `data:text/javascript,${encodeURIComponent(code)}`],
    stdin: "null",
  }).output();
  ok(success);
  equal(new TextDecoder().decode(stdout), "");
  equal(
    new TextDecoder().decode(stderr),
    '{"ts":"1970-01-01T00:00:00.000Z","level":"info","event":"first","text":"zwölf\\n"}\n' +
      '{"ts":"1970-01-01T00:00:00.000Z","level":"info","event":"last"}\n',
  );
});

Deno.test("SILENT_LOG says nothing and is its own child", () => {
  for (const level of LOG_LEVELS) equal(SILENT_LOG[level]("any"), undefined);
  equal(SILENT_LOG.child({ session: "a" }), SILENT_LOG);
});
