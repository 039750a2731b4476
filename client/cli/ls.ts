/**
 * `distrilock ls`: the names that are held or waited for.
 *
 * @module
 */
import { lockPrefixFault } from "../protocol/names.ts";
import { type Command, OUTPUT_OPTION, SERVER_OPTIONS } from "./command.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { tell } from "./output.ts";
import { printAll, readOutputForm } from "./output_form.ts";
import { withClient } from "./session.ts";
import { partyTable } from "./table.ts";
import { UsageError, type Words } from "./words.ts";

/** The command `ls`. */
export const LS: Command = {
  name: "ls",
  operands: "[PREFIX]",
  summary: "list the names that are held or waited for",
  about: "Lists the names that sessions of the daemon hold or wait for, those that begin with PREFIX.",
  options: [OUTPUT_OPTION, ...SERVER_OPTIONS],
  examples: [
    ["distrilock ls invoice/", "everything below invoice/"],
    ["distrilock ls -o jsonl | jq -r 'select(.waitingCount > 0).name'", "names that somebody waits for"],
  ],
  run: runLs,
};

async function runLs(words: Words): Promise<number> {
  const prefix = readPrefix(words, "list");
  const form = readOutputForm(words);
  const states = await withClient(words, async (client) => {
    const states = [];
    for await (const state of client.list({ prefix })) states.push(state);
    return states;
  });
  if (states.length === 0) tell("nothing is held or waited for");
  await printAll(form, states, () => partyTable(states));
  return EXIT_CODES.ok;
}

/**
 * The prefix that a command takes; "" when it was not given.
 *
 * @throws {UsageError} when no name can begin so.
 */
export function readPrefix({ operands: [prefix = "", ...others] }: Words, verb: string): string {
  if (others.length > 0) throw new UsageError(`Cannot ${verb} ${others[0]}: one PREFIX is enough`);
  const fault = lockPrefixFault(prefix);
  if (fault !== undefined) throw new UsageError(`Cannot ${verb} ${prefix}: ${fault}`);
  return prefix;
}
