/**
 * The sessions of a daemon without connections: a store on real files, a clock that the test moves, and
 * listeners that write down what they hear.
 *
 * @module
 */
import { Libc } from "../../ffi/libc.ts";
import { type Access, type Gate, OPEN_ACCESS, OPEN_GATE } from "../../server/session/access.ts";
import { type Observer, observers } from "../../server/session/observer.ts";
import type { SessionListener } from "../../server/session/listener.ts";
import type { Session } from "../../server/session/session.ts";
import type { SessionsOptions } from "../../server/session/opening.ts";
import { Sessions } from "../../server/session/sessions.ts";
import { LockTally } from "../../server/metrics/lock_tally.ts";
import { NameClasses } from "../../server/metrics/name_classes.ts";
import { DirectoryStore } from "../../server/store/directory/directory_store.ts";
import { PRIVATE_DIRECTORY } from "../../server/store/directory/file_name.ts";
import type { Effect } from "../../server/store/store.ts";
import { checkInvariants } from "../../server/lock/table_check.ts";

/** Limits that no test reaches by accident. */
const WIDE = {
  graceMsMax: 60_000,
  detachedSessionsMax: 100,
  lossesPerSessionMax: 3,
  watchesPerSessionMax: 10,
  outputBytesMax: 1_048_576,
};

/** Sessions to play with. */
export class SessionBench implements Disposable {
  readonly sessions: Sessions;
  readonly store: DirectoryStore;
  /** What was written to the audit log. */
  readonly audited: (readonly [event: string, fields: object])[] = [];
  /** Looks on. */
  readonly tally = new LockTally(new NameClasses([{ prefix: "job/", className: "jobs" }]));
  nowMs = 1_000;
  readonly #libc = Libc.open();
  readonly #directory = Deno.makeTempDirSync({ prefix: "distrilock-session-" });
  #ids = 0;

  constructor(
    limits: Partial<SessionsOptions["limits"]> = {},
    readonly gate: Gate = OPEN_GATE,
    onlookers: readonly Observer[] = [],
  ) {
    Deno.mkdirSync(`${this.#directory}/${PRIVATE_DIRECTORY}`);
    const clock = { now: () => this.nowMs, wallMs: () => 1_780_272_000_000 + this.nowMs };
    this.store = DirectoryStore.local({
      calls: this.#libc,
      directory: this.#directory,
      effects: (effect) => this.sessions.deliver(effect),
      clock,
      limits: {
        locksPerSessionMax: 100,
        waitersPerSessionMax: 100,
        queueLengthMax: 100,
        lockFilesMax: 100,
        idleFilesMax: 10,
      },
      daemon: "bench",
      keepFiles: false,
    });
    this.sessions = new Sessions({
      store: this.store,
      clock,
      gate,
      newId: () => `s${++this.#ids}`,
      newSecret: () => `secret of s${this.#ids + 1}`,
      limits: { ...WIDE, ...limits },
      audit: (event, fields) => this.audited.push([event, fields]),
      observer: observers(this.tally, ...onlookers),
    });
  }

  /** Opens a session, which must be possible. */
  open(ear: SessionListener, graceMs = 0, access: Access = OPEN_ACCESS): Session {
    const session = this.sessions.open(ear, { name: "bench" }, { access, graceMs });
    if (!session) throw new Error("the session was refused");
    return session;
  }

  /** Asks for `x` in EX. */
  acquire(
    session: Session,
    request: number,
    more: { waitMs?: number; ttlMs?: number; name?: string } = {},
  ): void {
    const { waitMs = Infinity, ttlMs, name = "x" } = more;
    session.acquire(request, { names: [name], mode: "EX", waitMs, ttlMs });
  }

  /** Lets time pass, and what is due be done. */
  pass(ms: number): void {
    this.nowMs += ms;
    this.store.tick(this.nowMs);
    this.sessions.tick(this.nowMs);
    this.check();
  }

  /** Checks the invariants of sessions and locks. */
  check(): void {
    this.sessions.checkInvariants();
    checkInvariants(this.store.table);
    this.tally.checkInvariants();
  }

  [Symbol.dispose](): void {
    this.store.close();
    this.#libc[Symbol.dispose]();
    Deno.removeSync(this.#directory, { recursive: true });
  }
}

/** A listener that writes down what it hears. */
export class Ear implements SessionListener {
  readonly effects: Effect[] = [];
  /** Why it was hung up on; null for no reason, undefined while it was not. */
  hungUp: string | null | undefined;
  drainedMs: number | undefined;

  hear(effect: Effect): void {
    this.effects.push(effect);
  }

  drain(closesInMs: number): void {
    this.drainedMs = closesInMs;
  }

  hangUp(reason?: string): void {
    this.hungUp = reason ?? null;
  }

  /** The types of what was heard. */
  get heard(): string[] {
    return this.effects.map(({ type }) => type);
  }
}
