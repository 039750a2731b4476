/**
 * `distrilock watch`: what happens to names, as it happens.
 *
 * @module
 */
import type { WatchedEvent } from "../watch.ts";
import { type Command, OUTPUT_OPTION, SERVER_OPTIONS } from "./command.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { readPrefix } from "./ls.ts";
import { printData, tell } from "./output.ts";
import { readOutputForm } from "./output_form.ts";
import { withClient } from "./session.ts";
import { clientText } from "./table.ts";
import { UsageError, type Words } from "./words.ts";

/** The command `watch`. */
export const WATCH: Command = {
  name: "watch",
  operands: "[PREFIX]",
  summary: "print what happens to names, as it happens",
  about:
    "Prints what happens to the names that begin with PREFIX, until it is interrupted: waiting, granted, converted, released, lost, broken, gave-up. Where resync stands events are missing, since they came faster than they were read: look with ls. It has no end, so -o json is not possible.",
  options: [OUTPUT_OPTION, ...SERVER_OPTIONS],
  examples: [
    ["distrilock watch invoice/", "look on"],
    ["distrilock watch -o jsonl >>/var/log/locks.jsonl", "write it down, with the time of each event"],
  ],
  run: runWatch,
};

const WIDTHS = [24, 9, 24, 4, 14] as const;
const HEADINGS = ["TIME", "EVENT", "NAME", "MODE", "TOKEN", "CLIENT"] as const;

/** Ends when the connection has ended, or nobody reads what is printed. */
async function runWatch(words: Words): Promise<number> {
  const prefix = readPrefix(words, "watch");
  const form = readOutputForm(words);
  // A stream has no end, so it cannot be one document.
  if (form === "json") {
    throw new UsageError("Cannot use --output json: what is watched has no end, want jsonl");
  }
  return await withClient(words, async (client) => {
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
  const who = clientText(client, session);
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
