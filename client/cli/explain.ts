/**
 * `distrilock explain`: who waits for whom, and why.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { lockNameFault } from "../protocol/names.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { explanationText } from "./explain_text.ts";
import { printData, tell } from "./output.ts";
import { jsonLines, jsonText, OUTPUT_OPTION, readOutputForm } from "./output_form.ts";
import { withClient } from "./session.ts";
import { COMMON_OPTIONS, parsed, SERVER_HELP, serverAddress, UsageError } from "./usage.ts";

/** Help of `explain`. */
export const EXPLAIN_HELP = `Usage: distrilock explain NAME [OPTION…]

Tells why a lock does not come: who holds it, who waits for it (in their order) and whom each one waits for (←), then the same
of the names that its holders wait for.

  -o, --output FORM     table, json, or jsonl with a line for each name (table)
${SERVER_HELP}
`;

/** Explains a name; gives the exit code. */
export async function runExplain(args: readonly string[]): Promise<number> {
  const { values, positionals } = parsed(() =>
    parseArgs({
      args: [...args],
      options: { ...COMMON_OPTIONS, ...OUTPUT_OPTION },
      allowPositionals: true,
    })
  );
  if (values.help) {
    await printData(EXPLAIN_HELP);
    return EXIT_CODES.ok;
  }
  const [name, ...others] = positionals;
  if (name === undefined || others.length > 0) throw new UsageError("Cannot explain: one NAME is needed");
  const fault = lockNameFault(name);
  if (fault !== undefined) throw new UsageError(`Cannot explain ${name}: ${fault}`);
  const form = readOutputForm(values.output);
  const names = await withClient(serverAddress(values.server), (client) => client.explain(name));
  if (form === "table") await printData(explanationText(names, Date.now()));
  else await printData(form === "json" ? jsonText(names) : jsonLines(names));
  const [first] = names;
  const isFree = first?.heldCount === 0 && first.waitingCount === 0 && first.outside === null;
  if (isFree) tell(`nobody holds or waits for ${name}`);
  return EXIT_CODES.ok;
}
