/**
 * Which daemons a command asks, and as whom.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import process from "node:process";
import { parseAddress } from "../address.ts";
import { readDuration } from "./duration.ts";
import { UsageError, type Words } from "./words.ts";

/** Where a daemon is looked for when nothing says otherwise. */
export const SERVER_DEFAULT = "distrilock://127.0.0.1:13123";

/** Longest token, in bytes: what fits in a header of HTTP everywhere. */
const TOKEN_BYTES_MAX = 4_096;

/** What the common options say. */
export interface Servers {
  /** At least one, in the order in which they are tried. */
  readonly addresses: readonly URL[];
  /** What says who asks; undefined for nobody. */
  readonly token: string | undefined;
  /** Where the token was read, as an absolute path. */
  readonly tokenFile: string | undefined;
  /** Milliseconds; undefined: as the client does by itself. */
  readonly connectTimeoutMs: number | undefined;
}

/**
 * Reads the common options, the environment behind them, and the file of the token.
 *
 * @throws {UsageError} for an address that is none, or a file that cannot be read.
 */
export function readServers(words: Words): Servers {
  const connectTimeoutMs = readDuration("--connect-timeout", words.text("connect-timeout"));
  if (connectTimeoutMs === 0) throw new UsageError("Cannot use --connect-timeout 0: nothing is that fast");
  const tokenFile = words.text("token-file") ?? (process.env.DISTRILOCK_TOKEN_FILE || undefined);
  return {
    addresses: readAddresses(words.text("server") ?? (process.env.DISTRILOCK_SERVER || SERVER_DEFAULT)),
    token: readToken(tokenFile),
    tokenFile: tokenFile === undefined ? undefined : resolve(tokenFile),
    connectTimeoutMs,
  };
}

/**
 * The addresses of a list with commas.
 *
 * @throws {UsageError} when one of them is none.
 */
export function readAddresses(text: string): readonly URL[] {
  try {
    return text.split(",").map((address) => parseAddress(address.trim()));
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** A list that {@link readAddresses} reads, for the environment of a command. */
export function addressList(addresses: readonly URL[]): string {
  return addresses.map((address) => address.href).join(",");
}

function readToken(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(`Cannot read --token-file ${path}: ${code ?? message}`, { cause: error });
  }
  const token = text.trim();
  // Never the text itself: what is wrong with a secret is no cause to print it.
  if (token === "") throw new UsageError(`Cannot use --token-file ${path}: it is empty`);
  if (/\s/.test(token)) throw new UsageError(`Cannot use --token-file ${path}: want one token in it`);
  if (token.length > TOKEN_BYTES_MAX) {
    throw new UsageError(`Cannot use --token-file ${path}: want at most ${TOKEN_BYTES_MAX} bytes`);
  }
  return token;
}
