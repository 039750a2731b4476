/**
 * The store on a directory: the lock table decides between the sessions of this daemon, claims on lock files decide between daemons.
 *
 * @module
 */
import { EXPLAIN_NAMES_MAX, LIST_PARTIES_MAX, WHO_PARTIES_MAX } from "../../../client/protocol/limits.ts";
import type { ClientProfile, Guarantee, NameState, Party } from "../../../client/protocol/messages.ts";
import type { FileCalls } from "../../../ffi/file_calls.ts";
import type { Clock } from "../../base/clock.ts";
import { freeName, nameState, partyOf } from "../../lock/description.ts";
import type { Acquire, Break, Convert, LockCommand, Renew, SetValue } from "../../lock/commands.ts";
import type { EffectSink, Happening, SessionId } from "../../lock/effect.ts";
import { explain } from "../../lock/explanation.ts";
import type { LockTableLimits } from "../../lock/refusals.ts";
import { LockTable } from "../../lock/table.ts";
import type { Holdings, ListQuery, Store } from "../store.ts";
import { PRIVATE_DIRECTORY } from "./file_name.ts";
import { countsOf, holdingsOf } from "./holdings.ts";
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
  /** What this daemon is called in the notes that it leaves for people at others, e.g. `app3[4711]`. */
  readonly daemon: string;
  /** Never remove a lock file. */
  readonly keepFiles: boolean;
}

/** How often idle files are looked through and deleted ones are noticed, in milliseconds. */
export const TIDY_INTERVAL_MS = 1_000;
/** How often holder notes are written: locks that come and go faster are never noted. In milliseconds. */
export const NOTE_INTERVAL_MS = 50;
/** How long a file stays open without a lock, in milliseconds. */
export const IDLE_FILE_MS = 10_000;

/** The store on a directory. */
export class DirectoryStore implements Store {
  readonly guarantee: Guarantee = "local";
  readonly #emit: EffectSink;
  readonly #daemon: string;
  readonly #epochMs: number;
  readonly #files: LockFiles;
  readonly #ledger: Ledger;
  readonly #claims: LocalClaims;
  readonly #table: LockTable;
  #tidyDueMs: number;
  #notesDueMs = 0;

  /** Opens the directory. Throws a LedgerError when it cannot be used. */
  constructor({ calls, directory, effects, clock, limits, keepFiles, daemon }: DirectoryStoreOptions) {
    this.#emit = effects;
    this.#daemon = daemon;
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
    const noteMs = this.#claims.hasUnnoted ? this.#notesDueMs : Infinity;
    return Math.min(this.#table.nextDueMs, this.#claims.nextDueMs, tidyMs, noteMs);
  }

  /** Asks the kernel about the ledger: not for the hot path. */
  get available(): boolean {
    return this.#ledger.usable;
  }

  get lockCount(): number {
    return this.#table.lockCount;
  }

  get waiterCount(): number {
    let count = 0;
    for (const { waiting } of this.#table.sessions.values()) count += waiting;
    return count;
  }

  locksOf(session: SessionId): number {
    return this.#table.sessions.get(session)?.requests.size ?? 0;
  }

  repeats(session: SessionId, request: number): boolean {
    return this.#table.sessions.get(session)?.requests.has(request) ?? false;
  }

  holdingsOf(session: SessionId): Holdings {
    const locks = this.#table.sessions.get(session);
    return locks ? holdingsOf(locks, this.#epochMs) : { locks: [], waiting: [] };
  }

  countsOf(session: SessionId): { readonly locks: number; readonly waits: number } {
    const locks = this.#table.sessions.get(session);
    return locks ? countsOf(locks) : { locks: 0, waits: 0 };
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

  release(command: LockCommand, now: number): void {
    this.#table.release(command, now);
  }

  releaseAll(session: SessionId, request: number, now: number): void {
    this.#table.releaseAll(session, request, now);
  }

  convert(command: Convert, now: number): void {
    this.#table.convert(command, now);
  }

  renew(command: Renew, now: number): void {
    this.#table.renew(command, now);
  }

  verify(command: LockCommand, now: number): void {
    const { session, request, lock } = command;
    const held = this.#table.lockOf(command);
    const gone = held?.places.filter((place) => !this.#claims.verify(place.resource.name, place)) ?? [];
    for (const { resource } of gone) this.#table.lose(resource.name, "store", now);
    if (held && gone.length === 0) {
      return this.#emit({ type: "verified", session, request, lock, token: held.place.token });
    }
    const fault = held ? "the kernel says that it is not" : "the session holds no such lock";
    const message = `Cannot verify that ${lock} is held: ${fault}`;
    this.#emit({ type: "refused", session, request, code: "NOT_HELD", message });
  }

  setValue(command: SetValue): void {
    this.#table.setValue(command);
  }

  break(command: Break, now: number): void {
    this.#table.break(command, now);
  }

  watch(watcher: ((happening: Happening) => void) | undefined): void {
    this.#table.watch(watcher);
  }

  cancel(session: SessionId, request: number, target: number, now: number): void {
    const was = this.#table.cancel(session, target, now);
    this.#emit({ type: "cancelled", session, request, target, was });
  }

  who(session: SessionId, request: number, name: string): void {
    const state = this.#describe(name, WHO_PARTIES_MAX);
    const outside = this.#claims.outside(name);
    const holder = outside === null ? undefined : this.#claims.outsideHolder(name);
    const described = { type: "described", session, request, state, outside } as const;
    this.#emit(holder ? { ...described, outsideHolder: holder } : described);
  }

  explain(session: SessionId, request: number, name: string): void {
    const names = explain(name, {
      resources: this.#table.resources,
      epochMs: this.#epochMs,
      namesMax: EXPLAIN_NAMES_MAX,
      outside: (each) => this.#claims.outside(each),
      outsideHolder: (each) => this.#claims.outsideHolder(each),
    });
    this.#emit({ type: "explained", session, request, names });
  }

  list(session: SessionId, request: number, { prefix, after, limit, shows }: ListQuery): void {
    const { resources } = this.#table;
    const isWanted = (name: string) => name > after && name.startsWith(prefix) && shows(name);
    const found = [...resources.keys()].filter(isWanted).sort();
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
    if (now >= this.#notesDueMs) {
      this.#claims.writeHolderNotes((name) => this.#holderOf(name));
      this.#notesDueMs = now + NOTE_INTERVAL_MS;
    }
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

  #holderOf(name: string): Party | undefined {
    for (const place of this.#table.resources.get(name)?.held ?? []) {
      if (place.request.state === "held") return { ...partyOf(place, this.#epochMs), daemon: this.#daemon };
    }
    return undefined;
  }

  #describe(name: string, most: number): NameState {
    const resource = this.#table.resources.get(name);
    return resource ? nameState(resource, most, this.#epochMs) : freeName(name);
  }
}
