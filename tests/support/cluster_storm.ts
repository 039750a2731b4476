/**
 * Three daemons on three etcd members, clients that do with locks whatever a client can do, and faults of all kinds meanwhile.
 *
 * @module
 */
import {
  type Client,
  connect,
  ConnectionError,
  type Lock,
  LockError,
  LockTimeoutError,
  type Mode,
} from "../../client/mod.ts";
import { type DaemonProcess, startDaemonProcess } from "./daemon.ts";
import { EtcdCluster } from "./etcd_cluster.ts";
import type { Ask, History, Hold } from "./history.ts";
import { oneOf, type Random } from "./random.ts";
import { Wire } from "./wire.ts";

const NAMES = ["storm/a", "storm/b", "storm/c", "storm/d"] as const;
const MODES = ["EX", "EX", "PW", "PR", "PR", "CW", "CR", "NL"] as const satisfies Mode[];
const KINDS = ["try", "wait", "abort", "stay", "stay", "two", "convert"] as const;
const HOLD_MS_MAX = 4;
const WAIT_MS_MAX = 200;
/** Codes with which a request may end while etcd, daemons and wires fail. */
const FAILURES = new Set([
  "STORE_UNAVAILABLE",
  "SESSION_GONE",
  "DRAINING",
  "CANCELLED",
  "NOT_HELD",
  "DEADLOCK",
]);

/** How long the daemons of a storm rely on their last word from etcd, in milliseconds. */
const STORM_LEASE_MS = 3_000;
/** How long its clients outlive a connection, in milliseconds: patience for busy machines. */
export const GRACE_MS = 15_000;
const FLAGS = [
  ...["--etcd-lease", `${STORM_LEASE_MS}ms`, "--etcd-call", "1s"],
  ...["--heartbeat", "500ms", "--drain-timeout", "5s"],
];

/** A daemon in a place of its own: it comes back on the same port. Between it and etcd there are wires. */
export class StormPlace {
  daemon: DaemonProcess;
  readonly wires: readonly Wire[];
  readonly #directory: string;

  private constructor(daemon: DaemonProcess, wires: readonly Wire[], directory: string) {
    this.daemon = daemon;
    this.wires = wires;
    this.#directory = directory;
  }

  static async open(cluster: EtcdCluster, directory: string): Promise<StormPlace> {
    const ports = cluster.members.map(({ url }) => Number(new URL(url).port));
    const wires = await Promise.all(ports.map((port) => Wire.open(port)));
    const daemon = await startDaemonProcess(directory, flagsFor(wires));
    return new StormPlace(daemon, wires, directory);
  }

  /** Starts a daemon where one has ended. */
  async again(): Promise<void> {
    const { tcpPort } = this.daemon;
    await this.daemon[Symbol.asyncDispose]();
    this.daemon = await startDaemonProcess(this.#directory, [
      ...flagsFor(this.wires),
      ...["--address", `127.0.0.1:${tcpPort}`],
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon[Symbol.asyncDispose]();
    for (const wire of this.wires) await wire[Symbol.asyncDispose]();
  }
}

/** What happens to whom. */
export class ClusterStorm implements AsyncDisposable {
  readonly cluster: EtcdCluster;
  readonly places: readonly StormPlace[];
  readonly history: History = { holds: [], asks: [] };
  /** Failures that requests met, by their codes. */
  readonly failures = new Map<string, number>();
  isOver = false;
  readonly #random: Random;

  private constructor(cluster: EtcdCluster, places: readonly StormPlace[], random: Random) {
    this.cluster = cluster;
    this.places = places;
    this.#random = random;
  }

  static async open(directory: string, random: Random): Promise<ClusterStorm> {
    const cluster = await EtcdCluster.start();
    const places = await Promise.all([0, 1, 2].map(() => StormPlace.open(cluster, directory)));
    return new ClusterStorm(cluster, places, random);
  }

  /** Where clients find daemons, beginning with one. */
  servers(first: number): string[] {
    return [0, 1, 2].map((index) => this.places[(first + index) % 3]!.daemon.url);
  }

  /** A client that begins at a daemon and plays until the storm is over. */
  async play(index: number): Promise<void> {
    await using client = await connect(this.servers(index), { name: `player-${index}`, grace: GRACE_MS });
    while (!this.isOver) await this.#request(client);
  }

  /** The longest time without any grant, among those in the given time. */
  gapMs(fromMs: number, toMs: number): number {
    const times = this.history.holds.map(({ fromMs }) => fromMs).filter((ms) => ms >= fromMs && ms <= toMs);
    const all = [fromMs, ...times.toSorted((one, other) => one - other), toMs];
    return Math.round(Math.max(...all.map((ms, at) => ms - (all[at - 1] ?? ms))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const place of this.places) await place[Symbol.asyncDispose]();
    await this.cluster[Symbol.asyncDispose]();
  }

  async #request(client: Client): Promise<void> {
    const random = this.#random;
    const [name, mode, kind] = [oneOf(random, NAMES), oneOf(random, MODES), oneOf(random, KINDS)];
    const ask: Ask = { what: `${kind} ${name} in ${mode}`, outcomes: 0 };
    this.history.asks.push(ask);
    const lock = await this.#acquire(client, { name, mode, kind });
    ask.outcomes++;
    if (!lock) return;
    const held = [...lock.tokens].map(([name, token]) => this.#hold(lock, name, token));
    await pause(random(HOLD_MS_MAX));
    if (kind === "convert") await this.#convert(lock, held);
    for (const hold of held) hold.toMs = Math.min(hold.toMs, performance.now());
    // Lost is what was lost before its holder was done with it.
    for (const hold of held) hold.lost = lock.signal.aborted;
    await this.#tolerate(() => lock.release());
  }

  async #convert(lock: Lock, held: Hold[]): Promise<void> {
    const before = held[0]!;
    // Until it is answered either mode may be the one that counts: the weaker of both is what can be relied on.
    const toMs = performance.now();
    const done = await this.#tolerate(() => lock.convert("PR", { wait: 50 }));
    before.toMs = Math.min(before.toMs, toMs);
    before.lost = lock.signal.aborted;
    if (!done || lock.signal.aborted) return;
    held.push(this.#hold(lock, before.name, lock.token));
    await pause(1);
  }

  #hold(lock: Lock, name: string, token: number): Hold {
    const { mode, signal } = lock;
    const hold = { name, mode, token, lives: [], fromMs: performance.now(), toMs: Infinity, lost: false };
    signal.addEventListener("abort", () => hold.toMs = Math.min(hold.toMs, performance.now()));
    if (signal.aborted) hold.toMs = hold.fromMs;
    this.history.holds.push(hold);
    return hold;
  }

  async #acquire(
    client: Client,
    { name, mode, kind }: { readonly name: string; readonly mode: Mode; readonly kind: typeof KINDS[number] },
  ): Promise<Lock | null | undefined> {
    const controller = new AbortController();
    const ms = 1 + this.#random(WAIT_MS_MAX);
    const timer = kind === "abort" ? setTimeout(() => controller.abort(), ms) : undefined;
    const names = kind === "two" ? [...new Set([name, oneOf(this.#random, NAMES)])] : name;
    try {
      return await this.#tolerate(() => {
        if (kind === "try") return client.tryAcquire(name, { mode });
        if (kind === "wait") return client.acquire(name, { mode, wait: ms });
        return client.acquire(names as string, { mode, signal: controller.signal });
      }, controller.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Undefined when it failed as it may. */
  async #tolerate<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted && error === signal.reason) return undefined;
      const code = error instanceof LockError ? error.code : "";
      const mayBe = error instanceof LockTimeoutError || error instanceof ConnectionError ||
        FAILURES.has(code);
      if (!mayBe) throw error;
      this.failures.set(code, (this.failures.get(code) ?? 0) + 1);
      if (code === "STORE_UNAVAILABLE" || error instanceof ConnectionError) await pause(20);
      return undefined;
    }
  }
}

function flagsFor(wires: readonly Wire[]): string[] {
  return ["--etcd", wires.map(({ port }) => `http://127.0.0.1:${port}`).join(","), ...FLAGS];
}

/** Waits. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
