/**
 * The Web Locks API over a client: what `navigator.locks` is to the tabs of one browser, between processes
 * and hosts. `docs/web-locks.md` tells what differs.
 *
 * ```ts ignore
 * import { connect, WebLocks } from "@distrilock/client";
 *
 * await using client = await connect("wss://locks.example");
 * const locks = new WebLocks(client);
 * await locks.request("invoice/42", async (lock) => {
 *   await db.query(sql, [lock.token]);
 * });
 * ```
 *
 * Source: W3C Web Locks API, https://w3c.github.io/web-locks/.
 *
 * @module
 */
import type { Client } from "./client.ts";
import type { Lock } from "./lock.ts";
import type { Party } from "./protocol/messages.ts";
import type { Mode } from "./protocol/modes.ts";
import { lockNameFault } from "./protocol/names.ts";
import type { NamedParty } from "./snapshot.ts";
import { stealLock } from "./steal.ts";
import { lockNameOf, webNameOf } from "./web_lock_names.ts";
import {
  domException,
  readWebLockRequest,
  type WebLockMode,
  type WebLockOptions,
  type WebLockRequest,
} from "./web_lock_options.ts";

/** What the callback of a request is given. */
export class WebLock {
  readonly #lock: Lock;
  /** The name that was requested. */
  readonly name: string;
  /** The mode that was requested. */
  readonly mode: WebLockMode;

  /** @internal Made by requests. */
  constructor(lock: Lock, { name, mode }: WebLockInfoParts) {
    this.#lock = lock;
    this.name = name;
    this.mode = mode;
  }

  /** Beyond the standard: the fencing token. */
  get token(): number {
    return this.#lock.token;
  }

  /** Beyond the standard: aborts when the lock is lost, and so when it is stolen. */
  get signal(): AbortSignal {
    return this.#lock.signal;
  }

  /** Beyond the standard: the lock itself. It is released when the callback ends. */
  get lock(): Lock {
    return this.#lock;
  }

  get [Symbol.toStringTag](): string {
    return "Lock";
  }
}

/** One request or lock, as `query()` tells it. */
export interface WebLockInfo extends WebLockInfoParts {
  /** The session of the client that made it. */
  readonly clientId: string;
  /** Beyond the standard: the name that distrilock has for it. */
  readonly lockName: string;
  /** Beyond the standard: who it is, since when, and why. */
  readonly party: Party;
}

interface WebLockInfoParts {
  readonly name: string;
  readonly mode: WebLockMode;
}

/** What `query()` tells. */
export interface WebLockSnapshot {
  readonly held: WebLockInfo[];
  readonly pending: WebLockInfo[];
}

/** How Web Locks names stand among all lock names. */
export interface WebLocksOptions {
  /**
   * All names are put after it, and `query()` tells of no others: what an origin is in a browser. `""` unless
   * given.
   */
  readonly prefix?: string | undefined;
  /**
   * Longest time that a steal may take, in milliseconds; {@link STEAL_MS} unless given. Holders that cannot
   * be broken from here may stay so long.
   */
  readonly stealMs?: number | undefined;
}

/** How long a steal may take unless it is said. */
export const STEAL_MS = 10_000;

/** The modes of the protocol that stand for those of the API. */
const MODES = { exclusive: "EX", shared: "PR" } as const satisfies Record<WebLockMode, Mode>;

/**
 * How each mode looks to requests of the API: what keeps shared ones out is exclusive; what keeps nobody out
 * does not show.
 */
const SHOWN_AS: Readonly<Record<Mode, WebLockMode | undefined>> = {
  NL: undefined,
  CR: "shared",
  PR: "shared",
  CW: "exclusive",
  PW: "exclusive",
  EX: "exclusive",
};

/** A lock manager of the Web Locks API. */
export class WebLocks {
  readonly #client: Client;
  readonly #prefix: string;
  readonly #stealMs: number;

  /** @throws {TypeError} for a prefix that no lock name can begin with. */
  constructor(client: Client, { prefix = "", stealMs = STEAL_MS }: WebLocksOptions = {}) {
    const fault = lockNameFault(`${prefix}x`);
    if (fault !== undefined) throw new TypeError(`Cannot put lock names after ${prefix}: ${fault}`);
    this.#client = client;
    this.#prefix = prefix;
    this.#stealMs = stealMs;
  }

  /** Calls `callback` while it holds the lock. See the next form. */
  request<T>(name: string, callback: (lock: WebLock) => T): Promise<Awaited<T>>;
  /**
   * Calls `callback` while it holds the lock, and gives its result, once the lock is released.
   *
   * @throws {TypeError} for arguments that are none.
   * @throws {DOMException} `NotSupportedError` for options that do not go together, for a name that begins
   * with `-`, and for one that is too long when it is written as a lock name. `AbortError` as soon as the
   * lock is lost, which is more than stolen: its `cause` says why.
   * @throws the reason of `signal`, when the wait was aborted.
   * @throws {LockError} when the server refused, or cannot be reached.
   * @throws what `callback` throws.
   */
  request<T>(
    name: string,
    options: WebLockOptions & { readonly ifAvailable?: false | undefined },
    callback: (lock: WebLock) => T,
  ): Promise<Awaited<T>>;
  /** With `ifAvailable`, calls `callback` with null when the lock cannot be had now. */
  request<T>(
    name: string,
    options: WebLockOptions,
    callback: (lock: WebLock | null) => T,
  ): Promise<Awaited<T>>;
  async request<T>(...args: readonly unknown[]): Promise<Awaited<T>> {
    const request = readWebLockRequest<(lock: WebLock | null) => T>(args);
    const lock = await this.#acquire(request, this.#lockName(request.name));
    if (lock === null) return await request.callback(null);
    // An abort that came after the grant, but before anybody knew of it, still counts.
    if (request.signal?.aborted) {
      await lock[Symbol.asyncDispose]();
      throw request.signal.reason;
    }
    return await whileHeld(lock, () => request.callback(new WebLock(lock, request)));
  }

  /**
   * Tells which locks are held and requested at this daemon. It is put together from several answers, so what
   * changes meanwhile may be missed.
   */
  async query(): Promise<WebLockSnapshot> {
    const { held, pending } = await this.#client.query(this.#prefix);
    const converting = held.flatMap((party) =>
      party.convertingTo === undefined ? [] : this.#shown(party, party.convertingTo)
    );
    return {
      held: held.flatMap((party) => this.#shown(party, party.mode)),
      pending: [...converting, ...pending.flatMap((party) => this.#shown(party, party.mode))],
    };
  }

  get [Symbol.toStringTag](): string {
    return "LockManager";
  }

  /** One entry of a snapshot, or none. */
  #shown({ name: lockName, ...party }: NamedParty, mode: Mode): WebLockInfo[] {
    const shown = SHOWN_AS[mode];
    if (shown === undefined) return [];
    const rest = lockName.slice(this.#prefix.length);
    return [{ name: webNameOf(rest) ?? rest, mode: shown, clientId: party.session, lockName, party }];
  }

  #lockName(name: string): string {
    const lockName = this.#prefix + lockNameOf(name);
    const fault = lockNameFault(lockName);
    if (fault === undefined) return lockName;
    throw domException("NotSupportedError", `Cannot request lock ${lockName}: ${fault}`);
  }

  #acquire(
    { mode, ifAvailable, steal, signal, more }: WebLockRequest<unknown>,
    name: string,
  ): Promise<Lock | null> {
    if (steal) return stealLock(this.#client, name, { ...more, wait: this.#stealMs });
    const options = { mode: MODES[mode], ...more };
    if (ifAvailable) return this.#client.tryAcquire(name, options);
    return this.#client.acquire(name, { ...options, signal });
  }
}

/**
 * The result of `body`, when the lock was held until it ended, and is released. Does not wait for `body` when
 * the lock is lost, nor begins it then.
 */
async function whileHeld<T>(lock: Lock, body: () => T): Promise<Awaited<T>> {
  const { signal, name } = lock;
  const loss = () => domException("AbortError", `Cannot keep lock ${name}: it was lost`, signal.reason);
  if (signal.aborted) {
    await lock[Symbol.asyncDispose]();
    throw loss();
  }
  let onLost!: () => void;
  const lost = new Promise<never>((_resolve, reject) => onLost = () => reject(loss()));
  signal.addEventListener("abort", onLost);
  try {
    return await Promise.race([lost, releasedAfter(lock, body)]);
  } finally {
    signal.removeEventListener("abort", onLost);
  }
}

async function releasedAfter<T>(lock: Lock, body: () => T): Promise<Awaited<T>> {
  let result: Awaited<T>;
  try {
    result = await body();
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
  await lock.release();
  return result;
}
