/**
 * Many clients that do with locks whatever a client can do, while their connections are cut and their daemons
 * killed, and what they saw of it.
 *
 * @module
 */
import {
  type Client,
  connect,
  ConnectionError,
  type ErrorCode,
  type Lock,
  LockError,
  LockTimeoutError,
  type Mode,
} from "../../client/mod.ts";
import type { DaemonProcess } from "./daemon.ts";
import type { Ask, History, Hold, Life } from "./history.ts";
import { oneOf, type Random } from "./random.ts";
import { Relay } from "./relay.ts";

const NAMES = ["storm/a", "storm/b", "storm/c"] as const;
const MODES = ["EX", "EX", "PW", "PR", "PR", "CW", "CR", "NL"] as const satisfies Mode[];
const KINDS = ["try", "wait", "abort", "stay"] as const;
const HOLD_MS_MAX = 3;
const WAIT_MS_MAX = 30;
/** One request in so many ends with its connection: closed by the client, or cut. */
const REQUESTS_A_CONNECTION = 25;

/** Daemons on one directory, which are killed and started again. */
export class StormDaemons implements AsyncDisposable {
  readonly #start: (place: number) => Promise<DaemonProcess>;
  readonly #running: { daemon: DaemonProcess; life: Life }[] = [];
  /** How many were killed. */
  killed = 0;

  /** `start` starts a daemon for a place, on the directory that all share. */
  constructor(start: (place: number) => Promise<DaemonProcess>) {
    this.#start = start;
  }

  /** Those that run, or did a moment ago. */
  get places(): readonly { readonly daemon: DaemonProcess; readonly life: Life }[] {
    return this.#running;
  }

  /** Starts one in a place of its own, or where another one was. */
  async start(place: number = this.#running.length): Promise<void> {
    const daemon = await this.#start(place);
    this.#running[place] = { daemon, life: { what: `daemon ${daemon.pid}`, endedMs: Infinity } };
  }

  /** Kills one and starts another in its place. */
  async replace(place: number): Promise<void> {
    const { daemon, life } = this.#running[place]!;
    life.endedMs = performance.now();
    daemon.kill("SIGKILL");
    await daemon[Symbol.asyncDispose]();
    this.killed++;
    await this.start(place);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { daemon } of this.#running) await daemon[Symbol.asyncDispose]();
  }
}

/** One client after another, each on a wire that can be cut. */
export class StormClient implements AsyncDisposable {
  readonly #daemons: StormDaemons;
  readonly #random: Random;
  readonly #history: History;
  readonly #mayRefuse: readonly ErrorCode[];
  #line: { client: Client; lives: readonly [Life, Life]; relay: Relay; ended: boolean } | undefined;

  /** `mayRefuse` are codes with which daemons may refuse a request, beside what its wait is for. */
  constructor(
    daemons: StormDaemons,
    { random, history, mayRefuse = [] }: {
      random: Random;
      history: History;
      mayRefuse?: readonly ErrorCode[];
    },
  ) {
    this.#mayRefuse = mayRefuse;
    this.#daemons = daemons;
    this.#random = random;
    this.#history = history;
  }

  /** Makes one request after another. */
  async play(requests: number): Promise<void> {
    for (let count = 0; count < requests; count++) await this.#request();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end("close");
  }

  async #request(): Promise<void> {
    const random = this.#random;
    const line = await this.#connected();
    const [name, mode, kind] = [oneOf(random, NAMES), oneOf(random, MODES), oneOf(random, KINDS)];
    const ask: Ask = { what: `${kind} ${name} in ${mode} at ${line.lives[0].what}`, outcomes: 0 };
    this.#history.asks.push(ask);
    const lock = await acquireBy(line.client, {
      name,
      mode,
      kind,
      ms: 1 + random(WAIT_MS_MAX),
      mayRefuse: this.#mayRefuse,
    });
    ask.outcomes++;
    const ending = random(REQUESTS_A_CONNECTION) === 0;
    if (lock) {
      const hold = this.#hold(lock, line.lives);
      await pause(random(HOLD_MS_MAX));
      if (ending) await this.#end(oneOf(random, ["close", "cut"]));
      hold.toMs = Math.min(hold.toMs, performance.now());
      await lock.release().catch(() => {});
      // The end of a connection ends a release that is on its way; that the client has ended too is told in
      // the same turn of the event loop.
      await pause(0);
      hold.lost = lock.signal.aborted || line.ended;
    } else if (ending) await this.#end(oneOf(random, ["close", "cut"]));
  }

  #hold({ name, mode, token, signal }: Lock, lives: readonly Life[]): Hold {
    const hold: Hold = { name, mode, token, lives, fromMs: performance.now(), toMs: Infinity, lost: false };
    signal.addEventListener("abort", () => hold.toMs = Math.min(hold.toMs, performance.now()));
    this.#history.holds.push(hold);
    return hold;
  }

  /** The connection that there is, or a new one to some daemon. */
  async #connected() {
    while (!this.#line || this.#line.ended) {
      await this.#end("close");
      const { daemon, life } = oneOf(this.#random, this.#daemons.places as [StormDaemons["places"][0]]);
      const overTcp = this.#random(2) === 0;
      const relay = await Relay.open(overTcp ? daemon.tcpPort : daemon.httpPort);
      try {
        const url = overTcp ? `distrilock://127.0.0.1:${relay.port}` : `ws://127.0.0.1:${relay.port}`;
        const line = {
          client: await connect(url, { reconnect: false }),
          lives: [life, newConnection()] as const,
          relay,
          ended: false,
        };
        void line.client.closed.then(() => line.ended = true);
        this.#line = line;
      } catch (error) {
        relay[Symbol.dispose]();
        // The daemon is being replaced.
        if (!(error instanceof ConnectionError)) throw error;
        await pause(5);
      }
    }
    return this.#line;
  }

  async #end(how: "close" | "cut"): Promise<void> {
    if (!this.#line) return;
    const { client, lives: [, connection], relay } = this.#line;
    connection.endedMs = Math.min(connection.endedMs, performance.now());
    if (how === "cut") relay[Symbol.dispose]();
    else await client.close();
    await client.closed;
    relay[Symbol.dispose]();
    this.#line = undefined;
  }
}

/** Asks for a lock in one of the ways; null when it was refused as it may be. */
async function acquireBy(
  client: Client,
  { name, mode, kind, ms, mayRefuse }: {
    name: string;
    mode: Mode;
    kind: typeof KINDS[number];
    ms: number;
    mayRefuse: readonly ErrorCode[];
  },
): Promise<Lock | null> {
  const controller = new AbortController();
  const timer = kind === "abort" ? setTimeout(() => controller.abort(), ms) : undefined;
  try {
    if (kind === "try") return await client.tryAcquire(name, { mode });
    if (kind === "wait") return await client.acquire(name, { mode, wait: ms });
    return await client.acquire(name, { mode, signal: controller.signal });
  } catch (error) {
    const aborted = controller.signal.aborted && error === controller.signal.reason;
    if (error instanceof LockError && mayRefuse.includes(error.code)) return null;
    if (aborted || error instanceof LockTimeoutError || error instanceof ConnectionError) return null;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

let connections = 0;

function newConnection(): Life {
  return { what: `connection ${++connections}`, endedMs: Infinity };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
