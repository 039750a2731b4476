/**
 * `distrilock sessions`: who is connected, or may come back.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { SessionState } from "../protocol/messages.ts";
import { layOut } from "./columns.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { printData } from "./output.ts";
import { jsonLines, jsonText, OUTPUT_OPTION, readOutputForm } from "./output_form.ts";
import { withClient } from "./session.ts";
import { clientText } from "./table.ts";
import { COMMON_OPTIONS, OUTPUT_HELP, parsed, SERVER_HELP, serverAddress, UsageError } from "./usage.ts";

/** Help of `sessions`. */
export const SESSIONS_HELP = `Usage: distrilock sessions [OPTION…]

Lists the sessions of the daemon: this command's own, those that are connected, and those that are detached, which lost their
connection and can be resumed until they expire.

${OUTPUT_HELP}
${SERVER_HELP}
`;

/** Lists sessions; gives the exit code. */
export async function runSessions(args: readonly string[]): Promise<number> {
  const { values, positionals } = parsed(() =>
    parseArgs({ args: [...args], options: { ...COMMON_OPTIONS, ...OUTPUT_OPTION }, allowPositionals: true })
  );
  if (values.help) {
    await printData(SESSIONS_HELP);
    return EXIT_CODES.ok;
  }
  if (positionals.length > 0) {
    throw new UsageError(`Cannot list sessions of ${positionals[0]}: no word is needed`);
  }
  const form = readOutputForm(values.output);
  const sessions = await withClient(serverAddress(values.server), async ({ administrator }) => {
    const found = [];
    for await (const session of administrator.sessions()) found.push(session);
    return found;
  });
  if (form === "json") await printData(jsonText(sessions));
  else if (form === "jsonl") await printData(jsonLines(sessions));
  else await printData(sessionTable(sessions));
  return EXIT_CODES.ok;
}

/** A table of sessions with a row for each. */
export function sessionTable(sessions: readonly SessionState[]): string {
  const time = (ms: number | undefined) => ms === undefined ? "" : new Date(ms).toISOString();
  const columns = [
    ["SESSION", ...sessions.map(({ session }) => session)],
    ["STATE", ...sessions.map(({ state }) => state)],
    ["TRANSPORT", ...sessions.map(({ transport }) => transport)],
    ["SINCE", ...sessions.map(({ since }) => time(since))],
    ["EXPIRES", ...sessions.map(({ expires }) => time(expires))],
    ["LOCKS", ...sessions.map(({ locks }) => String(locks))],
    ["WAITS", ...sessions.map(({ waits }) => String(waits))],
    ["CLIENT", ...sessions.map(({ client }) => clientText(client))],
  ];
  // A column without a word is left out.
  return layOut(columns.filter(([_heading, ...cells]) => cells.some((cell) => cell !== "")));
}
