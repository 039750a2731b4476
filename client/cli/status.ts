/**
 * `distrilock status`: how a daemon does.
 *
 * @module
 */
import type { DaemonStatus } from "../protocol/messages.ts";
import { layOut } from "./columns.ts";
import { type Command, OUTPUT_OPTION, SERVER_OPTIONS } from "./command.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { printOne, readOutputForm } from "./output_form.ts";
import { withClient } from "./session.ts";
import { noOperand, type Words } from "./words.ts";

/** The command `status`. */
export const STATUS: Command = {
  name: "status",
  operands: "",
  summary: "tell how the daemon does",
  about:
    "Tells how the daemon does: version, uptime, what its locks are worth, how many there are, and its limits.",
  options: [OUTPUT_OPTION, ...SERVER_OPTIONS],
  examples: [["distrilock status -o json | jq .counts.waiters", "how many wait?"]],
  run: runStatus,
};

async function runStatus(words: Words): Promise<number> {
  noOperand(words, "tell the status of");
  const form = readOutputForm(words);
  const status = await withClient(words, ({ administrator }) => administrator.status());
  await printOne(form, status, () => statusText(status));
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
