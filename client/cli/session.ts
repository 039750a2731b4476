/**
 * The client of one command: connected under the command's name, closed at its end.
 *
 * @module
 */
import { hostname } from "node:os";
import process from "node:process";
import type { Client } from "../client.ts";
import { connect } from "../connect.ts";
import { textFault } from "../protocol/text.ts";
import { readServers, type Servers } from "./servers.ts";
import type { Words } from "./words.ts";

/** Longest time that saying farewell to a daemon takes, in milliseconds. */
const FAREWELL_MS = 1_000;

/** What a session of a command is beside the common options. */
export interface SessionOptions {
  /** Milliseconds that the session outlives its connection. */
  readonly grace?: number | undefined;
  /**
   * Whether a wait goes on at the next server when its session has ended. A command that only asks ends, and
   * says so.
   */
  readonly reconnect?: boolean;
  /** Ends the attempt to connect. */
  readonly signal?: AbortSignal;
}

/** Connects as the common options say, lets `body` work, and closes the connection whatever comes. */
export async function withClient<T>(words: Words, body: (client: Client) => Promise<T>): Promise<T> {
  return await withClientOf(readServers(words), {}, body);
}

/** The same with options that were read before. */
export async function withClientOf<T>(
  { addresses, token, connectTimeoutMs }: Servers,
  { grace, reconnect = false, signal }: SessionOptions,
  body: (client: Client) => Promise<T>,
): Promise<T> {
  const host = hostname();
  const client = await connect(addresses, {
    name: "distrilock",
    host: textFault(host) === undefined ? host : undefined,
    pid: process.pid,
    token,
    grace,
    reconnect,
    connectTimeoutMs,
    signal,
  });
  try {
    return await body(client);
  } finally {
    await inTime(client.close());
  }
}

/** Waits for a farewell that nobody may hear: a network that is gone must not keep a command from ending. */
export async function inTime(farewell: PromiseLike<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, FAREWELL_MS));
  try {
    await Promise.race([farewell, late]);
  } finally {
    clearTimeout(timer);
  }
}
