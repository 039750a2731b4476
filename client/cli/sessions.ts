/**
 * `distrilock sessions`: who is connected, or may come back.
 *
 * @module
 */
import type { SessionState } from "../protocol/messages.ts";
import { layOut } from "./columns.ts";
import { type Command, OUTPUT_OPTION, SERVER_OPTIONS } from "./command.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { printAll, readOutputForm } from "./output_form.ts";
import { withClient } from "./session.ts";
import { clientText } from "./table.ts";
import { noOperand, type Words } from "./words.ts";

/** The command `sessions`. */
export const SESSIONS: Command = {
  name: "sessions",
  operands: "",
  summary: "list the sessions of the daemon",
  about:
    "Lists the sessions of the daemon: this command's own, those that are connected, and those that are detached, which lost their connection and can be resumed until they expire.",
  options: [OUTPUT_OPTION, ...SERVER_OPTIONS],
  examples: [[
    "distrilock sessions -o jsonl | jq -r 'select(.locks > 10).client.host'",
    "hosts with many locks",
  ]],
  run: runSessions,
};

async function runSessions(words: Words): Promise<number> {
  noOperand(words, "list sessions of");
  const form = readOutputForm(words);
  const sessions = await withClient(words, async ({ administrator }) => {
    const found = [];
    for await (const session of administrator.sessions()) found.push(session);
    return found;
  });
  await printAll(form, sessions, () => sessionTable(sessions));
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
