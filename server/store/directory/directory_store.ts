/**
 * The store on a directory: the lock table decides between the sessions of this daemon, claims on lock files
 * decide between daemons.
 *
 * @module
 */
import { EXPLAIN_NAMES_MAX, LIST_PARTIES_MAX, WHO_PARTIES_MAX } from "../../../client/protocol/limits.ts";
import type {
  ClientProfile,
  ExplainedName,
  Guarantee,
  NameState,
  Party,
} from "../../../client/protocol/messages.ts";
import type { Clock } from "../../base/clock.ts";
import type { Refusal } from "../../lock/claims.ts";
import { freeName, nameState, partyOf } from "../../lock/description.ts";
import type { Acquire, Break, Convert, LockCommand, Renew, SetValue } from "../../lock/commands.ts";
import type { EffectSink, Happening, SessionId } from "../../lock/effect.ts";
import { explain } from "../../lock/explanation.ts";
import type { LockTableLimits } from "../../lock/refusals.ts";
import { LockTable } from "../../lock/table.ts";
import type { Holdings, ListQuery, SessionTerms, Store } from "../store.ts";
import { type Arbiter, type ArbiterHost, NOTHING_OUTSIDE, type Outside } from "./arbiter.ts";
import { countsOf, holdingsOf } from "./holdings.ts";
import { LocalArbiter, type LocalArbiterOptions } from "./local_arbiter.ts";

/** What a directory store is made with. */
export interface DirectoryStoreOptions {
  readonly effects: EffectSink;
  readonly clock: Clock;
  readonly limits: LockTableLimits;
  /** What this daemon is called in the notes that it leaves for people at others, e.g. `app3[4711]`. */
  readonly daemon: string;
  /** Makes the keeper of its claims. */
  readonly arbiter: (host: ArbiterHost) => Arbiter;
}

/** The store on a directory. */
export class DirectoryStore implements Store {
  readonly guarantee: Guarantee;
  readonly #emit: EffectSink;
  readonly #daemon: string;
  readonly #epochMs: number;
  #closed: Promise<void> | undefined;
  readonly #arbiter: Arbiter;
  readonly #table: LockTable;

  /** Throws what making the arbiter throws. */
  constructor({ effects, clock, limits, daemon, arbiter }: DirectoryStoreOptions) {
    this.#emit = effects;
    this.#daemon = daemon;
    this.#epochMs = clock.wallMs() - clock.now();
    this.#arbiter = arbiter({
      retry: (name, now) => this.#table.retry(name, now),
      lose: (name, now) => this.#table.lose(name, "store", now),
      admitted: (candidate, answer, now) => this.#table.admitted(candidate, answer, now),
      valueSet: (command, refusal) => this.#table.valueSet(command, refusal),
      holderOf: (name) => this.#holderOf(name),
    });
    this.guarantee = this.#arbiter.guarantee;
    const { claims } = this.#arbiter;
    this.#table = new LockTable({ claims, effects, limits, epochMs: this.#epochMs });
  }

  /** Opens a directory on this machine. Throws a LedgerError when it cannot be used. */
  static local(options: Omit<DirectoryStoreOptions, "arbiter"> & LocalArbiterOptions): DirectoryStore {
    return new DirectoryStore({ ...options, arbiter: (host) => new LocalArbiter(options, host) });
  }

  get available(): boolean {
    return this.#arbiter.available;
  }

  get nextDueMs(): number {
    return Math.min(this.#table.nextDueMs, this.#arbiter.nextDueMs);
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

  validForMs(session: SessionId, now: number): number {
    const names = new Set<string>();
    for (const { state, places } of this.#table.sessions.get(session)?.requests.values() ?? []) {
      if (state === "held") { for (const { resource } of places) names.add(resource.name); }
    }
    return this.#arbiter.validForMs(names, now);
  }

  /** The table, for checks of its invariants. */
  get table(): LockTable {
    return this.#table;
  }

  openSession(
    session: SessionId,
    client: ClientProfile | undefined,
    _now?: number,
    terms?: SessionTerms,
  ): void {
    this.#table.openSession(session, client, terms?.graceMs);
  }

  leaveSession(session: SessionId): boolean {
    const locks = this.#table.sessions.get(session);
    return locks !== undefined && locks.graceMs > 0 && countsOf(locks).locks > 0;
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
    const held = this.#table.lockOf(command);
    if (!held) return this.#notVerified(command, "the session holds no such lock");
    let open = held.places.length;
    let refusal: Refusal | undefined;
    for (const place of held.places) {
      const { resource: { name } } = place;
      this.#arbiter.verify(name, place, now, (verdict, then) => {
        if (verdict === false) this.#table.lose(name, "store", then);
        else if (verdict !== true) refusal = verdict;
        if (--open > 0) return;
        if (held.state !== "held") {
          return this.#notVerified(command, "whoever arbitrates says that it is not");
        }
        const { session, request, lock } = command;
        if (refusal) this.#emit({ type: "refused", session, request, ...refusal });
        else this.#emit({ type: "verified", session, request, lock, token: held.place.token });
      });
    }
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

  who(session: SessionId, request: number, name: string, now: number): void {
    this.#arbiter.look([name], now, () => {
      const state = this.#describe(name, WHO_PARTIES_MAX);
      const { mode: outside, holder } = this.#arbiter.outside(name);
      const described = { type: "described", session, request, state, outside } as const;
      this.#emit(holder ? { ...described, outsideHolder: holder } : described);
    });
  }

  explain(session: SessionId, request: number, name: string, now: number): void {
    const names = this.#explain(name, () => NOTHING_OUTSIDE).map((explained) => explained.name);
    this.#arbiter.look(names, now, () => {
      const explained = this.#explain(name, (each) => this.#arbiter.outside(each));
      this.#emit({ type: "explained", session, request, names: explained });
    });
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
    this.#arbiter.tick(now);
  }

  close(): Promise<void> {
    // A second close would hit a descriptor that is somebody else's by then.
    return this.#closed ??= this.#arbiter.close();
  }

  #notVerified({ session, request, lock }: LockCommand, fault: string): void {
    const message = `Cannot verify that ${lock} is held: ${fault}`;
    this.#emit({ type: "refused", session, request, code: "NOT_HELD", message });
  }

  #explain(name: string, outside: (name: string) => Outside): ExplainedName[] {
    return explain(name, {
      resources: this.#table.resources,
      epochMs: this.#epochMs,
      namesMax: EXPLAIN_NAMES_MAX,
      outside,
    });
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
