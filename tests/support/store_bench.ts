/**
 * Directory stores on real files, several in one process: their locks belong to open file descriptions, so
 * the kernel arbitrates between them as between processes. Time is a number that the test moves.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import type { FileCalls } from "../../ffi/file_calls.ts";
import { Libc } from "../../ffi/libc.ts";
import type { Mode } from "../../client/protocol/modes.ts";
import type { Effect, Fenced, Granted, SessionId } from "../../server/lock/effect.ts";
import { checkInvariants } from "../../server/lock/table_check.ts";
import { DirectoryStore } from "../../server/store/directory/directory_store.ts";
import { PRIVATE_DIRECTORY } from "../../server/store/directory/file_name.ts";
import type { Report } from "../../server/store/directory/nfs/nfs_arbiter.ts";
import { FaultyFiles } from "./faulty_files.ts";
import { type InlineCourier, openedDirect } from "./inline_courier.ts";
import { inlineNfsStore } from "./inline_nfs_store.ts";

/** How a daemon of the bench differs from the usual. */
export interface BenchOptions {
  readonly keepFiles?: boolean;
  readonly sole?: boolean;
  readonly lockFilesMax?: number;
  readonly idleFilesMax?: number;
  readonly queueLengthMax?: number;
  /**
   * The arbiter: of a local directory (the default), or of one on NFS, here with its worker in the same
   * thread.
   */
  readonly over?: "local" | "nfs";
  /** Stands between the daemon and the C library. */
  readonly wrap?: (calls: FileCalls) => FileCalls;
}

/** How an acquire of the bench differs from `x`, once, by session `s`. */
export interface BenchAcquire {
  readonly name?: string;
  readonly waitMs?: number;
  readonly session?: string;
  /** The grace of its session, if it is new. By default it has none. */
  readonly graceMs?: number;
}

/** 2026-06-01T00:00:00Z, where the clocks of a bench begin. */
export const BENCH_START_MS = 1_780_272_000_000;

/** The lease time of the file server of a bench over NFS. */
export const BENCH_LEASE_MS = 10_000;

/** A directory and the daemons that share it. */
export class StoreBench implements Disposable {
  readonly libc: Libc = Libc.open();
  /** The directory as each host sees it; daemons are on these hosts in turn. */
  readonly directories: readonly string[];
  readonly daemons: BenchDaemon[] = [];
  nowMs = 0;
  /** What the wall clocks are ahead of monotonic time. */
  wallOffsetMs: number = BENCH_START_MS;

  /**
   * `mounts` are the paths at which hosts see one and the same NFS export; absent for a directory on this
   * machine.
   */
  constructor(readonly mounts?: readonly [string, ...string[]]) {
    const prefix = "distrilock-store-";
    const first = Deno.makeTempDirSync(mounts ? { prefix, dir: mounts[0] } : { prefix });
    this.directories = mounts?.map((mount) => mount + first.slice(mounts[0].length)) ?? [first];
    Deno.mkdirSync(`${first}/${PRIVATE_DIRECTORY}`);
  }

  /** The directory as the first host sees it. */
  get directory(): string {
    return this.directories[0] as string;
  }

  /** Starts a daemon. */
  daemon(options: BenchOptions = {}): BenchDaemon {
    const daemon = new BenchDaemon(this, options);
    this.daemons.push(daemon);
    return daemon;
  }

  /** The path of a file in the directory. */
  path(file: string): string {
    return `${this.directory}/${file}`;
  }

  /** The names of the lock files. */
  lockFiles(): string[] {
    return [...Deno.readDirSync(this.directory)].map((entry) => entry.name).filter((name) => {
      return name !== PRIVATE_DIRECTORY;
    }).sort();
  }

  /** Lets time pass, in steps of one millisecond, and every daemon do what is due. */
  pass(ms: number): void {
    for (let step = 0; step < ms; step++) {
      this.nowMs++;
      for (const daemon of this.daemons) daemon.tick();
    }
  }

  /** Lets time pass until something is so, which must be within `withinMs`. Answers how long it took. */
  until(holds: () => boolean, withinMs: number): number {
    for (let ms = 0; ms <= withinMs; ms++) {
      if (holds()) return ms;
      this.pass(1);
    }
    throw new Error(`it was not so within ${withinMs} ms`);
  }

  [Symbol.dispose](): void {
    for (const daemon of this.daemons) daemon.kill();
    Deno.removeSync(this.directory, { recursive: true });
    this.libc[Symbol.dispose]();
  }
}

/** One daemon: a store, its file calls and all that it said. */
export class BenchDaemon {
  readonly calls: FaultyFiles;
  readonly store: DirectoryStore;
  /** The way to the file server, of a daemon over NFS. */
  readonly courier: InlineCourier | undefined;
  readonly effects: Effect[] = [];
  /** What it reported to its operator. */
  readonly reports: string[] = [];
  readonly #bench: StoreBench;
  readonly #sessions = new Set<string>();
  #alive = true;

  constructor(bench: StoreBench, options: BenchOptions) {
    this.#bench = bench;
    const { libc, mounts, directories } = bench;
    this.calls = new FaultyFiles(options.wrap?.(libc) ?? (mounts ? openedDirect(libc) : libc));
    const index = bench.daemons.length;
    const directory = directories[index % directories.length] as string;
    // Each a millisecond off: two notes of the same millisecond would be taken for one.
    const clock = { now: () => bench.nowMs, wallMs: () => bench.wallOffsetMs + bench.nowMs + index };
    const limits = {
      locksPerSessionMax: 10_000,
      waitersPerSessionMax: 10_000,
      queueLengthMax: options.queueLengthMax ?? 10_000,
      lockFilesMax: options.lockFilesMax ?? 1_000,
      idleFilesMax: options.idleFilesMax ?? 100,
    };
    const effects = (effect: Effect) => this.effects.push(effect);
    const common = { directory, effects, clock, limits, daemon: `daemon-${index}` };
    const { calls } = this;
    if (options.over !== "nfs") {
      const { keepFiles = false, sole = false } = options;
      const onUnmarked = () => void this.reports.push("unmarked");
      this.store = DirectoryStore.local({ ...common, calls, keepFiles, sole, onUnmarked });
      return;
    }
    const lookAt = (path: string) => void (mounts && libc.close(libc.openForReading(path)));
    const report: Report = (what, claims) => this.reports.push(claims > 0 ? `${what} ${claims}` : what);
    const made = inlineNfsStore({ ...common, calls, leaseMs: BENCH_LEASE_MS, report, lookAt });
    this.courier = made.courier;
    this.store = made.store;
  }

  /** Asks for a lock and answers with what was said about it, or undefined when it waits. */
  acquire(request: number, mode: Mode, wanted: BenchAcquire = {}): Effect | undefined {
    const { name = "x", waitMs = 0, session = "s", graceMs = 0 } = wanted;
    this.#open(session, graceMs);
    const asked = { session: session as SessionId, request, names: [name], mode, waitMs };
    this.store.acquire(asked, this.#bench.nowMs);
    this.work();
    return this.answer(request, session);
  }

  /** Asks for a lock that must be granted, and answers with its token. */
  grant(request: number, mode: Mode, wanted: BenchAcquire = {}): number {
    const answer = this.acquire(request, mode, wanted);
    ok(answer?.type === "granted", `request ${request} in ${mode} is granted: ${JSON.stringify(answer)}`);
    return answer.fenced[0].token;
  }

  /** Asks for a lock that must be refused; answers with the code. */
  refusal(request: number, mode: Mode, wanted: BenchAcquire = {}): string {
    const answer = this.acquire(request, mode, wanted);
    ok(answer?.type === "refused", `request ${request} in ${mode} is refused: ${JSON.stringify(answer)}`);
    return answer.code;
  }

  /** Asks for a lock that must wait. */
  wait(request: number, mode: Mode, wanted: BenchAcquire = {}): void {
    deepEqual(this.acquire(request, mode, { waitMs: Infinity, ...wanted }), undefined);
  }

  release(lock: number, session = "s"): void {
    this.store.release({ session: session as SessionId, request: 1_000_000 + lock, lock }, this.#bench.nowMs);
    this.work();
    equal(this.effects.some((one) => one.type === "released" && one.lock === lock), true);
  }

  /** Asks for several names in EX. */
  acquireAll(request: number, names: readonly string[], waitMs: number, graceMs = 0): Effect | undefined {
    this.#open("s", graceMs);
    this.store.acquire({ session: "s" as SessionId, request, names, mode: "EX", waitMs }, this.#bench.nowMs);
    this.work();
    return this.answer(request);
  }

  /** Leaves a value with a lock. */
  setValue(lock: number, value: string, session = "s"): void {
    const request = 2_000_000 + lock;
    this.store.setValue({ session: session as SessionId, request, lock, value });
    this.work();
    const said = this.effects.findLast((one) => "request" in one && one.request === request);
    equal(said?.type, "value-set");
  }

  /** The token of a lock that is verified; undefined when it is not. */
  verified(lock: number, session = "s"): number | undefined {
    const request = 3_000_000 + lock;
    this.store.verify({ session: session as SessionId, request, lock }, this.#bench.nowMs);
    this.work();
    const said = this.effects.findLast((one) => "request" in one && one.request === request);
    ok(said?.type === "verified" || said?.type === "refused");
    return said.type === "verified" ? said.token : undefined;
  }

  end(session = "s"): void {
    this.#sessions.delete(session);
    this.store.endSession(session as SessionId, this.#bench.nowMs);
    this.work();
  }

  /** The answer to an acquire. */
  answer(request: number, session = "s"): Effect | undefined {
    return this.effects.findLast((one) =>
      (one.type === "granted" || one.type === "refused") && one.session === session && one.request === request
    );
  }

  /** All grants of a name, in their order. */
  grants(name = "x"): (Granted & Fenced)[] {
    return this.effects.filter((one) => one.type === "granted").flatMap((grant) =>
      grant.fenced.filter((one) => one.name === name).map((one) => ({ ...grant, ...one }))
    );
  }

  /** Whether a session holds a lock, as far as the store believes. */
  holds(request: number, session = "s"): boolean {
    return this.store.table.sessions.get(session as SessionId)?.requests.get(request)?.state === "held";
  }

  /** The strongest mode that others hold. */
  outside(name = "x"): Mode | null {
    this.store.who("s" as SessionId, 999_999, name, this.#bench.nowMs);
    this.work();
    const said = this.effects.pop();
    ok(said?.type === "described");
    return said.outside;
  }

  tick(): void {
    if (this.#alive) this.store.tick(this.#bench.nowMs);
    this.work();
  }

  /** Has the worker do all that it was told, and hears the answers. Nothing, where there is none. */
  work(): void {
    while (this.#alive && this.courier?.work()) this.store.tick(this.#bench.nowMs);
  }

  /** The invariants of the lock table. `waitsOutside`: a waiter may wait for another daemon. */
  check(waitsOutside = true): void {
    checkInvariants(this.store.table, () => waitsOutside);
  }

  close(): void {
    this.#alive = false;
    void this.store.close();
  }

  /** Ends without a word, as by SIGKILL: the kernel closes its descriptors. */
  kill(): void {
    this.#alive = false;
    this.calls.heal();
    for (const fd of this.calls.openDescriptors) this.calls.close(fd);
  }

  #open(session: string, graceMs: number): void {
    if (this.#sessions.has(session)) return;
    this.#sessions.add(session);
    this.store.openSession(session as SessionId, { name: session }, this.#bench.nowMs, { graceMs });
  }
}
