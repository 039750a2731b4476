/**
 * `distrilock ls`: the names that are held or waited for.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { lockPrefixFault } from "../protocol/names.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { printData, tell } from "./output.ts";
import { jsonLines, jsonText, OUTPUT_OPTION, readOutputForm } from "./output_form.ts";
import { withClient } from "./session.ts";
import { partyTable } from "./table.ts";
import { COMMON_OPTIONS, LS_HELP, parsed, serverAddress, UsageError } from "./usage.ts";

/** Lists names; gives the exit code. */
export async function runLs(args: readonly string[]): Promise<number> {
  const { values, positionals } = parsed(() =>
    parseArgs({ args: [...args], options: { ...COMMON_OPTIONS, ...OUTPUT_OPTION }, allowPositionals: true })
  );
  if (values.help) {
    await printData(LS_HELP);
    return EXIT_CODES.ok;
  }
  const [prefix = "", ...others] = positionals;
  if (others.length > 0) throw new UsageError(`Cannot list ${others[0]}: one PREFIX is enough`);
  const fault = lockPrefixFault(prefix);
  if (fault !== undefined) throw new UsageError(`Cannot list ${prefix}: ${fault}`);
  const form = readOutputForm(values.output);
  const states = await withClient(serverAddress(values.server), async (client) => {
    const states = [];
    for await (const state of client.list({ prefix })) states.push(state);
    return states;
  });
  if (states.length === 0) tell("nothing is held or waited for");
  if (form === "table") await printData(partyTable(states));
  else await printData(form === "json" ? jsonText(states) : jsonLines(states));
  return EXIT_CODES.ok;
}
