/**
 * The store on a directory: the lock table decides between the sessions of this daemon, claims on lock files decide between daemons.
 *
 * @module
 */
import { LIST_PARTIES_MAX, WHO_PARTIES_MAX } from "../../../client/protocol/limits.ts";
import type { ClientProfile, Guarantee, NameState } from "../../../client/protocol/messages.ts";
import type { FileCalls } from "../../../ffi/file_calls.ts";
import type { Clock } from "../../base/clock.ts";
import { freeName, nameState } from "../../lock/description.ts";
import type { EffectSink, SessionId } from "../../lock/effect.ts";
import type { LockTableLimits } from "../../lock/refusals.ts";
import type { Acquire } from "../../lock/request.ts";
import { LockTable } from "../../lock/table.ts";
import type { ListQuery, Store } from "../store.ts";
import { PRIVATE_DIRECTORY } from "./file_name.ts";
import { Ledger } from "./ledger.ts";
import { LocalClaims } from "./local_claims.ts";
import { LockFiles } from "./lock_files.ts";

/** What a directory store is made with. */
export interface DirectoryStoreOptions {
  readonly calls: FileCalls;
  /** The directory; it exists and can be written. */
  readonly directory: string;
  readonly effects: EffectSink;
  readonly clock: Clock;
  readonly limits: LockTableLimits & {
    /** Most lock files open at once. */
    readonly lockFilesMax: number;
    /** Most of them that nobody uses. */
    readonly idleFilesMax: number;
  };
  /** Never remove a lock file. */
  readonly keepFiles: boolean;
}

/** How often idle files are looked through and deleted ones are noticed, in milliseconds. */
export const TIDY_INTERVAL_MS = 1_000;
/** How long a file stays open without a lock, in milliseconds. */
export const IDLE_FILE_MS = 10_000;

/** The store on a directory. */
export class DirectoryStore implements Store {
  readonly guarantee: Guarantee = "local";
  readonly available = true;
  readonly #emit: EffectSink;
  readonly #epochMs: number;
  readonly #files: LockFiles;
  readonly #ledger: Ledger;
  readonly #claims: LocalClaims;
  readonly #table: LockTable;
  #tidyDueMs: number;

  /** Opens the directory. Throws a LedgerError when it cannot be used. */
  constructor({ calls, directory, effects, clock, limits, keepFiles }: DirectoryStoreOptions) {
    this.#emit = effects;
    this.#epochMs = clock.wallMs() - clock.now();
    const { lockFilesMax, idleFilesMax } = limits;
    this.#files = new LockFiles({ calls, directory, lockFilesMax, idleFilesMax, keepFiles });
    this.#ledger = Ledger.open(calls, `${directory}/${PRIVATE_DIRECTORY}/ledger`, clock.wallMs());
    this.#claims = new LocalClaims({ calls, files: this.#files, ledger: this.#ledger, clock });
    this.#table = new LockTable({ claims: this.#claims, effects, limits, epochMs: this.#epochMs });
    this.#tidyDueMs = clock.now() + TIDY_INTERVAL_MS;
  }

  get nextDueMs(): number {
    const tidyMs = this.#files.size > 0 ? this.#tidyDueMs : Infinity;
    return Math.min(this.#table.nextDueMs, this.#claims.nextDueMs, tidyMs);
  }

  get lockCount(): number {
    return this.#table.lockCount;
  }

  locksOf(session: SessionId): number {
    return this.#table.sessions.get(session)?.requests.size ?? 0;
  }

  repeats(session: SessionId, request: number): boolean {
    return this.#table.sessions.get(session)?.requests.has(request) ?? false;
  }

  /** The table, for checks of its invariants. */
  get table(): LockTable {
    return this.#table;
  }

  openSession(session: SessionId, client: ClientProfile | undefined): void {
    this.#table.openSession(session, client);
  }

  endSession(session: SessionId, now: number): void {
    this.#table.endSession(session, now);
  }

  acquire(wanted: Acquire, now: number): void {
    this.#table.acquire(wanted, now);
  }

  release(session: SessionId, request: number, lock: number, now: number): void {
    this.#table.release(session, request, lock, now);
  }

  cancel(session: SessionId, request: number, target: number, now: number): void {
    const was = this.#table.cancel(session, target, now);
    this.#emit({ type: "cancelled", session, request, target, was });
  }

  who(session: SessionId, request: number, name: string): void {
    const state = this.#describe(name, WHO_PARTIES_MAX);
    this.#emit({ type: "described", session, request, state, outside: this.#claims.outside(name) });
  }

  list(session: SessionId, request: number, { prefix, after, limit }: ListQuery): void {
    const { resources } = this.#table;
    const found = [...resources.keys()].filter((name) => name > after && name.startsWith(prefix)).sort();
    const names = found.slice(0, limit).map((name) => this.#describe(name, LIST_PARTIES_MAX));
    const next = found.length > limit ? found[limit - 1] ?? null : null;
    this.#emit({ type: "listed", session, request, names, next });
  }

  drain(now: number): void {
    const message = "Cannot go on waiting: the daemon leaves service";
    this.#table.refuseWaiters({ code: "DRAINING", message }, now);
  }

  tick(now: number): void {
    this.#table.expire(now);
    this.#claims.retryDue(now, (name) => this.#table.retry(name, now));
    if (now < this.#tidyDueMs) return;
    this.#tidyDueMs = now + TIDY_INTERVAL_MS;
    for (const name of this.#files.giveUpDeleted()) this.#table.lose(name, "store", now);
    this.#files.tidy(now - IDLE_FILE_MS);
    this.#ledger.tidy();
  }

  close(): void {
    this.#files.close();
    this.#ledger.close();
  }

  #describe(name: string, most: number): NameState {
    const resource = this.#table.resources.get(name);
    return resource ? nameState(resource, most, this.#epochMs) : freeName(name);
  }
}
