/**
 * An etcd cluster in memory, for tests: one history of revisions, and calls that can be told to fail. Leases
 * end when a test says so.
 *
 * @module
 */
import {
  type ChangeListener,
  type EtcdCalls,
  EtcdFault,
  type KeepAliveListener,
  type KeepAlives,
  type Page,
  type PageQuery,
} from "../../server/store/etcd/calls.ts";
import type {
  Answered,
  Branch,
  Change,
  Comparison,
  Entry,
  Operation,
  Outcome,
  Transaction,
} from "../../server/store/etcd/transaction.ts";

/**
 * What becomes of a transaction: carried out and answered; carried out, the answer lost; lost itself; held
 * back until it is {@link FakeEtcd.deliver}ed.
 */
export type Fate = "fine" | "answer-lost" | "request-lost" | "late" | "full";

interface Watcher {
  readonly key: string;
  readonly end: string;
  readonly listener: ChangeListener;
}

/** The cluster itself. */
export class FakeEtcd {
  revision = 1;
  readonly entries = new Map<string, Entry>();
  readonly leases = new Map<number, number>();
  /** Decides what becomes of the next transactions. */
  fate: (transaction: Transaction) => Fate = () => "fine";
  /** Nobody is answered. */
  isDown = false;
  /** Whether renewals of leases are answered. */
  renews = true;
  /** How long what happened is on its way to those who watch, in milliseconds. */
  lagMs = 0;
  /** How many transactions were carried out. */
  transactions = 0;
  readonly #history: Change[] = [];
  readonly #watchers = new Set<Watcher>();
  readonly #streams = new Set<KeepAliveListener>();
  readonly #late: Transaction[] = [];
  #compacted = 0;

  /** The calls of one daemon. */
  calls(): EtcdCalls {
    return {
      transact: async (transaction) => {
        const fate = this.fate(transaction);
        await this.#answer();
        if (fate === "full" && puts(transaction)) throw fault("space exceeded", { reason: "no-space" });
        if (fate === "late") this.#late.push(transaction);
        if (fate === "late" || fate === "request-lost") throw fault(fate, { ambiguous: true });
        const outcome = this.transact(transaction);
        await this.#answer();
        if (fate === "answer-lost") throw fault(fate, { ambiguous: true });
        return outcome;
      },
      list: async (query) => {
        await this.#answer();
        return this.#list(query);
      },
      grantLease: async (lease, ttlS) => {
        await this.#answer();
        if (this.leases.has(lease)) return "there";
        this.leases.set(lease, ttlS);
        return "made";
      },
      revokeLease: async (lease) => {
        await this.#answer();
        this.endLease(lease);
      },
      keepAlive: (listener) => this.#keepAlive(listener),
      watch: (range, listener) => this.#watch(range, listener),
      status: () => Promise.resolve([]),
      isFull: () => Promise.resolve(false),
      close() {},
    };
  }

  /** Carries a transaction out. */
  transact(transaction: Transaction): Outcome {
    this.transactions++;
    const changes: Change[] = [];
    const next = this.revision + 1;
    const branch = this.#branch(transaction, next, changes);
    if (changes.length > 0) this.#commit(changes);
    return { ...branch, revision: this.revision };
  }

  /** Carries out what was held back. */
  deliver(): void {
    for (const transaction of this.#late.splice(0)) {
      try {
        this.transact(transaction);
      } catch (error) {
        // Nobody waits for the answer.
        if (!(error instanceof EtcdFault)) throw error;
      }
    }
  }

  /** Ends a lease with its keys. */
  endLease(lease: number): void {
    if (!this.leases.delete(lease)) return;
    const revision = this.revision + 1;
    const keys = [...this.entries.values()].filter((entry) => entry.lease === lease).map(({ key }) => key);
    for (const key of keys) this.entries.delete(key);
    if (keys.length > 0) this.#commit(keys.map((deleted) => ({ deleted, revision })));
  }

  /** Forgets all history. */
  compact(): void {
    this.#compacted = this.revision;
    this.#history.length = 0;
  }

  /** Ends all streams: watches and keep-alives. */
  cut(): void {
    for (const watcher of [...this.#watchers]) {
      this.#watchers.delete(watcher);
      watcher.listener.ended(fault("cut", { ambiguous: true }));
    }
    for (const stream of [...this.#streams]) {
      this.#streams.delete(stream);
      stream.ended(fault("cut", { ambiguous: true }));
    }
  }

  /** The keys below a prefix. */
  keys(prefix = ""): string[] {
    return [...this.entries.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  async #answer(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (this.isDown) throw fault("down", { ambiguous: true });
  }

  #branch({ when, then, otherwise }: Transaction, next: number, changes: Change[]): Branch {
    const succeeded = when.every((comparison) => this.#holds(comparison));
    const answers = (succeeded ? then : otherwise).map((operation) => this.#do(operation, next, changes));
    return { succeeded, answers };
  }

  #do(operation: Operation, next: number, changes: Change[]): Answered {
    switch (operation.do) {
      case "put": {
        const { key, value, lease = 0 } = operation;
        if (lease > 0 && !this.leases.has(lease)) throw fault("lease not found", { reason: "lease-gone" });
        const known = this.entries.get(key);
        const entry = { key, value, created: known?.created ?? next, modified: next, lease };
        if (changes.some((change) => keyOf(change) === key)) throw new Error(`duplicate key ${key}`);
        this.entries.set(key, entry);
        changes.push({ put: entry });
        return { entries: [], changed: true };
      }
      case "delete": {
        const found = this.#range(operation.key, operation.end);
        for (const { key } of found) {
          if (changes.some((change) => keyOf(change) === key)) throw new Error(`duplicate key ${key}`);
          this.entries.delete(key);
          changes.push({ deleted: key, revision: next });
        }
        return { entries: [], changed: found.length > 0 };
      }
      case "get":
        return { entries: this.#range(operation.key, operation.end) };
      case "try":
        return { entries: [], branch: this.#branch(operation.txn, next, changes) };
    }
  }

  #holds({ key, end, of, is, revision }: Comparison): boolean {
    const found = this.#range(key, end);
    if (found.length === 0) return (revision === 0) === (is === "equal");
    return found.every((entry) => (entry[of] === revision) === (is === "equal"));
  }

  #range(key: string, end: string | undefined): Entry[] {
    if (end === undefined) return [this.entries.get(key)].filter((entry) => entry !== undefined);
    return [...this.entries.values()].filter((entry) => entry.key >= key && entry.key < end)
      .sort((one, other) => one.key < other.key ? -1 : 1);
  }

  #list({ key, end, limit }: PageQuery): Page {
    const found = this.#range(key, end);
    return { entries: found.slice(0, limit), revision: this.revision, more: found.length > limit };
  }

  #commit(changes: readonly Change[]): void {
    this.revision++;
    this.#history.push(...changes);
    for (const watcher of this.#watchers) {
      const seen = changes.filter((change) => isIn(watcher, change));
      setTimeout(() => {
        if (this.#watchers.has(watcher)) watcher.listener.changed(seen);
      }, this.lagMs);
    }
  }

  #watch(
    { key, end, from }: { readonly key: string; readonly end: string; readonly from?: number },
    listener: ChangeListener,
  ): Disposable {
    const watcher = { key, end, listener };
    setTimeout(() => {
      if (this.isDown) return listener.ended(fault("down", { ambiguous: true }));
      if (from !== undefined && from <= this.#compacted) {
        return listener.ended(fault("compacted", { reason: "compacted" }));
      }
      const missed = this.#history.filter((change) => from !== undefined && isIn(watcher, change))
        .filter((change) => ("put" in change ? change.put.modified : change.revision) >= (from ?? 0));
      this.#watchers.add(watcher);
      listener.begun(this.revision);
      if (missed.length > 0) listener.changed(missed);
    }, 0);
    return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) };
  }

  #keepAlive(listener: KeepAliveListener): KeepAlives {
    this.#streams.add(listener);
    const close = () => void this.#streams.delete(listener);
    return {
      ask: (lease) => {
        if (this.isDown || !this.renews) return;
        setTimeout(() => {
          if (this.#streams.has(listener) && !this.isDown) {
            listener.renewed(lease, this.leases.get(lease) ?? 0);
          }
        }, 0);
      },
      close,
      giveUp: close,
    };
  }
}

function fault(
  message: string,
  { ambiguous = false, reason = "failed" }: { ambiguous?: boolean; reason?: EtcdFault["reason"] },
): EtcdFault {
  return new EtcdFault(message, { ambiguous, reason });
}

function puts({ then }: Transaction): boolean {
  return then.some((operation) => operation.do === "put");
}

function keyOf(change: Change): string {
  return "put" in change ? change.put.key : change.deleted;
}

function isIn({ key, end }: { readonly key: string; readonly end: string }, change: Change): boolean {
  const changed = keyOf(change);
  return changed >= key && changed < end;
}
