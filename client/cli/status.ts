/**
 * `distrilock status`: how a daemon does.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { DaemonStatus } from "../protocol/messages.ts";
import { layOut } from "./columns.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { printData } from "./output.ts";
import { jsonLines, jsonText, OUTPUT_OPTION, readOutputForm } from "./output_form.ts";
import { withClient } from "./session.ts";
import { COMMON_OPTIONS, OUTPUT_HELP, parsed, SERVER_HELP, serverAddress, UsageError } from "./usage.ts";

/** Help of `status`. */
export const STATUS_HELP = `Usage: distrilock status [OPTION…]

Tells how the daemon does: version, uptime, what its locks are worth, how many there are, and its limits.

${OUTPUT_HELP}
${SERVER_HELP}
`;

/** Tells the status; gives the exit code. */
export async function runStatus(args: readonly string[]): Promise<number> {
  const { values, positionals } = parsed(() =>
    parseArgs({ args: [...args], options: { ...COMMON_OPTIONS, ...OUTPUT_OPTION }, allowPositionals: true })
  );
  if (values.help) {
    await printData(STATUS_HELP);
    return EXIT_CODES.ok;
  }
  if (positionals.length > 0) {
    throw new UsageError(`Cannot tell the status of ${positionals[0]}: no word is needed`);
  }
  const form = readOutputForm(values.output);
  const status = await withClient(
    serverAddress(values.server),
    ({ administrator }) => administrator.status(),
  );
  if (form === "json") await printData(jsonText(status));
  else if (form === "jsonl") await printData(jsonLines([status]));
  else await printData(statusText(status));
  return EXIT_CODES.ok;
}

/** A status as lines of a name and a value. */
export function statusText({ counts, limits, uptime, ...plain }: DaemonStatus): string {
  const rows = Object.entries({
    ...plain,
    uptime: `${Math.round(uptime / 1_000)} s`,
    ...counts,
    ...Object.fromEntries(Object.entries(limits).map(([name, value]) => [`limits.${name}`, value])),
  });
  return layOut([rows.map(([name]) => name), rows.map(([, value]) => String(value))]);
}
