/**
 * Every file call of a scenario fails once in every way, in the manner of SQLite's system call tests.
 * Whatever fails: nobody believes in a lock that the kernel does not hold, or whose grace mark is missing, no
 * lock is left over, every request is answered once.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { ERRNO, type ErrnoName } from "../../../../../ffi/errno.ts";
import { type FileCalls, LOCK_UNLOCK } from "../../../../../ffi/file_calls.ts";
import { type Mode, MODES } from "../../../../../client/protocol/modes.ts";
import { claimRange, FIELD } from "../../../../../server/store/directory/claim_ranges.ts";
import { IDLE_FILE_MS, TIDY_INTERVAL_MS } from "../../../../../server/store/directory/local_arbiter.ts";
import {
  graceOf,
  HEAD_BYTES,
  type Mark,
  MARK_SLOTS,
  readMark,
} from "../../../../../server/store/directory/grace_mark.ts";
import { lockFileName } from "../../../../../server/store/directory/file_name.ts";
import { covers, MODE_BIT } from "../../../../../server/lock/mode.ts";
import { LedgerError } from "../../../../../server/store/directory/ledger_errors.ts";
import { type Fault, FaultyFiles } from "../../../../support/faulty_files.ts";
import { friends } from "../../../../support/lock_model_parts.ts";
import { LEAVE_MS, RETRY_MS_MAX } from "../../../../../server/store/directory/turns.ts";
import { type BenchDaemon, StoreBench } from "../../../../support/store_bench.ts";

const ERRORS = ["EINTR", "EAGAIN", "EACCES", "ENOLCK", "EBADF", "EIO", "ENOSPC", "EMFILE"] as const;
const NAMES = ["x", "y", "z"];
/**
 * Sessions with a grace, in milliseconds. The mark that one of them leaves by a fault keeps others waiting no
 * longer than the scenario does.
 */
const GRACES: Readonly<Record<string, number>> = { a: 10, b: 20, s: 20 };

/** Real calls but for fsync, which would only cost time here. */
function unsynced(calls: FileCalls): FileCalls {
  return new Proxy(calls, {
    get(target, key: keyof FileCalls) {
      return key === "sync" ? () => 0 : target[key].bind(target);
    },
  });
}

/** Two daemons, the first of which has trouble with its files. */
class Trouble implements Disposable {
  readonly bench = new StoreBench();
  readonly calls = new FaultyFiles(unsynced(this.bench.libc));
  readonly healthy: BenchDaemon;
  troubled!: BenchDaemon;
  #id = 0;

  constructor() {
    this.healthy = this.bench.daemon({ wrap: unsynced });
  }

  /** Runs the scenario; false when the troubled daemon could not even start. */
  run(): boolean {
    try {
      this.troubled = this.bench.daemon({ wrap: () => this.calls, idleFilesMax: 1 });
    } catch (error) {
      ok(error instanceof LedgerError);
      return false;
    }
    const { bench, healthy, troubled } = this;
    const cr = this.#ask(troubled, "CR", "a");
    for (const mode of ["PW", "CW", "PR"] as const) {
      const id = this.#ask(troubled, mode, "b");
      this.#ask(healthy, "CR", "s", { waitMs: 0 });
      this.#release(troubled, id, "b");
    }
    const waits = this.#ask(healthy, "EX", "s");
    this.#pass(3);
    this.#release(troubled, cr, "a");
    this.#pass(60);
    const [reader, writer] = [this.#ask(troubled, "PR", "a"), this.#ask(troubled, "EX", "b")];
    const short = this.#ask(troubled, "PR", "c", { waitMs: 20 });
    this.#pass(30);
    for (const id of [waits, ...Array(waits).keys()]) this.#release(healthy, id, "s");
    this.#pass(60);
    this.#release(troubled, reader, "a");
    this.#release(troubled, short, "c");
    this.#pass(2);
    const other = this.#ask(troubled, "EX", "a", { name: "y" });
    Deno.removeSync(bench.path("y.lck"));
    this.#release(troubled, other, "a");
    this.#ask(troubled, "PR", "a", { name: "y" });
    this.#ask(troubled, "PR", "c", { name: "z", waitMs: 0 });
    this.#release(troubled, writer, "b");
    this.#pass(3);
    troubled.end("a");
    this.#jump();
    this.#believe();
    return true;
  }

  /** The trouble is over: all comes right by itself. */
  recover(): void {
    const { bench, healthy, troubled } = this;
    this.calls.heal();
    this.#pass(60);
    for (const session of ["a", "b", "c"]) troubled.end(session);
    healthy.end("s");
    this.#jump();
    equal(troubled.store.table.resources.size, 0);
    equal(troubled.store.lockCount, 0);
    for (const daemon of [healthy, troubled]) {
      for (const name of NAMES) this.#ask(daemon, "EX", "last", { name });
      // As long as a daemon leaves a name to others, and then some retries.
      this.#pass(LEAVE_MS + 4 * RETRY_MS_MAX);
      for (const name of NAMES) {
        ok(daemon.store.table.resources.get(name)?.heldModes === MODE_BIT.EX, `${name} can be had in EX`);
      }
      this.#believe();
      daemon.end("last");
      this.#jump();
    }
    for (const daemon of [healthy, troubled]) this.#answeredOnce(daemon);
    bench.daemon({ wrap: unsynced }); // another one can start
    for (const daemon of bench.daemons) daemon.close();
    deepEqual(this.calls.openDescriptors, []);
  }

  [Symbol.dispose](): void {
    this.bench[Symbol.dispose]();
  }

  #ask(daemon: BenchDaemon, mode: Mode, session: string, { name = "x", waitMs = Infinity } = {}): number {
    const id = ++this.#id;
    daemon.acquire(id, mode, { name, session, waitMs, graceMs: GRACES[session] ?? 0 });
    // The scenario deletes this file: it has to be there.
    if (name === "y") Deno.writeTextFileSync(this.bench.path("y.lck"), "", { append: true });
    this.#believe();
    return id;
  }

  #release(daemon: BenchDaemon, id: number, session: string): void {
    if (daemon.holds(id, session)) daemon.release(id, session);
    this.#believe();
  }

  #pass(ms: number): void {
    for (let step = 0; step < ms; step++) {
      this.bench.pass(1);
      this.#believe();
    }
  }

  /** Long enough for idle files to be closed. */
  #jump(): void {
    this.bench.nowMs += IDLE_FILE_MS + 2 * TIDY_INTERVAL_MS;
    this.bench.pass(1);
  }

  /** What both believe is possible, and the kernel keeps out what they think it does. */
  #believe(): void {
    const held: { daemon: BenchDaemon; name: string; mode: Mode; graceMs: number }[] = [];
    for (const daemon of [this.healthy, this.troubled]) {
      daemon.check();
      for (const [name, resource] of daemon.store.table.resources) {
        for (const { mode, graceMs } of resource.held) held.push({ daemon, name, mode, graceMs });
      }
    }
    for (const one of held) {
      for (const other of held) {
        if (one.daemon === other.daemon || one.name !== other.name || one.name === "y") continue;
        ok(friends(one.mode, other.mode), `${one.mode} and ${other.mode} of ${one.name} by two daemons`);
      }
      if (one.name === "y") continue;
      this.#kernelHas(one);
      if (one.graceMs > 0 && one.mode !== "NL") this.#isMarked(one);
    }
  }

  #kernelHas({ name, mode }: { name: string; mode: Mode }): void {
    const { libc } = this.bench;
    const fd = libc.open(this.bench.path(lockFileName(name)), "existing");
    ok(fd >= 0 || mode === "NL", `the file of ${name} is there`);
    for (const wanted of MODES) {
      if (wanted === "NL" || friends(wanted, mode)) continue;
      const { type, start, length } = claimRange(wanted, FIELD + 4_711);
      ok(libc.conflicting(fd, type, start, length) !== LOCK_UNLOCK, `${mode} of ${name} keeps ${wanted} out`);
    }
    libc.close(fd);
  }

  #isMarked({ name, mode, graceMs }: { name: string; mode: Mode; graceMs: number }): void {
    const head = new Uint8Array(HEAD_BYTES);
    head.set(Deno.readFileSync(this.bench.path(lockFileName(name))).subarray(0, HEAD_BYTES));
    const does = (mark: Mark | undefined) => mark && covers(mark.mode, mode) && graceOf(mark) >= graceMs;
    ok(
      Array.from({ length: MARK_SLOTS }, (_, slot) => readMark(head, slot)).some(does),
      `${mode} of ${name} is marked`,
    );
  }

  #answeredOnce(daemon: BenchDaemon): void {
    const answers = new Map<number, string[]>();
    for (const effect of daemon.effects) {
      if (effect.type !== "granted" && effect.type !== "refused") continue;
      answers.set(effect.request, [...answers.get(effect.request) ?? [], effect.type]);
    }
    for (const [id, words] of answers) equal(words.length, 1, `request ${id} of ${words}`);
    let last = 0;
    for (const { token, mode } of daemon.grants("x")) {
      ok(token >= last || mode === "NL", "[P-24] tokens never go down");
      last = token;
    }
  }
}

/** Makes call after call fail until the scenario ends before the one that would. Answers how many did. */
function sweep(fault: Fault): number {
  for (let from = 1;; from++) {
    using trouble = new Trouble();
    trouble.calls.fail({ ...fault, from });
    let at = "starting";
    try {
      const started = trouble.run();
      if (trouble.calls.failed === 0) return from - 1;
      at = "recovering";
      if (started) trouble.recover();
      else deepEqual(trouble.calls.openDescriptors, []);
    } catch (cause) {
      const kind = trouble.calls.trace[from - 1];
      throw new Error(`${at} from call ${from} (${kind}) with ${JSON.stringify(fault)}`, { cause });
    }
  }
}

for (const name of ERRORS) {
  const errno = ERRNO[name satisfies ErrnoName];
  Deno.test(`DirectoryStore survives ${name} of any one file call`, () => {
    ok(sweep({ errno }) > 100);
  });
}

Deno.test("DirectoryStore survives any one file call of which only the answer was lost", () => {
  ok(sweep({ errno: ERRNO.EIO, effect: "done" }) > 100);
});

Deno.test("DirectoryStore survives that all file calls fail from any one on, until they work again", () => {
  ok(sweep({ errno: ERRNO.EIO, times: Infinity }) > 100);
});

Deno.test("DirectoryStore survives that no descriptor is left from any moment on", () => {
  ok(sweep({ errno: ERRNO.EMFILE, kind: "open", times: Infinity }) >= 4);
});
