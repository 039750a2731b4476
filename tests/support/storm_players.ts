/**
 * Clients of a cluster that do with locks whatever a client can do, others that hand a lock to and fro, one
 * that watches them all, and what they saw.
 *
 * @module
 */
import {
  type Client,
  ConnectionError,
  type Lock,
  LockError,
  LockTimeoutError,
  type Mode,
} from "../../client/mod.ts";
import { checkHistory, type History, type Hold } from "./history.ts";
import { checkQueues, type QueueHistory, type Wish } from "./queue_history.ts";
import { oneOf, type Random } from "./random.ts";

/** What all names begin with. */
const PREFIX = "storm/";
const NAMES = ["storm/a", "storm/b", "storm/c", "storm/d"] as const;
const MODES = ["EX", "EX", "PW", "PR", "PR", "CW", "CR", "NL"] as const satisfies Mode[];
const KINDS = ["try", "wait", "abort", "stay", "stay", "two", "convert"] as const;
const HOLD_MS_MAX = 4;
const WAIT_MS_MAX = 200;
/** How long a runner keeps its lock: about as long as it takes another one to ask for it. */
const RELAY_MS_MAX = 12;
/** Codes with which a request may end while etcd, daemons and wires fail. */
const FAILURES = new Set([
  "STORE_UNAVAILABLE",
  "SESSION_GONE",
  "DRAINING",
  "CANCELLED",
  "NOT_HELD",
  "DEADLOCK",
]);

interface Request {
  readonly names: readonly [string, ...string[]];
  readonly mode: Mode;
  readonly kind: typeof KINDS[number];
}

/** They play until it is over. */
export class StormPlayers {
  readonly history: History = { holds: [], asks: [] };
  readonly queues: QueueHistory = { wishes: [], sightings: [], troubles: [] };
  /** Failures that requests met, by their codes. */
  readonly failures = new Map<string, number>();
  isOver = false;
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Makes one request after another. */
  async play(client: Client): Promise<void> {
    while (!this.isOver) await this.#request(client);
  }

  /**
   * Has two clients hand a lock to and fro. Nobody else asks for it, so one that is forgotten waits for ever.
   */
  async relay(one: Client, other: Client, name: string): Promise<void> {
    const request: Request = { names: [`${PREFIX}${name}`], mode: "EX", kind: "stay" };
    let [runner, next] = [one, other];
    let held = await this.#take(runner, request);
    while (!this.isOver || held) {
      const taking = this.isOver ? undefined : this.#take(next, request);
      await pause(this.#random(RELAY_MS_MAX));
      if (held) await this.#give(held);
      held = await taking;
      [runner, next] = [next, runner];
    }
  }

  /** Watches who waits and who is granted, until the signal. */
  async observe(client: Client, signal: AbortSignal): Promise<void> {
    for await (const event of client.watch(PREFIX, { signal })) {
      if (event.event !== "waiting" && event.event !== "granted") continue;
      const { reason: id = "", token } = event.party;
      this.queues.sightings.push({ what: event.event, id, token, seenMs: performance.now() });
    }
  }

  /** Does something that breaks, and is over when all is well again. */
  async trouble<T>(work: () => Promise<T>): Promise<T> {
    const trouble = { fromMs: performance.now(), toMs: Infinity };
    this.queues.troubles.push(trouble);
    try {
      return await work();
    } finally {
      trouble.toMs = performance.now();
    }
  }

  /** What was seen and should not have been. */
  faults(): string[] {
    return [...checkHistory(this.history), ...checkQueues(this.queues, performance.now())];
  }

  /** The longest time without any grant, among those in the given time. */
  gapMs(fromMs: number, toMs: number): number {
    const times = this.history.holds.map(({ fromMs }) => fromMs).filter((ms) => ms >= fromMs && ms <= toMs);
    const all = [fromMs, ...times.toSorted((one, other) => one - other), toMs];
    return Math.round(Math.max(...all.map((ms, at) => ms - (all[at - 1] ?? ms))));
  }

  async #request(client: Client): Promise<void> {
    const random = this.#random;
    const [name, mode, kind] = [oneOf(random, NAMES), oneOf(random, MODES), oneOf(random, KINDS)];
    const other = oneOf(random, NAMES);
    const names: Request["names"] = kind === "two" && other !== name ? [name, other] : [name];
    const held = await this.#take(client, { names, mode, kind });
    if (!held) return;
    await pause(random(HOLD_MS_MAX));
    if (kind === "convert") await this.#convert(held);
    await this.#give(held);
  }

  /** Asks for a lock, and writes down what comes of it. */
  async #take(client: Client, request: Request): Promise<Held | undefined> {
    const { names, mode, kind } = request;
    const { history, queues } = this;
    const wish: Wish = {
      id: `${history.asks.length}`,
      what: `${kind} ${names} in ${mode}`,
      ...{ outcomes: 0, names, mode, sentMs: performance.now(), answeredMs: Infinity, freeMs: Infinity },
    };
    history.asks.push(wish);
    queues.wishes.push(wish);
    const lock = await this.#acquire(client, request, wish);
    wish.outcomes++;
    wish.answeredMs = performance.now();
    if (!lock) {
      wish.freeMs = wish.answeredMs;
      return undefined;
    }
    wish.tokens = lock.tokens;
    delete wish.leftMs;
    return { lock, wish, holds: [...lock.tokens].map(([name, token]) => this.#hold(lock, name, { token })) };
  }

  async #give({ lock, wish, holds }: Held): Promise<void> {
    for (const hold of holds) hold.toMs = Math.min(hold.toMs, performance.now());
    // Lost is what was lost before its holder was done with it.
    for (const hold of holds) hold.lost = lock.signal.aborted;
    await this.#tolerate(() => lock.release());
    wish.freeMs = performance.now();
  }

  async #convert({ lock, holds }: Held): Promise<void> {
    const before = holds[0]!;
    // Until it is answered either mode may be the one that counts: the weaker of both is what can be relied
    // on.
    const toMs = performance.now();
    const done = await this.#tolerate(() => lock.convert("PR", { wait: 50 }).then(() => true));
    before.toMs = Math.min(before.toMs, toMs);
    before.lost = lock.signal.aborted;
    if (!done || lock.signal.aborted) return;
    holds.push(this.#hold(lock, before.name, { token: lock.token, before }));
    await pause(1);
  }

  #hold(lock: Lock, name: string, of: Pick<Hold, "token" | "before">): Hold {
    const { mode, signal } = lock;
    const hold: Hold = {
      ...{ name, mode, ...of, lives: [] },
      ...{ fromMs: performance.now(), toMs: Infinity, lost: false },
    };
    signal.addEventListener("abort", () => hold.toMs = Math.min(hold.toMs, performance.now()));
    if (signal.aborted) hold.toMs = hold.fromMs;
    this.history.holds.push(hold);
    return hold;
  }

  async #acquire(
    client: Client,
    { names, mode, kind }: Request,
    wish: Wish,
  ): Promise<Lock | null | undefined> {
    const controller = new AbortController();
    const ms = 1 + this.#random(WAIT_MS_MAX);
    const { signal } = controller;
    const abort = () => {
      wish.leftMs = performance.now();
      controller.abort();
    };
    const timer = kind === "abort" ? setTimeout(abort, ms) : undefined;
    const options = { mode, reason: wish.id };
    if (kind === "wait") wish.patienceEndsMs = wish.sentMs + ms;
    try {
      return await this.#tolerate(() => {
        if (kind === "try") return client.tryAcquire(names[0], options);
        if (kind === "wait") return client.acquire(names[0], { ...options, wait: ms });
        return client.acquire(names.length > 1 ? names : names[0] as string, { ...options, signal });
      }, (error) => {
        wish.error = String(error);
        if (error instanceof LockTimeoutError) wish.leftMs = wish.sentMs + ms;
        else if (error !== signal.reason) delete wish.leftMs;
        return signal.aborted && error === signal.reason;
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Undefined when it failed as it may. */
  async #tolerate<T>(
    work: () => Promise<T>,
    isWished: (error: unknown) => boolean = () => false,
  ): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (isWished(error)) return undefined;
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

interface Held {
  readonly lock: Lock;
  readonly wish: Wish;
  readonly holds: Hold[];
}

/** Waits. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
