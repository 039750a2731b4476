/**
 * `distrilock token`: makes a token, or the line of a tokens file for one that is there already. It needs no
 * daemon.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { ConfigError } from "../config_error.ts";
import { newToken, tokenDigest, tokenFault } from "./token_text.ts";
import { parseTokens, TokensFileError } from "./tokens_text.ts";

/** Help of `token`. */
export const TOKEN_HELP = `Usage: distrilock token new SUBJECT RULE… [expires:DATE]
       distrilock token hash SUBJECT RULE… [expires:DATE] < FILE
       distrilock token check FILE

new    makes a token. Standard error shows it, once; standard output has the line for the tokens file.
hash   makes the line for a token that is read from standard input.
check  says whether a daemon would take the file.

  RULE   rights and names, like read,acquire:invoice/* or !break:invoice/* or read,acquire,break,admin:*
  DATE   like 2027-07-01 or 2027-07-01T12:00Z

Example: distrilock token new billing 'read,acquire:invoice/*' >> tokens
`;

/** What `token` reads. */
export interface TokenCommandSources {
  readonly readText: (path: string) => string;
  readonly readStandardInput: () => string;
}

/** What is to be printed. */
export interface TokenCommandResult {
  readonly text: string;
  /** For a person, and for no log. */
  readonly aside: string;
}

/**
 * Runs `token`. Throws a ConfigError for a wrong command line, a token that is too weak, or a file that a
 * daemon would refuse.
 */
export function runToken(
  [verb, ...words]: readonly string[],
  { readText, readStandardInput }: TokenCommandSources,
): TokenCommandResult {
  if (verb === "--help" || verb === "-h") return { text: TOKEN_HELP, aside: "" };
  if (verb === "new") {
    const token = newToken();
    const text = lineFor(token, words);
    return { text, aside: `${token}\nThis token is shown once, and kept nowhere.\n` };
  }
  if (verb === "hash") return { text: lineFor(readStandardInput().trim(), words), aside: "" };
  if (verb === "check") return { text: check(words[0], readText), aside: "" };
  const meant = verb === undefined ? "nothing" : JSON.stringify(verb);
  throw new ConfigError(`Cannot do token ${meant}: want new, hash or check, see token --help`);
}

function lineFor(token: string, [subject = "", ...rules]: readonly string[]): string {
  const fault = tokenFault(token);
  if (fault !== undefined) throw new ConfigError(`Cannot use the token: ${fault}`);
  const digest = Buffer.from(tokenDigest(token)).toString("hex");
  const line = [subject, `sha256:${digest}`, ...rules].join(" ");
  try {
    parseTokens(line);
  } catch (error) {
    if (!(error instanceof TokensFileError)) throw error;
    throw new ConfigError(`Cannot make ${error.message}; see token --help`, { cause: error });
  }
  return `${line}\n`;
}

function check(path: string | undefined, readText: (path: string) => string): string {
  if (path === undefined) throw new ConfigError("Cannot check: want the tokens file");
  try {
    const entries = parseTokens(readText(path));
    const lines = entries.map(({ subject, digest, expiresWallMs }) => {
      const proof = digest ? "token" : "anonymous";
      const end = expiresWallMs === Infinity ? "" : `, until ${new Date(expiresWallMs).toISOString()}`;
      return `${subject}: ${proof}${end}\n`;
    });
    return lines.join("");
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new ConfigError(`Cannot use the tokens file ${JSON.stringify(path)}: ${error.message}`, {
      cause: error,
    });
  }
}
