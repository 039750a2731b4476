/**
 * `distrilock who`: who holds and who waits for one name.
 *
 * @module
 */
import { lockNameFault } from "../protocol/names.ts";
import { type Command, OUTPUT_OPTION, SERVER_OPTIONS } from "./command.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { tell } from "./output.ts";
import { printOne, readOutputForm } from "./output_form.ts";
import { withClient } from "./session.ts";
import { partyTable } from "./table.ts";
import { onlyOperand, UsageError, type Words } from "./words.ts";

/** The command `who`. */
export const WHO: Command = {
  name: "who",
  operands: "NAME",
  summary: "tell who holds and who waits for a name",
  about:
    "Tells who holds a lock and who waits for it, since when and why. Of other daemons of the same directory, and of other programs, it tells the holder as far as they say who they are.",
  options: [OUTPUT_OPTION, ...SERVER_OPTIONS],
  examples: [
    ["distrilock who nightly", "who is it?"],
    ["distrilock who nightly -o json | jq .held[].token", "the token for break"],
  ],
  run: runWho,
};

async function runWho(words: Words): Promise<number> {
  const name = readName(words, "tell");
  const form = readOutputForm(words);
  const report = await withClient(words, (client) => client.who(name));
  const table = partyTable([report]);
  if (table === "") tell(`nobody holds or waits for ${name}`);
  await printOne(form, report, () => table);
  return EXIT_CODES.ok;
}

/**
 * The one name that a command takes.
 *
 * @throws {UsageError} when there is none, more, or it is no lock name.
 */
export function readName(words: Words, verb: string): string {
  const name = onlyOperand(words, verb, "NAME");
  const fault = lockNameFault(name);
  if (fault !== undefined) throw new UsageError(`Cannot ${verb} ${name}: ${fault}`);
  return name;
}
