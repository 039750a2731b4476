/**
 * `distrilock break`: ends the locks of somebody else.
 *
 * @module
 */
import type { Party } from "../protocol/messages.ts";
import { type Command, OUTPUT_OPTION, SERVER_OPTIONS } from "./command.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { readWhy } from "./kick.ts";
import { tell } from "./output.ts";
import { printAll, readOutputForm } from "./output_form.ts";
import { withClient } from "./session.ts";
import { clientText } from "./table.ts";
import { readName } from "./who.ts";
import { UsageError, type Words } from "./words.ts";

/** The command `break`. */
export const BREAK: Command = {
  name: "break",
  operands: "NAME --token N --reason TEXT",
  summary: "end a lock of somebody else",
  about:
    "Ends the locks of NAME that have this fencing token, whoever holds them; the holders are told. For a holder that is gone for good, or has to give way. The token is what who tells: when the lock has passed to somebody else meanwhile, nobody is hit, and the exit code is 76. With -o json it tells whose locks they were.",
  options: [
    { name: "token", value: "N", help: "the fencing token of the lock to end" },
    { name: "reason", value: "TEXT", help: "why: for the holder and the daemon's audit log" },
    OUTPUT_OPTION,
    ...SERVER_OPTIONS,
  ],
  examples: [["distrilock break nightly --token 1805 --reason 'app3 burnt down'", "see who nightly"]],
  run: runBreak,
};

/** One run of `distrilock break`. */
export interface BreakPlan {
  readonly name: string;
  readonly token: number;
  readonly reason: string;
}

async function runBreak(words: Words): Promise<number> {
  const { name, token, reason } = readBreakPlan(words);
  const form = readOutputForm(words);
  const broken = await withClient(words, (client) => client.break(name, { token, reason }));
  for (const party of broken) tell(`broke ${name} in ${party.mode}, held by ${holderText(party)}`);
  await printAll(form, broken, () => "");
  return EXIT_CODES.ok;
}

/**
 * What is to be broken, and why.
 *
 * @throws {UsageError} when something is missing or makes no sense.
 */
export function readBreakPlan(words: Words): BreakPlan {
  const name = readName(words, "break");
  const token = readToken(words);
  if (token === undefined) throw new UsageError(`Cannot break ${name}: --token is needed, see who ${name}`);
  return { name, token, reason: readWhy(words, `break ${name}`) };
}

/**
 * The fencing token that `--token` gives; undefined when it was not given.
 *
 * @throws {UsageError} when it is none.
 */
export function readToken(words: Words): number | undefined {
  const text = words.text("token");
  if (text === undefined) return undefined;
  const number = /^\d+$/.test(text) ? Number(text) : 0;
  if (number >= 1 && Number.isSafeInteger(number)) return number;
  throw new UsageError(`Cannot use --token ${text}: it is no fencing token`);
}

function holderText({ client, session, since }: Party): string {
  return `${clientText(client, session)} since ${new Date(since).toISOString()}`;
}
