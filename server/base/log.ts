/**
 * The log: one JSON object a line, on standard error unless told otherwise. A line begins with `ts` (ISO
 * 8601), `level` and `event` (a dotted name that never changes, for programs); the fields say the rest.
 * Whatever is in a field, a line stays one line.
 *
 * @module
 */
import { writeSync } from "node:fs";
import type { Clock } from "./clock.ts";

/** How much is logged, the most talkative first. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/** One of the {@link LOG_LEVELS}. */
export type LogLevel = typeof LOG_LEVELS[number];

/** What an event tells beside its name. Errors are welcome as values. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where the program says what happens. */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** A log whose lines carry these fields too. */
  child(fields: LogFields): Log;
}

/** What a log needs. */
export interface LogOptions {
  /** Events below it are dropped; at `debug` errors are logged with their stack. */
  readonly level: LogLevel;
  /** Takes one line, with its line end, in one piece. Default: standard error. */
  readonly write?: (line: string) => void;
  readonly clock: Pick<Clock, "wallMs">;
}

/**
 * Makes a log.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * let out = "";
 * const log = createLog({ level: "info", write: (line) => out += line, clock: { wallMs: () => 0 } });
 * log.debug("lock.waits");
 * log.child({ session: "hq2v" }).info("lock.granted", { name: "invoice/42" });
 * equal(out, '{"ts":"1970-01-01T00:00:00.000Z","level":"info","event":"lock.granted","session":"hq2v","name":"invoice/42"}\n');
 * ```
 */
export function createLog(options: LogOptions): Log {
  return boundLog({ write: writeStandardError, ...options }, {});
}

/** A log that says nothing, for tests and for embedding. */
export const SILENT_LOG: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => SILENT_LOG,
};

function boundLog(options: Required<LogOptions>, bound: LogFields): Log {
  const least = LOG_LEVELS.indexOf(options.level);
  const at = (level: LogLevel) => (event: string, fields: LogFields = {}): void => {
    if (LOG_LEVELS.indexOf(level) < least) return;
    const head = { ts: new Date(options.clock.wallMs()).toISOString(), level, event };
    // The head comes first and is repeated last: no field can stand in for it.
    options.write(
      `${renderLine({ ...head, ...bound, ...fields, ...head }, head, options.level === "debug")}\n`,
    );
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => boundLog(options, { ...bound, ...fields }),
  };
}

/**
 * JSON escapes the control characters below U+0020 itself; these also end a line, or steer a terminal,
 * somewhere.
 */
const UNSAFE_CHARACTERS = /[\u007f-\u009f\u2028\u2029]/g;

function renderLine(line: LogFields, head: LogFields, withStack: boolean): string {
  return stringify(line, head, withStack).replace(
    UNSAFE_CHARACTERS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function stringify(line: LogFields, head: LogFields, withStack: boolean): string {
  const replace = (_key: string, value: unknown): unknown => {
    if (value instanceof Error) return renderError(value, withStack);
    return typeof value === "bigint" ? value.toString() : value;
  };
  try {
    return JSON.stringify(line, replace);
  } catch (cause) {
    // A cycle, or a getter that throws: the event matters more than its fields.
    return JSON.stringify({ ...head, unloggable: cause instanceof Error ? cause.message : "fields" });
  }
}

function renderError(error: Error, withStack: boolean): LogFields {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === "string" ? { code } : {}),
    ...(cause === undefined ? {} : { cause }),
    ...(withStack ? { stack: error.stack } : {}),
  };
}

const ENCODER = new TextEncoder();

/**
 * One system call a line, so that lines of several processes on one pipe do not mix (up to PIPE_BUF, see
 * pipe(7)) and the last words before an exit are out. A log that cannot be written (closed pipe, full disk)
 * has nowhere to say so, and must not end a daemon that others hold locks of: the failure is dropped, on
 * purpose.
 */
function writeStandardError(line: string): void {
  try {
    writeSync(2, ENCODER.encode(line));
  } catch (error) {
    if (typeof (error as { code?: unknown }).code !== "string") throw error;
  }
}
