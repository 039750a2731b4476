/**
 * From addresses to a client.
 *
 * @module
 */
import { type Dial, dialer, parseAddress } from "./address.ts";
import { Client } from "./client.ts";
import { type Clock, RUNTIME_CLOCK } from "./clock.ts";
import { ConnectionError } from "./errors.ts";
import { Presence } from "./presence.ts";
import { LIFE_MS_MAX } from "./protocol/limits.ts";
import type { Labels } from "./protocol/messages.ts";
import type { WebSocketMaker } from "./transport/websocket.ts";

const CONNECT_MS_DEFAULT = 10_000;
const CONNECT_MS_MAX = 2 ** 31 - 1;
/** Shortest grace, in milliseconds: below, the network decides more than the clock. */
const GRACE_MS_MIN = 1_000;

/** How to connect, and what to say of oneself: other people see it when this client stands in their way. */
export interface ConnectOptions {
  /** What the program calls itself, e.g. `billing-1`. */
  readonly name?: string | undefined;
  /** The host that it runs on; the address that the server sees, unless given. */
  readonly host?: string | undefined;
  /** Its process id there; that of this process, where there is one, unless given. */
  readonly pid?: number | undefined;
  /** Why locks are asked for, where a request does not say. */
  readonly reason?: string | undefined;
  /** Labels of requests that have none of their own. */
  readonly labels?: Labels | undefined;
  /**
   * Proves to the server who the caller is. White space around it, as at the end of a file, does not count.
   */
  readonly token?: string | undefined;
  /**
   * How long the session outlives a connection that is lost, in milliseconds, 1,000 to 366 days (a server may
   * allow less). Within it the client goes on over another connection, with its locks and its places in
   * queues. After it, counted by the client's own clock from when it last asked for a sign of life, and cut
   * short by a margin, all locks are taken for lost. Absent: locks end with their connection, at once.
   */
  readonly grace?: number | undefined;
  /** Ends the attempt to connect; has no effect later. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long the attempt may take, all servers together, in milliseconds; 10,000 unless given. Later, how
   * long a request waits for a server while there is none.
   */
  readonly connectTimeoutMs?: number | undefined;
  /** False: the client ends with its first session, instead of opening another one. Default true. */
  readonly reconnect?: boolean | undefined;
  /**
   * What keeps locks alive that have to be renewed, and the session itself. With `event-loop` (the default)
   * the program does, and loses them when it leaves no time for that: a program that hangs should not hold
   * locks. With `process` a worker holds the connection and renews, as long as the process runs, however busy
   * its main thread is. Bound locks that must not be held for ever with `maxHold`.
   */
  readonly liveness?: "event-loop" | "process" | undefined;
  /**
   * Where the worker's program is (`@distrilock/client/pilot`), when the library was bundled; otherwise it is
   * found.
   */
  readonly worker?: string | URL | undefined;
  /**
   * Certificates, in PEM, of the authorities to trust for `distrilocks://`; those that the runtime trusts
   * unless given. For `wss://` the runtime alone decides.
   */
  readonly ca?: string | undefined;
  /** Makes WebSockets, for a runtime that has none, such as Node 20: the class of the package `ws`, say. */
  readonly webSocket?: WebSocketMaker | undefined;
}

/** What tests give beside the options. */
export interface ConnectParts {
  readonly dial: Dial;
  readonly clock: Clock;
  readonly random: () => number;
}

/**
 * Connects to a daemon, or to the first of several that answers, and opens a session there. When the session
 * ends, the client opens another one, at the next server that answers; until it is closed it goes on trying.
 * Locks of a session that has ended are lost, and say so; nothing is ever taken again in silence.
 *
 * ```ts ignore
 * const client = await connect("distrilock://127.0.0.1:13123", { name: "billing-1" });
 * await client.request("invoice/42", { wait: 30_000 }, async (lock) => {
 *   await fetch("https://example.com/rebill", { method: "POST", signal: lock.signal });
 * });
 * await client.close();
 * ```
 *
 * @throws {TypeError} for an address that is none.
 * @throws {RangeError} for a timeout or a grace that is no such time, and for no address at all.
 * @throws {ConnectionError} when no server could be reached in time, or all refused.
 * @throws the reason of `signal`.
 */
export function connect(
  urls: string | URL | readonly (string | URL)[],
  options: ConnectOptions = {},
): Promise<Client> {
  return connectWith(urls, options, {});
}

/** Like {@link connect}, with other parts than the runtime's. */
export async function connectWith(
  urls: string | URL | readonly (string | URL)[],
  options: ConnectOptions,
  parts: Partial<ConnectParts>,
): Promise<Client> {
  const list = typeof urls === "string" || urls instanceof URL ? [urls] : urls;
  const servers = list.map(parseAddress);
  if (servers.length === 0) throw new RangeError("Cannot connect: no address was given");
  const { name, host, pid = ownPid(), token, grace, reason, labels, signal, reconnect = true } = options;
  const { connectTimeoutMs = CONNECT_MS_DEFAULT } = options;
  checkTime("within", connectTimeoutMs, { min: 1, max: CONNECT_MS_MAX });
  if (grace !== undefined) checkTime("with a grace of", grace, { min: GRACE_MS_MIN, max: LIFE_MS_MAX });
  signal?.throwIfAborted();
  const clock = parts.clock ?? RUNTIME_CLOCK;
  const line = await openLine(options, clock);
  try {
    const presence = await Presence.open({
      servers,
      dial: parts.dial ?? line.dial,
      clock,
      random: parts.random ?? Math.random,
      introduction: { client: { name, host, pid }, token: token?.trim(), graceMs: grace },
      connectTimeoutMs,
      reconnect,
      onClosed: line.end,
    }, signal ?? new AbortController().signal);
    return new Client(presence, { reason, labels });
  } catch (error) {
    line.end();
    throw error;
  }
}

/** The id of this process; pages have none, and what plays a process for them may say 0. */
function ownPid(): number | undefined {
  return (globalThis as { process?: { pid?: number } }).process?.pid || undefined;
}

/** How servers are dialled, and what is to be done when they are not any more. */
async function openLine(
  { liveness = "event-loop", worker, webSocket, ca }: ConnectOptions,
  clock: Clock,
): Promise<{ readonly dial: Dial; readonly end: () => void }> {
  if (liveness === "event-loop") return { dial: dialer({ webSocket, ca }), end() {} };
  if (liveness !== "process") {
    throw new TypeError(`Cannot connect with liveness ${liveness}: it is none of event-loop process`);
  }
  if (webSocket !== undefined) {
    throw new TypeError(
      "Cannot connect with webSocket and liveness process: a worker cannot be given a class",
    );
  }
  const { startPilot } = await import("./pilot/start.ts");
  // A code that says that it is no use to try again.
  const failure = ({ message }: Error) =>
    new ConnectionError(`Cannot go on without the worker: ${message}`, { code: "UNSUPPORTED" });
  return await startPilot(clock, { worker, ca, failure });
}

function checkTime(
  what: string,
  ms: number,
  { min, max }: { readonly min: number; readonly max: number },
): void {
  if (ms >= min && ms <= max) return;
  throw new RangeError(`Cannot connect ${what} ${ms} ms: not a number from ${min} to ${max}`);
}
