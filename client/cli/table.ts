/**
 * Who holds and who waits, as a table for people.
 *
 * @module
 */
import type { NameReport } from "../client.ts";
import type { ClientProfile, NameState, Party } from "../protocol/messages.ts";

const HEADINGS = ["NAME", "STATE", "MODE", "TOKEN", "SINCE", "CLIENT", "REASON"] as const;

/** A table of names with a row for each holder and waiter; the empty text when there are none. */
export function partyTable(states: readonly (NameState | NameReport)[]): string {
  const rows = states.flatMap((state) => [
    ...partyRows(state.name, "held", { parties: state.held, count: state.heldCount }),
    ..."outside" in state && state.outside !== null
      ? [[state.name, "held", state.outside, "", "", "another process", ""]]
      : [],
    ...partyRows(state.name, "waiting", { parties: state.waiting, count: state.waitingCount }),
  ]);
  return rows.length === 0 ? "" : columns([HEADINGS, ...rows]);
}

function partyRows(
  name: string,
  state: "held" | "waiting",
  { parties, count }: { parties: readonly Party[]; count: number },
): string[][] {
  const rows = parties.map(({ mode, token, since, client, reason, session }) => [
    name,
    state,
    mode,
    token === undefined ? "" : String(token),
    new Date(since).toISOString(),
    clientText(client) || session,
    reason ?? "",
  ]);
  const more = count - parties.length;
  return more > 0 ? [...rows, [name, state, "", "", "", `and ${more} more`, ""]] : rows;
}

function clientText({ name = "", host, pid }: ClientProfile = {}): string {
  const at = host === undefined ? "" : `@${host}`;
  return `${name}${at}${pid === undefined ? "" : `[${pid}]`}`;
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd() + "\n"
  ).join(
    "",
  );
}
