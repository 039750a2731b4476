/**
 * `distrilock explain`: who waits for whom, and why.
 *
 * @module
 */
import { type Command, OUTPUT_OPTION, SERVER_OPTIONS } from "./command.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { explanationText } from "./explain_text.ts";
import { tell } from "./output.ts";
import { printAll, readOutputForm } from "./output_form.ts";
import { withClient } from "./session.ts";
import { readName } from "./who.ts";
import type { Words } from "./words.ts";

/** The command `explain`. */
export const EXPLAIN: Command = {
  name: "explain",
  operands: "NAME",
  summary: "tell who waits for whom, and why",
  about:
    "Tells why a lock does not come: who holds it, who waits for it (in their order) and whom each one waits for (←), then the same of the names that its holders wait for. With -o jsonl there is a line for each name.",
  options: [OUTPUT_OPTION, ...SERVER_OPTIONS],
  examples: [["distrilock explain invoice/42", "why does it take so long?"]],
  run: runExplain,
};

async function runExplain(words: Words): Promise<number> {
  const name = readName(words, "explain");
  const form = readOutputForm(words);
  const names = await withClient(words, (client) => client.explain(name));
  await printAll(form, names, () => explanationText(names, Date.now()));
  const [first] = names;
  const isFree = first?.heldCount === 0 && first.waitingCount === 0 && first.outside === null;
  if (isFree) tell(`nobody holds or waits for ${name}`);
  return EXIT_CODES.ok;
}
