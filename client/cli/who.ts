/**
 * `distrilock who`: who holds and who waits for one name.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { lockNameFault } from "../protocol/names.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { printData, tell } from "./output.ts";
import { jsonLines, jsonText, OUTPUT_OPTION, readOutputForm } from "./output_form.ts";
import { withClient } from "./session.ts";
import { partyTable } from "./table.ts";
import { COMMON_OPTIONS, parsed, serverAddress, UsageError, WHO_HELP } from "./usage.ts";

/** Tells about a name; gives the exit code. */
export async function runWho(args: readonly string[]): Promise<number> {
  const { values, positionals } = parsed(() =>
    parseArgs({ args: [...args], options: { ...COMMON_OPTIONS, ...OUTPUT_OPTION }, allowPositionals: true })
  );
  if (values.help) {
    await printData(WHO_HELP);
    return EXIT_CODES.ok;
  }
  const [name, ...others] = positionals;
  if (name === undefined || others.length > 0) throw new UsageError("Cannot tell: one NAME is needed");
  const fault = lockNameFault(name);
  if (fault !== undefined) throw new UsageError(`Cannot tell about ${name}: ${fault}`);
  const form = readOutputForm(values.output);
  const report = await withClient(serverAddress(values.server), (client) => client.who(name));
  const table = partyTable([report]);
  if (table === "") tell(`nobody holds or waits for ${name}`);
  if (form === "table") await printData(table);
  else await printData(form === "json" ? jsonText(report) : jsonLines([report]));
  return EXIT_CODES.ok;
}
