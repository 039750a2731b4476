/**
 * Stores on which scenarios are played: whatever kind, they are asked the same and have to say the same.
 * Sessions are dealt out over the stores of a stage, so with several of them a scenario is one of several
 * daemons.
 *
 * @module
 */
import { Libc } from "../../ffi/libc.ts";
import { SILENT_LOG } from "../../server/base/log.ts";
import type { EtcdCalls } from "../../server/store/etcd/calls.ts";
import { EtcdStore } from "../../server/store/etcd/etcd_store.ts";
import { DirectoryStore } from "../../server/store/directory/directory_store.ts";
import { PRIVATE_DIRECTORY } from "../../server/store/directory/file_name.ts";
import type { Happening } from "../../server/lock/effect.ts";
import type { SessionId, Store, StoreEffect } from "../../server/store/store.ts";
import { FakeEtcd } from "./fake_etcd.ts";
import { type InlineCourier, openedDirect } from "./inline_courier.ts";
import { inlineNfsStore } from "./inline_nfs_store.ts";

const LIMITS = { locksPerSessionMax: 1_000, waitersPerSessionMax: 1_000, queueLengthMax: 1_000 };
/** The lease time of the file server of a stage on NFS. */
const LEASE_MS = 10_000;
/** 2026-06-01T00:00:00Z. */
const EPOCH_MS = 1_780_272_000_000;

/** Stores, a clock that is moved by hand, and what was said. */
export abstract class StoreStage implements AsyncDisposable {
  abstract readonly stores: readonly Store[];
  nowMs = 0;
  effects: StoreEffect[] = [];
  happenings: Happening[] = [];
  readonly clock = { now: () => this.nowMs, wallMs: () => EPOCH_MS + this.nowMs };
  readonly #homes = new Map<string, Store>();

  /** Resolves when nothing is under way. */
  abstract settle(): Promise<void>;
  abstract [Symbol.asyncDispose](): Promise<void>;

  /** The store of a session, which is opened when it is met first. */
  home(session: string): Store {
    let store = this.#homes.get(session);
    if (!store) {
      store = this.stores[this.#homes.size % this.stores.length] as Store;
      this.#homes.set(session, store);
      store.openSession(session as SessionId, { name: session }, this.nowMs);
    }
    return store;
  }

  /** A session has ended, or is at another store. */
  move(session: string, store?: Store): void {
    if (store) this.#homes.set(session, store);
    else this.#homes.delete(session);
  }

  /** Moves the clock and has everything done that is due. */
  async at(ms: number): Promise<void> {
    this.nowMs = ms;
    for (const store of this.stores) store.tick(ms);
    await this.settle();
  }
}

/** Whose directory a stage is on. */
export interface DirectoryStageOptions {
  /** Where a host sees an NFS export; absent for a directory on this machine. */
  readonly mount?: string;
  /**
   * The arbiter: that of a local directory (the default), or of one on NFS, with its worker in this thread.
   */
  readonly over?: "local" | "nfs";
  /** The daemon has the directory alone. Local only. */
  readonly sole?: boolean;
}

/** One store on a directory. */
export class DirectoryStage extends StoreStage {
  readonly stores: readonly [DirectoryStore];
  readonly #courier: InlineCourier | undefined;
  readonly #libc = Libc.open();
  readonly #directory: string;

  constructor({ mount, over = "local", sole = false }: DirectoryStageOptions = {}) {
    super();
    const prefix = "distrilock-stage-";
    this.#directory = Deno.makeTempDirSync(mount ? { prefix, dir: mount } : { prefix });
    Deno.mkdirSync(`${this.#directory}/${PRIVATE_DIRECTORY}`);
    const libc = this.#libc;
    const common = {
      directory: this.#directory,
      effects: (effect: StoreEffect) => this.effects.push(effect),
      clock: this.clock,
      limits: { ...LIMITS, lockFilesMax: 100, idleFilesMax: 10 },
      daemon: "daemon-0",
    };
    if (over === "local") {
      this.stores = [DirectoryStore.local({ ...common, calls: libc, keepFiles: false, sole })];
      return;
    }
    const calls = mount ? openedDirect(libc) : libc;
    const { store, courier } = inlineNfsStore({ ...common, calls, leaseMs: LEASE_MS });
    this.stores = [store];
    this.#courier = courier;
  }

  settle(): Promise<void> {
    while (this.#courier?.work()) this.stores[0].tick(this.nowMs);
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stores[0].close();
    Deno.removeSync(this.#directory, { recursive: true });
    this.#libc[Symbol.dispose]();
  }
}

/** How the stores of an etcd stage differ from the usual. */
export interface EtcdStageOptions {
  readonly prefix?: string;
  readonly daemons?: number;
  /** The calls of each daemon. */
  readonly calls: () => EtcdCalls;
  readonly leaseMs?: number;
  readonly limits?: Partial<typeof LIMITS>;
  /** Hears all effects as well, with the number of the store. */
  readonly deliver?: (effect: StoreEffect, store: number) => void;
}

/** Several stores on one etcd cluster, real or not. */
export class EtcdStage extends StoreStage {
  readonly stores: readonly EtcdStore[];

  constructor({ prefix = "t/", daemons = 3, calls, leaseMs = 60_000, limits, deliver }: EtcdStageOptions) {
    super();
    this.stores = Array.from({ length: daemons }, (_, index) =>
      new EtcdStore({
        calls: calls(),
        prefix,
        clock: this.clock,
        limits: { ...LIMITS, ...limits },
        times: { leaseMs, callMs: 2_000, restMs: 1 },
        run: `run-${index}`,
        daemon: `daemon-${index}`,
        log: SILENT_LOG,
        emit: (effect) => {
          this.effects.push(effect);
          deliver?.(effect, index);
        },
        wake: () => {},
        onBroken: (error) => reportError(error),
      }));
    this.stores[0]?.watch((happening) => this.happenings.push(happening));
  }

  async settle(): Promise<void> {
    for (let written = -1;;) {
      await Promise.all(this.stores.map((store) => store.settled()));
      const newest = Math.max(...this.stores.map((store) => store.writtenRevision));
      await Promise.all(this.stores.map((store) => store.reached(newest)));
      if (newest === written && this.stores.every((store) => store.isIdle)) return;
      written = newest;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const store of this.stores) void store.close();
    await Promise.all(this.stores.map((store) => store.settled()));
    // What the cluster in memory was about to say comes to nothing now.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** Three stores on an etcd in memory. */
export class FakeEtcdStage extends EtcdStage {
  readonly etcd: FakeEtcd;

  constructor(options: Partial<EtcdStageOptions> = {}) {
    const etcd = new FakeEtcd();
    super({ calls: () => etcd.calls(), ...options });
    this.etcd = etcd;
  }
}
