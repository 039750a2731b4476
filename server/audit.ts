/**
 * The audit stream: who did what to others, a record a line, apart from the log and whatever the log's level
 * is.
 *
 * A record is with the kernel (one write(2) with O_APPEND) when the call returns, so it survives the process,
 * however that ends. It is forced to the disk (fdatasync(2)) in the background right after, records that come
 * meanwhile together; {@link AuditFile.close} waits for the last time. What cannot be written is said in the
 * log, with the record itself, and ends nothing: a full disk must not take everybody's locks away.
 *
 * Sources: open(2), write(2), fdatasync(2).
 *
 * @module
 */
import type { Clock } from "./base/clock.ts";
import { createLog, type Log, type LogFields } from "./base/log.ts";
import { orSay } from "./base/system_error.ts";

/** Takes what is to be audited. */
export interface Audit {
  /** How many records were written, and how many could not be. */
  readonly counts: { readonly written: number; readonly failed: number };
  record(event: string, fields: LogFields): void;
}

/** An audit without a stream of its own: its records are in the log, as `audit.…`. */
export function auditInLog(log: Log): Audit {
  const counts = { written: 0, failed: 0 };
  return {
    counts,
    record(event, fields) {
      counts.written++;
      log.info(`audit.${event}`, fields);
    },
  };
}

/** What an audit file is opened with. */
export interface AuditFileOptions {
  /** Path of the file, made if missing; `-` is standard output. */
  readonly path: string;
  /** Is told what could not be written. */
  readonly log: Log;
  readonly clock: Pick<Clock, "wallMs">;
  /** Opens the path for appending. For tests that make it fail. */
  readonly open?: (path: string) => AuditSink;
}

/** What is written to. */
export type AuditSink = Pick<Deno.FsFile, "writeSync" | "syncData" | "syncDataSync" | "close">;

/** Closed. */
const NOWHERE: AuditSink = {
  writeSync: (bytes) => bytes.length,
  syncData: () => Promise.resolve(),
  syncDataSync() {},
  close() {},
};

const FILE_MODE = 0o640;
const ENCODER = new TextEncoder();

/** An audit in a file of its own. */
export class AuditFile implements Audit, AsyncDisposable {
  readonly counts = { written: 0, failed: 0 };
  readonly #options: AuditFileOptions;
  readonly #lines: Log;
  readonly #open: (path: string) => AuditSink;
  #sink: AuditSink;
  /** Whether the last line was written in part only: the next one must not be its end. */
  #isTorn = false;
  /** Whether there are records that no sync has begun after. */
  #isUnsynced = false;
  #syncing: Promise<void> | undefined;

  /** Opens the file. Throws an error of the operating system when that cannot be. */
  constructor(options: AuditFileOptions) {
    this.#options = options;
    this.#open = options.open ?? openSink;
    this.#sink = this.#open(options.path);
    this.#lines = createLog({ level: "info", clock: options.clock, write: (line) => this.#write(line) });
  }

  record(event: string, fields: LogFields): void {
    try {
      this.#lines.info(event, fields);
      this.counts.written++;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.counts.failed++;
      this.#options.log.error("audit.failed", { error, record: { event, ...fields } });
    }
  }

  /**
   * Opens the path anew, after somebody moved the file away (logrotate(8)). Throws an error of the operating
   * system when that cannot be, and then goes on with the old file. What was written to that is on the disk
   * when it is closed.
   */
  reopen(): void {
    const before = this.#sink;
    this.#sink = this.#open(this.#options.path);
    this.#isTorn = false;
    if (this.#syncing) before.syncDataSync();
    before.close();
  }

  /** Waits until all that was written is on the disk, and closes the file. */
  async close(): Promise<void> {
    await this.#syncing;
    this.#sink.close();
    this.#sink = NOWHERE;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #write(line: string): void {
    const bytes = ENCODER.encode(this.#isTorn ? `\n${line}` : line);
    for (let sent = 0; sent < bytes.length;) {
      sent += this.#sink.writeSync(bytes.subarray(sent));
      this.#isTorn = sent < bytes.length;
    }
    this.#isUnsynced = true;
    this.#syncing ??= this.#syncAll();
  }

  async #syncAll(): Promise<void> {
    while (this.#isUnsynced) {
      this.#isUnsynced = false;
      const sink = this.#sink;
      try {
        await sink.syncData();
      } catch (error) {
        if (!isSystemError(error)) throw error;
        // A pipe or a terminal has no disk behind it; and a file may have been closed for another one
        // meanwhile.
        const isNothing = (error as { code?: unknown }).code === "EINVAL" || sink !== this.#sink;
        if (!isNothing) this.#options.log.error("audit.sync_failed", { error });
      }
    }
    this.#syncing = undefined;
  }
}

function openSink(path: string): AuditSink {
  if (path !== "-") {
    return orSay(
      `Cannot open the audit file ${JSON.stringify(path)}`,
      () => Deno.openSync(path, { append: true, create: true, mode: FILE_MODE }),
    );
  }
  return { ...NOWHERE, writeSync: (bytes) => Deno.stdout.writeSync(bytes) };
}

/**
 * What the world did: full disk, closed pipe, file server away. The runtime has classes for some, and codes
 * for the others.
 */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error &&
    (typeof (error as { code?: unknown }).code === "string" ||
      Object.values(Deno.errors).some((kind) => error instanceof kind));
}
