/**
 * `distrilock drain`: makes a daemon leave service.
 *
 * @module
 */
import { type Command, OUTPUT_OPTION, SERVER_OPTIONS } from "./command.ts";
import { durationText } from "./duration.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { tell } from "./output.ts";
import { printOne, readOutputForm } from "./output_form.ts";
import { withClient } from "./session.ts";
import { noOperand, type Words } from "./words.ts";

/** The command `drain`. */
export const DRAIN: Command = {
  name: "drain",
  operands: "",
  summary: "make the daemon leave service",
  about:
    "Makes the daemon leave service as SIGTERM does: it takes no new sessions and grants no new locks, holders keep theirs until they release them or its --drain-timeout is over, then its process ends. Does not wait for that; with -o json it tells the milliseconds that are left in closesIn.",
  options: [OUTPUT_OPTION, ...SERVER_OPTIONS],
  examples: [["distrilock drain --server distrilock://app3", "before app3 is switched off"]],
  run: runDrain,
};

async function runDrain(words: Words): Promise<number> {
  noOperand(words, "drain");
  const form = readOutputForm(words);
  const closesIn = await withClient(words, ({ administrator }) => administrator.drain());
  tell(`the daemon leaves service, within ${durationText(Math.ceil(closesIn / 1_000) * 1_000)}`);
  await printOne(form, { closesIn }, () => "");
  return EXIT_CODES.ok;
}
