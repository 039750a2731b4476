/**
 * `distrilock watch`: what happens to names, as it happens.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { lockPrefixFault } from "../protocol/names.ts";
import type { WatchedEvent } from "../watch.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { printData, tell } from "./output.ts";
import { OUTPUT_OPTION, readOutputForm } from "./output_form.ts";
import { withClient } from "./session.ts";
import { clientText } from "./table.ts";
import { COMMON_OPTIONS, parsed, SERVER_HELP, serverAddress, UsageError } from "./usage.ts";

/** Help of `watch`. */
export const WATCH_HELP = `Usage: distrilock watch [PREFIX] [OPTION…]

Prints what happens to the names that begin with PREFIX, until it is interrupted: waiting, granted, converted, released,
lost, broken, gave-up. Where resync stands events are missing, since they came faster than they were read: look with ls.

  -o, --output FORM     table or jsonl (table)
${SERVER_HELP}
`;

const WIDTHS = [24, 9, 24, 4, 14] as const;
const HEADINGS = ["TIME", "EVENT", "NAME", "MODE", "TOKEN", "CLIENT"] as const;

/** Watches names; gives the exit code when the connection has ended, or nobody reads what is printed. */
export async function runWatch(args: readonly string[]): Promise<number> {
  const { values, positionals } = parsed(() =>
    parseArgs({
      args: [...args],
      options: { ...COMMON_OPTIONS, ...OUTPUT_OPTION },
      allowPositionals: true,
    })
  );
  if (values.help) {
    await printData(WATCH_HELP);
    return EXIT_CODES.ok;
  }
  const [prefix = "", ...others] = positionals;
  if (others.length > 0) throw new UsageError(`Cannot watch ${others[0]}: one PREFIX is enough`);
  const fault = lockPrefixFault(prefix);
  if (fault !== undefined) throw new UsageError(`Cannot watch ${prefix}: ${fault}`);
  const form = readOutputForm(values.output);
  // A stream has no end, so it cannot be one document.
  if (form === "json") {
    throw new UsageError("Cannot use --output json: what is watched has no end, want jsonl");
  }
  return await withClient(serverAddress(values.server), async (client) => {
    const watch = client.watch(prefix);
    await watch.ready;
    if (form === "table") await printData(row(HEADINGS));
    tell(`watching ${prefix === "" ? "all names" : `${prefix}…`}`);
    for await (const event of watch) {
      const time = new Date();
      const isRead = await printData(form === "jsonl" ? jsonLine(event, time) : tableLine(event, time));
      if (!isRead) break;
    }
    return EXIT_CODES.ok;
  });
}

/** One event as a line of JSON, with the time at which it came here. */
export function jsonLine(event: WatchedEvent, time: Date): string {
  return JSON.stringify({ time: time.toISOString(), ...event }) + "\n";
}

/** One event as a row for people. */
export function tableLine(event: WatchedEvent, time: Date): string {
  if (event.event === "resync") return row([time.toISOString(), "resync", "(events are missing here)"]);
  const { name, party: { mode, token, client, session, reason: why }, reason } = event;
  const who = clientText(client) || session;
  const because = reason ?? why;
  return row([
    time.toISOString(),
    event.event,
    name,
    mode,
    token === undefined ? "" : String(token),
    because === undefined ? who : `${who}  ${because}`,
  ]);
}

function row(cells: readonly string[]): string {
  return cells.map((cell, column) => cell.padEnd(WIDTHS[column] ?? 0)).join("  ").trimEnd() + "\n";
}
