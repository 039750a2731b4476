/**
 * `distrilock verify`: whether a lock is still held.
 *
 * @module
 */
import process from "node:process";
import type { Party } from "../protocol/messages.ts";
import { lockNameFault } from "../protocol/names.ts";
import { readToken } from "./break.ts";
import { type Command, SERVER_OPTIONS } from "./command.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { tell } from "./output.ts";
import { withClient } from "./session.ts";
import { UsageError, type Words } from "./words.ts";

/** The command `verify`. */
export const VERIFY: Command = {
  name: "verify",
  operands: "[NAME --token N]",
  summary: "tell whether a lock is still held",
  about:
    `Asks the daemon whether NAME is held with the fencing token N; exit code 0 when it is, 76 when not. Without words it asks about the locks of the distrilock lock that it runs under: a check before a step that cannot be undone.

The answer is old when it comes, as any answer is: what is written to should look at the token.`,
  options: [
    { name: "token", value: "N", help: "the fencing token of the lock" },
    ...SERVER_OPTIONS,
  ],
  examples: [
    ["distrilock verify && rm -rf /srv/old", "in a script that distrilock lock runs"],
    ["distrilock verify nightly --token 1805", "is it still that one?"],
  ],
  run: runVerify,
};

/** A lock as those know it who were told of it. */
interface KnownLock {
  readonly name: string;
  readonly token: number;
  /** Whose it is; undefined: whosever. */
  readonly session?: string | undefined;
}

async function runVerify(words: Words): Promise<number> {
  const locks = readKnownLocks(words, process.env);
  return await withClient(words, async (client) => {
    for (const { name, token, session } of locks) {
      const { held, outsideHolder } = await client.who(name);
      const holders = outsideHolder === undefined ? held : [...held, outsideHolder];
      const isIt = (party: Party) => party.token === token && (session ?? party.session) === party.session;
      if (holders.some(isIt)) continue;
      tell(`${name} is not held with token ${token}`);
      return EXIT_CODES.lost;
    }
    return EXIT_CODES.ok;
  });
}

/**
 * Which locks are meant: those of the words, or of the environment that `distrilock lock` made.
 *
 * @throws {UsageError} when neither tells.
 */
export function readKnownLocks(
  words: Words,
  environment: Readonly<Record<string, string | undefined>>,
): readonly KnownLock[] {
  const [name, ...others] = words.operands;
  const token = readToken(words);
  if (others.length > 0) throw new UsageError(`Cannot verify ${others[0]}: one NAME is enough`);
  if (name === undefined && token === undefined) return locksOf(environment);
  if (name === undefined || token === undefined) {
    throw new UsageError("Cannot verify: a NAME and its --token are needed, or neither");
  }
  const fault = lockNameFault(name);
  if (fault !== undefined) throw new UsageError(`Cannot verify ${name}: ${fault}`);
  return [{ name, token }];
}

function locksOf(environment: Readonly<Record<string, string | undefined>>): readonly KnownLock[] {
  const { DISTRILOCK_NAME = "", DISTRILOCK_TOKEN = "", DISTRILOCK_SESSION: session } = environment;
  const names = DISTRILOCK_NAME.split(" ");
  const tokens = DISTRILOCK_TOKEN.split(" ").map(Number);
  if (DISTRILOCK_NAME === "" || names.length !== tokens.length || !tokens.every(Number.isSafeInteger)) {
    throw new UsageError(
      "Cannot verify: this does not run under distrilock lock, so NAME and --token are needed",
    );
  }
  return names.map((name, index) => ({ name, token: tokens[index]!, session }));
}
