/**
 * From an address to a client.
 *
 * | address | what |
 * |---|---|
 * | `distrilock://host[:port]` | TCP, port 13123 unless given |
 * | `ws://host[:port][/path]` | WebSocket, port 80 unless given as for every `ws:` address (a daemon listens on 13124), path `/v1/ws` unless given |
 * | `wss://host[:port][/path]` | the same over TLS, port 443 unless given |
 *
 * @module
 */
import { Client } from "./client.ts";
import { ConnectionError, LockError } from "./errors.ts";
import { Session } from "./session.ts";
import type { OpenTransport } from "./transport/transport.ts";
import { webSocketOpener } from "./transport/websocket.ts";

/** The port of a `distrilock://` address that names none. */
export const TCP_PORT_DEFAULT = 13_123;

const WEBSOCKET_PATH_DEFAULT = "/v1/ws";
const CONNECT_MS_DEFAULT = 10_000;
const CONNECT_MS_MAX = 2 ** 31 - 1;

/** How to connect, and what to say of oneself: other people see it when this client stands in their way. */
export interface ConnectOptions {
  /** What the program calls itself, e.g. `billing-1`. */
  readonly name?: string | undefined;
  /** The host that it runs on. */
  readonly host?: string | undefined;
  /** Its process id there. */
  readonly pid?: number | undefined;
  /** Ends the attempt to connect; has no effect later. */
  readonly signal?: AbortSignal | undefined;
  /** How long the attempt may take, in milliseconds; 10,000 unless given. */
  readonly connectTimeoutMs?: number | undefined;
}

/**
 * Connects to a daemon and opens a session there.
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
 * @throws {RangeError} for a timeout that is no time.
 * @throws {ConnectionError} when the server could not be reached in time, or refused.
 * @throws the reason of `signal`.
 */
export async function connect(url: string | URL, options: ConnectOptions = {}): Promise<Client> {
  const address = parseAddress(url);
  const { name, host, pid, signal, connectTimeoutMs = CONNECT_MS_DEFAULT } = options;
  if (!(connectTimeoutMs > 0 && connectTimeoutMs <= CONNECT_MS_MAX)) {
    throw new RangeError(
      `Cannot connect within ${connectTimeoutMs} ms: not a number from 1 to ${CONNECT_MS_MAX}`,
    );
  }
  signal?.throwIfAborted();
  const attempt = new AbortController();
  const onAbort = () => attempt.abort(signal!.reason);
  const timer = setTimeout(() => {
    attempt.abort(
      new ConnectionError(`Cannot connect to ${address}: no answer within ${connectTimeoutMs} ms`),
    );
  }, connectTimeoutMs);
  signal?.addEventListener("abort", onAbort);
  try {
    const openTransport = await openerFor(address, attempt.signal);
    const client = { name, host, pid };
    return new Client(await Session.open(openTransport, { client, signal: attempt.signal }));
  } catch (error) {
    throw attempt.signal.aborted ? attempt.signal.reason : refusal(address, error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

/**
 * The address that a text names, with its defaults filled in.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(parseAddress("distrilock://app3").href, "distrilock://app3:13123");
 * equal(parseAddress("wss://locks.example").href, "wss://locks.example/v1/ws");
 * ```
 *
 * @throws {TypeError} when it is no address of a daemon.
 */
export function parseAddress(url: string | URL): URL {
  if (!URL.canParse(url.toString())) throw badAddress(url, "it is not a URL");
  const address = new URL(url);
  if (address.protocol !== "distrilock:" && address.protocol !== "ws:" && address.protocol !== "wss:") {
    throw badAddress(url, "it begins with none of distrilock:// ws:// wss://");
  }
  if (address.hostname === "") throw badAddress(url, "it names no host");
  if (address.username !== "" || address.password !== "") throw badAddress(url, "it has a user name");
  if (address.hash !== "") throw badAddress(url, "it has a # part");
  if (address.protocol !== "distrilock:") {
    if (address.pathname === "/") address.pathname = WEBSOCKET_PATH_DEFAULT;
    return address;
  }
  if ((address.pathname !== "" && address.pathname !== "/") || address.search !== "") {
    throw badAddress(url, "it has a path");
  }
  if (address.port === "0") throw badAddress(url, "it has port 0");
  return new URL(`distrilock://${address.hostname}:${address.port || TCP_PORT_DEFAULT}`);
}

async function openerFor(address: URL, signal: AbortSignal): Promise<OpenTransport> {
  if (address.protocol !== "distrilock:") return webSocketOpener(address, signal);
  const { tcpOpener } = await import("./transport/tcp.ts");
  const host = address.hostname.replace(/^\[|\]$/g, "");
  return tcpOpener({ host, port: Number(address.port) }, signal);
}

function badAddress(url: string | URL, why: string): TypeError {
  return new TypeError(`Cannot connect to ${url}: ${why}, unlike distrilock://host:${TCP_PORT_DEFAULT}`);
}

function refusal(address: URL, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as { readonly code?: unknown };
  // An attempt on several addresses of one name fails with an error that has a code but no text.
  const why = error.message === "" ? String(code ?? error.name) : error.message;
  const told = `Cannot connect to ${address}: ${why}`;
  return new ConnectionError(
    told,
    error instanceof LockError ? { code: error.code, cause: error } : { cause: error },
  );
}
