/**
 * The tokens file of a daemon: read when it starts, and anew when it is told to.
 *
 * @module
 */
import type { Log } from "../base/log.ts";
import { TokenGate, type TokenGateOptions } from "./token_gate.ts";
import { parseTokens, type TokenEntry, TokensFileError } from "./tokens_text.ts";

/** Permission bits of everybody who is neither owner nor group (chmod(2)). */
const OTHERS_READ_OR_WRITE = 0o006;
const GROUP_WRITES = 0o020;

/** A gate that knows what is in a file. */
export interface TokensSource {
  readonly gate: TokenGate;
  /**
   * Has the gate know what is in the file now. Throws a {@link TokensFileError}, and then it knows what it
   * knew.
   */
  reload(): void;
}

/** Reads a tokens file. Throws a {@link TokensFileError} that says what is wrong with it. */
export function openTokenGate(path: string, options: TokenGateOptions): TokensSource {
  const gate = new TokenGate(readTokensFile(path, options.log), options);
  return { gate, reload: () => gate.load(readTokensFile(path, options.log)) };
}

function readTokensFile(path: string, log: Log): TokenEntry[] {
  const cannot = `Cannot use the tokens file ${JSON.stringify(path)}`;
  try {
    const { mode } = Deno.statSync(path);
    if (mode !== null && (mode & (OTHERS_READ_OR_WRITE | GROUP_WRITES)) !== 0) {
      log.warn("tokens.exposed", { path, mode: (mode & 0o777).toString(8), want: "0640 or less" });
    }
    const entries = parseTokens(Deno.readTextFileSync(path));
    const strangers = entries.some(({ digest }) => digest === null);
    log.info("tokens.loaded", { path, tokens: entries.length - Number(strangers), strangers });
    return entries;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new TokensFileError(`${cannot}: ${error.message}`, { cause: error });
  }
}
